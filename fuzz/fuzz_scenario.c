/* SPDX-License-Identifier: MIT */
/*
 * fuzz_scenario.c: any text. The parser reads it or says where it can't; what it reads is printed,
 * and goes through the byte form, as the same program.
 */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#define NAME "f"

const enum fuzz_input fuzz_input = FUZZ_TEXT;
const char fuzz_help[] =
    "Each input is a text: refused with a place, or printed, and brought through bytes, it is the same program.\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *error = NULL, *copy = malloc(size ? size : 1); /* no NUL behind it */
    struct xd_program *p;

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    p = xd_program_parse(NAME, copy, size, &error);
    free(copy);
    if (!p && (!error || strncmp(error, NAME ":", 2) != 0 || error[strlen(error) - 1] != '\n'))
        fuzz_wrong(NULL, "an error without a place: %s", error ? error : "(none)");
    if (p)
        fuzz_check_forms(p, false);
    free(error);
    xd_program_free(p);
    return 0;
}
