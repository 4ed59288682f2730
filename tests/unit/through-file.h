/* SPDX-License-Identifier: MIT */
/* through-file.h: a machine that goes through a file; for tests of what is in such files. */
#ifndef XD_TESTS_THROUGH_FILE_H
#define XD_TESTS_THROUGH_FILE_H

#include "fixture.h"
#include "hv/state.h"

/* A copy of (hv), made of what its file holds. (what): for the message if they are not equal. */
static inline struct xd_hv *through_a_file(struct xd_hv *hv, const char *what)
{
    struct xd_str file = {0}, error = {0};
    struct xd_hv *copy;

    xd_state_write(hv, &file);
    ck_assert_msg(xd_state_read(&copy, file.text, file.len, &error) == 0, "%s: %s", what,
                  xd_str_text(&error));
    ck_assert_msg(xd_digest(copy) == xd_digest(hv), "%s: another digest", what);
    xd_str_free(&file);
    xd_str_free(&error);
    return copy;
}

/* The vCPU of (hv) that has the numbers of (v). */
static inline struct xd_vcpu *same_vcpu(struct xd_hv *hv, const struct xd_vcpu *v)
{
    return xd_vcpu_at(xd_domain_find(hv, v->domain->domid), v->id);
}

#endif
