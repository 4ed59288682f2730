/* SPDX-License-Identifier: MIT */
/*
 * abi.h: a table of numbers made from one side's headers, and the comparison of two tables.
 *
 * names.def is expanded once with our headers and once with Xen's, into tables of the same length.
 * An includer says by ABI_FIRST or ABI_SECOND which column of the rows is its own.
 */
#ifndef TESTS_ABI_ABI_H
#define TESTS_ABI_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct abi_row {
    const char *name; /* as this side spells it */
    const char *what; /* what `value` and `width` are */
    const char *text; /* of a string constant, or NULL */
    uint64_t value;   /* of a constant; alignment of a type; offset of a field */
    uint64_t width;   /* bytes */
};

struct abi_table {
    const struct abi_row *rows;
    size_t count;
};

extern const struct abi_table abi_ours;
extern const struct abi_table abi_theirs;

/* Writes a line for each difference to `out` and returns how many there are. */
unsigned int abi_compare(const struct abi_table *ours, const struct abi_table *theirs, FILE *out);

/* Checks names-2008.def in the same way; *checked receives how many facts that are. */
unsigned int abi_check_2008(FILE *out, unsigned int *checked);

#if defined(ABI_FIRST) || defined(ABI_SECOND)

#ifdef ABI_FIRST
#define ABI_PICK(ours, theirs) ours
#else
#define ABI_PICK(ours, theirs) theirs
#endif

/* Names are quoted where a row stands, not a level deeper: by then macros are numbers. */
#define VALUE(n) {#n, "value and width", NULL, (uint64_t)(n), sizeof(n)},
#define VALUE2(o, t) \
    {#o " (" #t ")", "value and width", NULL, (uint64_t)(ABI_PICK(o, t)), sizeof(ABI_PICK(o, t))},
#define TEXT(n)        {#n, "text", n, 0, sizeof(n)},
#define TYPE(t)        {#t, "alignment and size", NULL, _Alignof(t), sizeof(t)},
#define SIZE(t)        {#t, "size", NULL, 0, sizeof(t)},
#define OFFSET(t, f)   {#t "." #f, "offset", NULL, offsetof(t, f), 0},
#define FIELD(t, f)    {#t "." #f, "offset and size", NULL, offsetof(t, f), sizeof(((t *)0)->f)},
#define FIELDS(t, ...) ABI_EACH(t, __VA_ARGS__)
#define STRUCT(t, ...) TYPE(t) FIELDS(t, __VA_ARGS__)

#define TYPE2(o, t) \
    {#o " (" #t ")", "alignment and size", NULL, _Alignof(ABI_PICK(o, t)), sizeof(ABI_PICK(o, t))},
#define SIZE2(o, t)          {#o " (" #t ")", "size", NULL, 0, sizeof(ABI_PICK(o, t))},
#define FIELD2(o, of, t, tf) ABI_PICK(FIELD(o, of), FIELD(t, tf))
#define FIELDS2(o, t, ...)   FIELDS(ABI_PICK(o, t), __VA_ARGS__)
#define STRUCT2(o, t, ...)   TYPE2(o, t) FIELDS2(o, t, __VA_ARGS__)

/* A field row for each argument after the type, up to 16. */
/* clang-format off */
#define ABI_EACH(t, ...)                                                                       \
    ABI_NTH(__VA_ARGS__, ABI_16, ABI_15, ABI_14, ABI_13, ABI_12, ABI_11, ABI_10, ABI_9, ABI_8, \
            ABI_7, ABI_6, ABI_5, ABI_4, ABI_3, ABI_2, ABI_1, )                                 \
    (t, __VA_ARGS__)
#define ABI_NTH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, nth, ...) nth
#define ABI_1(t, f) FIELD(t, f)
#define ABI_2(t, f, ...) FIELD(t, f) ABI_1(t, __VA_ARGS__)
#define ABI_3(t, f, ...) FIELD(t, f) ABI_2(t, __VA_ARGS__)
#define ABI_4(t, f, ...) FIELD(t, f) ABI_3(t, __VA_ARGS__)
#define ABI_5(t, f, ...) FIELD(t, f) ABI_4(t, __VA_ARGS__)
#define ABI_6(t, f, ...) FIELD(t, f) ABI_5(t, __VA_ARGS__)
#define ABI_7(t, f, ...) FIELD(t, f) ABI_6(t, __VA_ARGS__)
#define ABI_8(t, f, ...) FIELD(t, f) ABI_7(t, __VA_ARGS__)
#define ABI_9(t, f, ...) FIELD(t, f) ABI_8(t, __VA_ARGS__)
#define ABI_10(t, f, ...) FIELD(t, f) ABI_9(t, __VA_ARGS__)
#define ABI_11(t, f, ...) FIELD(t, f) ABI_10(t, __VA_ARGS__)
#define ABI_12(t, f, ...) FIELD(t, f) ABI_11(t, __VA_ARGS__)
#define ABI_13(t, f, ...) FIELD(t, f) ABI_12(t, __VA_ARGS__)
#define ABI_14(t, f, ...) FIELD(t, f) ABI_13(t, __VA_ARGS__)
#define ABI_15(t, f, ...) FIELD(t, f) ABI_14(t, __VA_ARGS__)
#define ABI_16(t, f, ...) FIELD(t, f) ABI_15(t, __VA_ARGS__)
/* clang-format on */

#endif /* ABI_FIRST || ABI_SECOND */

#endif /* TESTS_ABI_ABI_H */
