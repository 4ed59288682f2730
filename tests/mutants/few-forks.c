/* SPDX-License-Identifier: MIT */
/*
 * few-forks.c: to be loaded before libc: of the processes that a program starts, those numbered FROM to TO in XD_FEW_FORKS=FROM-TO
 * can't be had.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) pid_t fork(void)
{
    static unsigned int nr;
    const char *which = getenv("XD_FEW_FORKS");
    unsigned int from, to;
    pid_t (*real)(void);

    nr++;
    if (which && sscanf(which, "%u-%u", &from, &to) == 2 && nr >= from && nr <= to) {
        errno = EAGAIN;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "fork");
    return real();
}
