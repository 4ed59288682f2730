/* SPDX-License-Identifier: MIT */
/*
 * target.h: the entry points that fuzzing engines call, and what the targets share.
 *
 * An input that shows something wrong is told of on stderr and ends in abort(), which every engine
 * and the driver take for a crash.
 */
#ifndef XD_FUZZ_TARGET_H
#define XD_FUZZ_TARGET_H

#include "program/program.h"

#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t max, unsigned int seed);
/* The engine's own way of changing bytes; the driver has one too. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* What the target takes. Each says so. */
enum fuzz_input {
    FUZZ_TEXT,    /* of a program */
    FUZZ_BYTES,   /* a program in byte form */
    FUZZ_MACHINE, /* a file of xd_save */
};
extern const enum fuzz_input fuzz_input;

/* What the target takes, and of what in the environment it hears; lines for -help. Each says so. */
extern const char fuzz_help[];

/* The number that (text) is, which stands behind (what). Ends the process with exit code 2 and a sentence, if it is none of (min) to (max). */
uint64_t fuzz_number(const char *what, const char *text, uint64_t min, uint64_t max);
/* The same of a variable of the environment, or (otherwise). */
uint64_t fuzz_environment(const char *variable, uint64_t min, uint64_t max, uint64_t otherwise);

/* The file of the machine that is there when (p) has run. */
void fuzz_machine_of(const struct xd_program *p, struct xd_str *out);

/* Shows the text of (p), if it is not NULL, and what is wrong with it. */
_Noreturn void fuzz_wrong(const struct xd_program *p, const char *fmt, ...) XD_PRINTF(2, 3);

/*
 * The text of (p) must be read as the same program, in the same lines, and be canonical; its bytes
 * must be read as the same program, and be those of its text. (lines): those of (p) are the text's.
 */
void fuzz_check_forms(const struct xd_program *p, bool lines);

#endif
