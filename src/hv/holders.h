/* SPDX-License-Identifier: MIT */
/* holders.h: who holds a frame. */
#ifndef XD_HV_HOLDERS_H
#define XD_HV_HOLDERS_H

#include "base/strbuf.h"
#include "hv/pagetype.h"

/* Adds the state of frame (mfn) and everything that holds it, a line each. */
void xd_explain_frame(struct xd_hv *hv, xd_mfn mfn, struct xd_str *out);

/* Reads guest memory of (v) as copying in would, without setting A bits. */
bool xd_look(struct xd_vcpu *v, void *dst, uint64_t va, size_t n);

#endif
