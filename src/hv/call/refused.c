/* SPDX-License-Identifier: MIT */
/* refused.c: calls of which nothing is left for anybody on Xen 4.17 as Debian builds and boots it: XSM, the virtual PMU. */
#include "hv/call/call.h"

int64_t xd_hc_xsm_op(struct xd_vcpu *v, const struct xd_args_xsm_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XSM_ABSENT);
}

int64_t xd_hc_xenpmu_op(struct xd_vcpu *v, const struct xd_args_xenpmu_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XENPMU_OFF);
}
