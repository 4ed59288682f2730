/* SPDX-License-Identifier: MIT */
/* dies.h: what a test that ends its process has to say: run in a child, whose stderr is read. */
#ifndef XD_TESTS_DIES_H
#define XD_TESTS_DIES_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* fn(arg) must end its process by a signal, or by a sanitizer's exit code, having said (text). */
static inline void ck_dies_saying(void (*fn)(void *arg), void *arg, const char *text)
{
    static char said[65536];
    size_t nr = 0;
    ssize_t got;
    int end[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(end), 0);
    child = fork();
    if (child == 0) {
        dup2(end[1], STDERR_FILENO);
        close(end[0]);
        close(end[1]);
        fn(arg);
        _exit(0);
    }
    ck_assert_int_gt(child, 0);
    close(end[1]);
    while (nr < sizeof(said) - 1 && (got = read(end[0], said + nr, sizeof(said) - 1 - nr)) > 0)
        nr += (size_t)got;
    said[nr] = '\0';
    close(end[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "it goes on; it said: %s", said);
    ck_assert_msg(strstr(said, text) != NULL, "\"%s\" is not in what it said: %s", text, said);
}

#endif
