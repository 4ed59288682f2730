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
/* The same of memory that lies in the machine, whatever hooks there are. */
bool xd_look_by_tables(struct xd_vcpu *v, void *dst, uint64_t va, size_t n);
/* xd_look of a vCPU, for xd_command_asked. */
static inline bool xd_look_command(void *vcpu, void *to, uint64_t at, size_t size)
{
    return xd_look((struct xd_vcpu *)vcpu, to, at, size);
}

/* The same of the struct that (v)'s last call gave, for xd_explain, or of the command alone (64 bits) where it lies in memory. False:
 * it gave none that can be shown. */
#define XD_OPERAND_MAX 128u
bool xd_operand_look(struct xd_vcpu *v, unsigned char copy[XD_OPERAND_MAX]);

#endif
