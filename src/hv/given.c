/* SPDX-License-Identifier: MIT */
/* given.c: what a vCPU is given besides its context: as it is to begin with, and its FPU. */
#include "hv/hv.h"

#include <string.h>

#define MCE_BANKS   2u
#define FCW_AT      0
#define FCW_DEFAULT 0x37fu
#define MXCSR_AT    24
#define MXCSR_RESET 0x1f80u
#define HEADER_AT   512
#define X87_SSE     3u

/* AS-XEN: vcpu_init_fpu, vmce_init_vcpu, init_vcpu_msr_policy */
void xd_given_init(struct xd_vcpu *v)
{
    struct xd_given g = {.mcg_cap = MCE_BANKS};

    g.xsave[FCW_AT] = FCW_DEFAULT & 0xff;
    g.xsave[FCW_AT + 1] = FCW_DEFAULT >> 8;
    g.xsave[MXCSR_AT] = MXCSR_RESET & 0xff;
    g.xsave[MXCSR_AT + 1] = MXCSR_RESET >> 8;
    XD_PUT(v->hv, v->given, g);
}

/* AS-XEN: vcpu_setup_fpu: without an image only what is used in any case is as after a reset. */
void xd_given_fpu(struct xd_vcpu *v, const unsigned char *image)
{
    struct xd_given g = v->given;

    g.fpu = image != NULL;
    memset(g.xsave + HEADER_AT, 0, 2 * sizeof(uint64_t));
    if (image) {
        memcpy(g.xsave, image, XD_FPU_IMAGE);
        g.xsave[HEADER_AT] = X87_SSE;
    } else {
        g.xsave[MXCSR_AT] = MXCSR_RESET & 0xff;
        g.xsave[MXCSR_AT + 1] = MXCSR_RESET >> 8;
        g.xsave[MXCSR_AT + 2] = g.xsave[MXCSR_AT + 3] = 0;
    }
    XD_PUT(v->hv, v->given, g);
}
