/* SPDX-License-Identifier: MIT */
/*
 * assist.c: vm_assist: habits of Xen that a domain turns on and off. The bits are looked at where
 * they matter.
 */
#include "hv/call/call.h"

int64_t xd_hc_vm_assist(struct xd_vcpu *v, const struct xd_args_vm_assist *arg)
{
    uint64_t *assist = &v->domain->vm_assist;
    uint64_t bit = arg->type < 64 ? UINT64_C(1) << arg->type : 0;

    if (!(bit & XD_ASSISTS))
        return xd_reject(v, XD_WHY_ASSIST_TYPE, arg->type);
    switch (arg->cmd) {
    case 0: XD_PUT(v->hv, *assist, *assist | bit); return 0;
    case 1: XD_PUT(v->hv, *assist, *assist & ~bit); return 0;
    default: return xd_reject(v, XD_WHY_ASSIST_CMD, arg->cmd);
    }
}
