/* SPDX-License-Identifier: MIT */
/*
 * select.h: hypercalls and their operations named in text: "event_channel_op.bind_virq", "32.1", "*".
 *
 * An operation is one of those that command.h knows of the call.
 */
#ifndef XD_ABI_SELECT_H
#define XD_ABI_SELECT_H

#include "abi/command.h"
#include "base/lexer.h"
#include "base/strbuf.h"

struct xd_select {
    bool any;    /* every call */
    bool has_op; /* only this operation of it */
    uint64_t nr, op;
};

/* Reads one from the present token on. False: *error says what is wrong with it. */
bool xd_select_parse(struct xd_lexer *l, struct xd_select *s, struct xd_str *error);
/* The text that is read so. */
void xd_select_show(struct xd_str *out, const struct xd_select *s);

#endif
