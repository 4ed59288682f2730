/* SPDX-License-Identifier: MIT */
/* fuzz_bytes.c: any bytes are some program, whose text and bytes are read as the same program. */
#include "target.h"

#include "program/bytes.h"

const enum fuzz_input fuzz_input = FUZZ_BYTES;
const char fuzz_help[] =
    "Each input is bytes, which are a program in any case, whose text and bytes are the same program.\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xd_program *p = xd_program_from_bytes("f", data, size);

    fuzz_check_forms(p, true);
    xd_program_free(p);
    return 0;
}
