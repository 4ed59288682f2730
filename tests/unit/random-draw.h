/* SPDX-License-Identifier: MIT */
/* random-draw.h: between random.c, which makes the steps, and random-calls.c, which draws what they do. */
#ifndef XD_TESTS_RANDOM_DRAW_H
#define XD_TESTS_RANDOM_DRAW_H

#include "random.h"

#include "hv/frame.h"

#define RANDOM_PAGES 1120u /* of each domain */

/* 0..n-1 */
uint64_t random_any(struct random *r, uint64_t n);
bool random_chance(struct random *r, unsigned int percent);

#define ONE_OF(r, list) ((list)[random_any((r), XD_ARRAY_SIZE(list))])

/* Domain (i), or NULL while it does not exist. */
struct xd_domain *random_domain(struct random *r, unsigned int i);

/* An entry, or an address, that domain (self) may well have a use for. */
uint64_t random_pte(struct random *r, unsigned int self);
uint64_t random_va(struct random *r, unsigned int self);

/* Puts (n) bytes at (off) of the operands of this step; their address. */
uint64_t random_place(struct random *r, struct xd_vcpu *v, size_t off, const void *data, size_t n);

/* Makes some hypercall. */
void random_hypercall(struct random *r, struct xd_vcpu *v);

#endif
