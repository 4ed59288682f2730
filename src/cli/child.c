/* SPDX-License-Identifier: MIT */
/* child.c: something done in a process of its own, for it may well end that process. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASLEEP 30 /* times as long may pass while it uses no processor */

/* A busy machine is not a program that hangs. */
void xd_patience(unsigned int seconds)
{
    const struct itimerval limit = {.it_value.tv_sec = seconds};

    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(seconds * ASLEEP);
}

bool xd_patience_lost(int code)
{
    return code == 128 + SIGPROF || code == 128 + SIGALRM;
}

int xd_in_child(int (*run)(void *ctx), void *ctx, unsigned int patience_s, struct xd_str *said)
{
    int ends[2], status = 0;
    char buf[4096];
    ssize_t n;
    pid_t pid;

    if (pipe(ends))
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        xd_patience(patience_s);
        _exit(run(ctx));
    }
    close(ends[1]);
    while (pid > 0 && ((n = read(ends[0], buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)))
        xd_str_addn(said, buf, n > 0 ? (size_t)n : 0);
    close(ends[0]);
    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
