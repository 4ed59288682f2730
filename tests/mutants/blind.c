/* SPDX-License-Identifier: MIT */
/* blind.c: switches on, for a whole process, a planted bug that the oracles are blind to. */
#include <string.h>

int xd_mutant;

static const char *const names[] = {
#define MUTANT(name, xsa, what) name,
#include "mutants.def"
#undef MUTANT
};

__attribute__((constructor)) static void choose(void)
{
    while (strcmp(names[xd_mutant++], "type-flush") != 0)
        ;
}
