/* SPDX-License-Identifier: MIT */
/* hunt.h: generated programs and their judgement, for the hunter of planted bugs. */
#ifndef XD_TESTS_HUNT_H
#define XD_TESTS_HUNT_H

#include "fuzz/judge.h"

/* Program (i) of the hunt with (seed), as text. */
void hunt_program(uint64_t seed, uint64_t i, struct xd_str *text);
/*
 * Judges (p). Then, if (session) is not NULL, there and on a new machine, without the second opinion: it must end alike. True: guilty.
 */
bool hunt_judge(const struct xd_program *p, const struct xd_judge *judge,
                struct xd_session *session, struct xd_judgement *j);

#endif
