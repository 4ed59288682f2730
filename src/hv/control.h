/* SPDX-License-Identifier: MIT */
/* control.h: what a control domain gives another one, or its vCPUs, and Xen keeps for them. */
#ifndef XD_HV_CONTROL_H
#define XD_HV_CONTROL_H

#include "abi/guest64.h"

#include <stdbool.h>

#define XD_NODES_MAX    64u  /* nodes of memory that a machine can have */
#define XD_VNODES       32u  /* AS-XEN: vnuma_alloc: a page for distances, 4 bytes each, */
#define XD_VMEMRANGES   170u /* ... and one for ranges, of 24 */
#define XD_VNODES_VCPUS 64u  /* XD_VCPUS */

/* Nodes of memory that a domain was told it has. What lies beyond the numbers of them is 0. */
struct xd_vnuma {
    uint32_t nodes; /* 0: nothing was told */
    uint32_t ranges;
    uint32_t distance[XD_VNODES * XD_VNODES]; /* (nodes) of each */
    uint32_t of_vcpu[XD_VNODES_VCPUS];
    uint8_t node[XD_VNODES]; /* of the machine, that each lies on */
    struct xd_abi_vmemrange range[XD_VMEMRANGES];
};

#define XD_XSTATES     UINT64_C(0x21f) /* that the processor can save: x87 SSE AVX MPX PKRU */
#define XD_FPU_IMAGE   512u            /* bytes, as FXSAVE writes them */
#define XD_XSAVE_LEAST 576u            /* bytes: x87, SSE and the header */
#define XD_XSAVE_GUEST 832u            /* ... and AVX: all that a PV domain can have */
#define XD_XSAVE_ALL   2696u

/* What a vCPU is given besides its context, and keeps. Its own code does not reach it: DIFFERENCES 8. */
struct xd_given {
    uint64_t mcg_cap, mci_ctl2[2], mcg_ext_ctl; /* of its banks of machine checks */
    uint64_t xcr0, xcr0_used;                   /* XCR0, and all that it ever was */
    uint32_t tsc_aux;
    uint16_t syscall32_cs, sysenter_cs;
    bool fpu; /* a context brought an image of the FPU */
    bool pad[7];
    unsigned char xsave[XD_XSAVE_GUEST]; /* the image, its header, and AVX */
};

/* What four registers hold behind CPUID. */
struct xd_cpuid_regs {
    uint32_t a, b, c, d;
};

/*
 * What CPUID and MSRs are to a domain: as much as Xen keeps room for. In basic[] the places of leaves 4, 7, 0xb and 0xd
 * stay 0: they have subleaves. AS-XEN: struct cpu_policy
 */
struct xd_cpu_policy {
    uint32_t own;           /* 0: a domain's policy is that of its kind, and all below is 0 */
    uint32_t platform_info; /* MSR 0xce */
    uint32_t arch_caps[2];  /* MSR 0x10a, low half first */
    uint32_t limit[2];      /* EAX of 0x40000000 and 0x40000100, 255 at most; 0: Xen's own */
    struct xd_cpuid_regs basic[14];  /* 0 to 0xd */
    struct xd_cpuid_regs cache[6];   /* 4 */
    struct xd_cpuid_regs feat[3];    /* 7 */
    struct xd_cpuid_regs topo[2];    /* 0xb */
    struct xd_cpuid_regs xstate[63]; /* 0xd */
    struct xd_cpuid_regs extd[0x22]; /* 0x80000000 to 0x80000021 */
};

struct xd_vcpu;

/* As a new vCPU has them. */
void xd_given_init(struct xd_vcpu *v);
/* The FPU is as in (image), or, if that is NULL, as a vCPU begins with it. */
void xd_given_fpu(struct xd_vcpu *v, const unsigned char *image);

#endif
