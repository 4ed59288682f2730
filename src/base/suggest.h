/* SPDX-License-Identifier: MIT */
/* suggest.h: the name that somebody probably meant. */
#ifndef XD_BASE_SUGGEST_H
#define XD_BASE_SUGGEST_H

#include "base/bug.h"

/*
 * Feed it candidates; (best) is the nearest so far that is near enough to be worth naming, or NULL.
 */
struct xd_suggest {
    const char *wanted;
    size_t len;
    const char *best;
    unsigned int distance;
};

void xd_suggest_init(struct xd_suggest *s, const char *wanted, size_t len);
void xd_suggest_offer(struct xd_suggest *s, const char *name);

#endif
