/* SPDX-License-Identifier: MIT */
/*
 * assist.c: vm_assist: habits of Xen that a domain turns on and off. The bits are looked at where
 * they matter.
 */
#include "hv/call/call.h"

/*
 * 4gb_segments and its notify, writable_pagetables, pae_extended_cr3, architectural_iopl,
 * runstate_update_flag; m2p_strict
 */
#define TYPES_VALID (UINT64_C(0x3f) | UINT64_C(1) << 32)

int64_t xd_hc_vm_assist(struct xd_vcpu *v, const struct xd_args_vm_assist *arg)
{
    uint64_t *assist = &v->domain->vm_assist;
    uint64_t bit = arg->type < 64 ? UINT64_C(1) << arg->type : 0;

    if (!(bit & TYPES_VALID))
        return xd_reject(v, XD_WHY_ASSIST_TYPE, arg->type);
    switch (arg->cmd) {
    case 0: XD_PUT(v->hv, *assist, *assist | bit); return 0;
    case 1: XD_PUT(v->hv, *assist, *assist & ~bit); return 0;
    default: return xd_reject(v, XD_WHY_ASSIST_CMD, arg->cmd);
    }
}
