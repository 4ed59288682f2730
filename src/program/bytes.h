/* SPDX-License-Identifier: MIT */
/*
 * bytes.h: programs as bytes (docs/BYTE-FORM.md).
 *
 * Every byte string is some program that can be printed and read back, so it suits those who make
 * bytes without knowing the language. Bytes are for the build that wrote them: they name rows of
 * tables by number. Keep text.
 */
#ifndef XD_PROGRAM_BYTES_H
#define XD_PROGRAM_BYTES_H

#include "program/program.h"

/* Appends the byte form of (p), comments included. */
void xd_program_to_bytes(const struct xd_program *p, struct xd_str *out);

/*
 * The program that these bytes are, never NULL, in time linear in (n); what lies behind
 * XD_SOURCE_MAX bytes is not looked at. (file) is for messages, whose lines are those of the
 * canonical text.
 */
struct xd_program *xd_program_from_bytes(const char *file, const void *bytes, size_t n);

#endif
