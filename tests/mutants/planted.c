/* SPDX-License-Identifier: MIT */
/* planted.c: the bug that XD_MUTANT numbers is switched on, in a command that has them all. */
#include <stdlib.h>

extern int xd_mutant;
int xd_mutant;

static __attribute__((constructor)) void plant(void)
{
    const char *nr = getenv("XD_MUTANT");

    xd_mutant = nr ? atoi(nr) : 0;
}
