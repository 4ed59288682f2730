/* SPDX-License-Identifier: MIT */
/* number.h: numbers that people write into options and environments. */
#ifndef XD_BASE_NUMBER_H
#define XD_BASE_NUMBER_H

#include "base/bug.h"

/* Digits alone, or hexadecimal ones after 0x, and no more than 64 bits. False: it is none. */
bool xd_parse_number(const char *text, uint64_t *value);

#endif
