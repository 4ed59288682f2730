/* SPDX-License-Identifier: MIT */
/*
 * model.h: a second opinion on page types and event channels: small, slow, and written from the
 * rules alone.
 *
 * Nothing is counted as it happens. What holds a frame is found anew after every call, by walking
 * from pins, base pointers and descriptor tables; a call may succeed if the state after it is one
 * that the rules allow: no frame at once writable and a table, levels right, owners right. The
 * machine is read through view.h and otherwise shares nothing with this.
 */
#ifndef XD_TESTS_MODEL_H
#define XD_TESTS_MODEL_H

#include "fuzz/judge.h"

struct model;

struct model *model_new(void);
void model_free(struct model *m);
struct xd_opinion model_opinion(struct model *m);

#endif
