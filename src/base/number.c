/* SPDX-License-Identifier: MIT */
/* number.c: the one reader of numbers in options and environments. */
#include "base/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool xd_parse_number(const char *text, uint64_t *value)
{
    const bool hex = strncmp(text, "0x", 2) == 0;
    const char *digits = hex ? text + 2 : text;
    char *end;

    errno = 0;
    *value = strtoull(digits, &end, hex ? 16 : 10);
    return *digits &&
           strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") == strlen(digits) &&
           !errno;
}
