/* SPDX-License-Identifier: MIT */
/*
 * process.c: whole-process times of the command.
 *
 * Shrinking is measured as users have it: the command, which runs each candidate in a process of its own. What it
 * takes grows with the steps that are needed, spread over the whole program, more than with the others.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* (code): what it must end with. */
static void spawn(char *const *argv, int code)
{
    extern char **environ;
    posix_spawn_file_actions_t quiet;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ) ||
        waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != code) {
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
        spawn(argv, 0);
}

static void empty(void *ctx, uint64_t n)
{
    char command[] = BENCH_EMPTY;
    char *const argv[] = {command, NULL};

    (void)ctx;
    while (n--)
        spawn(argv, 0);
}

static void teardown(void *ctx)
{
    (void)ctx;
}

/* ---- Shrinking ---- */

struct shrinking {
    char path[32];
    bool audit;
};

#define SHRINK(steps, needed, audit) ((uint64_t)(audit) << 63 | (uint64_t)(needed) << 32 | (steps))

/* Ports that are needed, as many as the last step says that it got too many; mappings that are not. */
static void *setup_shrink(const struct bench *b)
{
    struct shrinking *s = xd_zalloc(sizeof(*s));
    uint64_t steps = (uint32_t)b->arg, needed = b->arg >> 32 & 0x7fffffff;
    FILE *f;
    int fd;

    *s = (struct shrinking){"/tmp/xendouble-bench-XXXXXX", b->arg >> 63};
    fd = mkstemp(s->path);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    XD_ALWAYS(f != NULL);
    fputs("domain d1\n", f);
    for (uint64_t i = 0; i < steps; i++)
        if (i * needed / steps != (i + 1) * needed / steps)
            fputs("event_channel_op alloc_unbound dom=0x7ff0 remote_dom=0 = 0\n", f);
        else
            fprintf(f, "update_va_mapping va(%u) pte(page(1), P|RW) UVMF_INVLPG\n",
                    (unsigned int)(i % 200));
    fputs("event_channel_op alloc_unbound dom=0x7ff0 remote_dom=0 = 0 port=1\n", f);
    XD_ALWAYS(fclose(f) == 0);
    return s;
}

static void teardown_shrink(void *ctx)
{
    struct shrinking *s = ctx;

    (void)unlink(s->path);
    free(s);
}

static void shrink(void *ctx, uint64_t n)
{
    struct shrinking *s = ctx;
    char command[] = BENCH_XENDOUBLE, sub[] = "shrink", audit[] = "--audit";
    char *const argv[] = {command, sub, s->path, s->audit ? audit : NULL, NULL};

    while (n--)
        spawn(argv, 0);
}

static void replay_once(void *ctx, uint64_t n)
{
    struct shrinking *s = ctx;
    char command[] = BENCH_XENDOUBLE, sub[] = "replay", audit[] = "--audit";
    char *const argv[] = {command, sub, s->path, s->audit ? audit : NULL, NULL};

    while (n--)
        spawn(argv, 1);
}

#define REPLAYED "one replay of it"

const struct bench bench_process[] = {
    {"xendouble replay of one scenario, a process", "an empty static process", 5, 15, setup, replay,
     empty, teardown, 0},
    {"xendouble replay of all scenarios, a process", "an empty static process", 0, 5, setup, replay,
     empty, teardown, 1},
    {"shrink, 10,000 steps, 1 needed", REPLAYED, 0, 1, setup_shrink, shrink, replay_once,
     teardown_shrink, SHRINK(10000, 1, false)},
    {"shrink, 10,000 steps, 30 needed", REPLAYED, 0, 1, setup_shrink, shrink, replay_once,
     teardown_shrink, SHRINK(10000, 30, false)},
    {"shrink, 1,000 steps, 300 needed", REPLAYED, 0, 1, setup_shrink, shrink, replay_once,
     teardown_shrink, SHRINK(1000, 300, false)},
    {"shrink --audit, 3,000 steps, 1 needed", REPLAYED, 0, 1, setup_shrink, shrink, replay_once,
     teardown_shrink, SHRINK(3000, 1, true)},
    {0},
};
