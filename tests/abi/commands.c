/* SPDX-License-Identifier: MIT */
/* commands.c: each number of consts_control.def is that of Xen's own headers. No code: that it could be compiled is the test. */
#define __XEN_TOOLS__ 1

#include <stdint.h>

#include <xen/xen.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/domctl.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hypfs.h>
#include <xen/kexec.h>
#include <xen/platform.h>
#include <xen/pmu.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/xenoprof.h>

/* Xen's own use of domctl, behind __XEN__ there. */
#define XEN_DOMCTL_soft_reset_cont 23

#define NAME_SCHED_CMD(name)    SCHEDOP_##name
#define NAME_PLATFORM_CMD(name) XENPF_##name
#define NAME_XENOPROF_CMD(name) XENOPROF_##name
#define NAME_HVM_CMD(name)      HVMOP_##name
#define NAME_SYSCTL_CMD(name)   XEN_SYSCTL_##name
#define NAME_DOMCTL_CMD(name)   XEN_DOMCTL_##name
#define NAME_KEXEC_CMD(name)    KEXEC_CMD_##name
#define NAME_XENPMU_CMD(name)   XENPMU_##name
#define NAME_DM_CMD(name)       XEN_DMOP_##name
#define NAME_HYPFS_CMD(name)    XEN_HYPFS_OP_##name
#define NAME_MCA_CMD(name)      XEN_MC_##name

#define C(kind, name, value) _Static_assert((value) == NAME_##kind(name), #kind "." #name);
#include "abi/consts_control.def"
#undef C
