/* SPDX-License-Identifier: MIT */
/* opinion.c: the installed command has no second opinion; tests/model/opinion.c has one. */
#include "cli/fuzz.h"

const char xd_fuzz_command[] = "xendouble fuzz";

const struct xd_opinion *xd_fuzz_opinion(void)
{
    return NULL;
}
