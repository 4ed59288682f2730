/* SPDX-License-Identifier: MIT */
/* refused.c: calls that Xen 4.17, as Debian builds it, answers PV guests in one line. */
#include "hv/call/call.h"

/* For the control domain these would do something, which is not modelled. */
static long control_only(struct xd_vcpu *v, uint64_t nr)
{
    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, nr, v->domain->domid);
    return xd_reject(v, XD_WHY_NOT_MODELLED, nr, v->rec.arg[0]);
}

long xd_hc_kexec_op(struct xd_vcpu *v, const struct xd_args_kexec_op *arg)
{
    (void)arg;
    return control_only(v, 37);
}

long xd_hc_hypfs_op(struct xd_vcpu *v, const struct xd_args_hypfs_op *arg)
{
    (void)arg;
    return control_only(v, 42);
}

long xd_hc_mca(struct xd_vcpu *v, const struct xd_args_mca *arg)
{
    (void)arg;
    return control_only(v, 48);
}

long xd_hc_xsm_op(struct xd_vcpu *v, const struct xd_args_xsm_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XSM_ABSENT);
}

long xd_hc_xenpmu_op(struct xd_vcpu *v, const struct xd_args_xenpmu_op *arg)
{
    (void)arg;
    return xd_reject(v, XD_WHY_XENPMU_OFF);
}
