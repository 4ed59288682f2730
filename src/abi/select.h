/* SPDX-License-Identifier: MIT */
/*
 * select.h: hypercalls and their operations named in text: "event_channel_op.bind_virq", "32.1", "*".
 *
 * An operation is a row of the call's group; of a call without group whose first argument is a
 * command (vcpu_op), one of that argument's constants.
 */
#ifndef XD_ABI_SELECT_H
#define XD_ABI_SELECT_H

#include "abi/table.h"
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

/*
 * Does the first register of (c) say the operation? Then *op is it. In a COMPAT call it lies in
 * memory, in a batch each element has its own: false.
 */
bool xd_call_op(const struct xd_call *c, const uint64_t *arg, uint64_t *op);

#endif
