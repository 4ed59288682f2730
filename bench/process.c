/* SPDX-License-Identifier: MIT */
/* process.c: whole-process times of the command. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void spawn(char *const *argv)
{
    extern char **environ;
    posix_spawn_file_actions_t quiet;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ) ||
        waitpid(pid, &status, 0) != pid || status) {
        fprintf(stderr, "xendouble-bench: %s did not run as it should\n", argv[0]);
        exit(2);
    }
    posix_spawn_file_actions_destroy(&quiet);
}

static void *setup(const struct bench *b)
{
    return (void *)(uintptr_t)b;
}

static void replay(void *ctx, uint64_t n)
{
    const struct bench *b = ctx;
    char all[] = BENCH_SCENARIOS, one[] = BENCH_SCENARIOS "/first/writable-table.xds";
    char command[] = BENCH_XENDOUBLE, sub[] = "replay", quiet[] = "--quiet";
    char *const argv[] = {command, sub, quiet, b->arg ? all : one, NULL};

    while (n--)
        spawn(argv);
}

static void empty(void *ctx, uint64_t n)
{
    char command[] = BENCH_EMPTY;
    char *const argv[] = {command, NULL};

    (void)ctx;
    while (n--)
        spawn(argv);
}

static void teardown(void *ctx)
{
    (void)ctx;
}

const struct bench bench_process[] = {
    {"xendouble replay of one scenario, a process", "an empty static process", 5, 15, setup, replay,
     empty, teardown, 0},
    {"xendouble replay of all scenarios, a process", "an empty static process", 0, 5, setup, replay,
     empty, teardown, 1},
    {0},
};
