/* SPDX-License-Identifier: MIT */
/*
 * version.c: xen_version.
 *
 * Not run through xd_op_run: most commands only write, some write less than their struct, and two
 * tell a NULL argument from others. What they say of the build is what Debian's
 * xen-hypervisor-4.17-amd64 4.17.7 says on a machine that has hardware for HVM guests.
 */
#include "hv/call/version.h"

#include <string.h>

#define DENIED       "<denied>"
#define CAPABILITIES "xen-3.0-x86_64 "

/* XENFEAT_*, submap 0. */
#define FEATURE_PAE_PGDIR_ABOVE_4GB   (1u << 4)
#define FEATURE_PT_UPDATE_PRESERVE_AD (1u << 5)
#define FEATURE_HIGHMEM_ASSIST        (1u << 6)
#define FEATURE_GNTTAB_MAP_AVAIL_BITS (1u << 7)
#define FEATURE_DOM0                  (1u << 11)
#define FEATURE_VNODE                 (1u << 13)
#define FEATURE_DIRECT_MAPPED         (1u << 17)

#define ASSIST_PAE_EXTENDED_CR3 3

const struct xd_abi_xenver_compile_info xd_xen_built = {
    .compiler = "x86_64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0",
    .compile_by = "pkg-xen-devel",
    .compile_domain = "lists.alioth.debian.org",
    .compile_date = "Wed Nov  4 16:52:28 UTC 2026",
};

static const unsigned char id_of_build[] = {0x15, 0x1b, 0x37, 0x3f, 0xd6, 0x4b, 0x32,
                                            0x15, 0x93, 0xbf, 0x98, 0x7f, 0xd9, 0x23,
                                            0xcd, 0x10, 0xda, 0xba, 0xda, 0xc4};

static int64_t give(struct xd_vcpu *v, uint64_t arg, const void *src, size_t n)
{
    return xd_copy_out(v, arg, src, n) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, arg, n);
}

static int64_t version(struct xd_vcpu *v, uint64_t arg)
{
    (void)v;
    (void)arg;
    return XD_XEN_VERSION;
}

static int64_t extraversion(struct xd_vcpu *v, uint64_t arg)
{
    return give(v, arg, v->hv->config.extraversion, sizeof(v->hv->config.extraversion));
}

static int64_t compile_info(struct xd_vcpu *v, uint64_t arg)
{
    return give(v, arg, &xd_xen_built, sizeof(xd_xen_built));
}

static int64_t capabilities(struct xd_vcpu *v, uint64_t arg)
{
    static const struct xd_abi_xenver_text1024 text = {CAPABILITIES};

    return give(v, arg, &text, sizeof(text));
}

static int64_t changeset(struct xd_vcpu *v, uint64_t arg)
{
    static const struct xd_abi_xenver_text64 text = {""}; /* Debian builds from an export */

    return give(v, arg, &text, sizeof(text));
}

static int64_t platform_parameters(struct xd_vcpu *v, uint64_t arg)
{
    static const struct xd_abi_xenver_platform_parameters p = {XD_HYPERVISOR_START};

    return give(v, arg, &p, sizeof(p));
}

static int64_t get_features(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_xenver_feature_info f;

    if (!xd_copy_in(v, &f, arg, sizeof(f)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(f));
    if (f.submap_idx != 0)
        return xd_reject(v, XD_WHY_VERSION_SUBMAP, f.submap_idx);
    f.submap = FEATURE_PT_UPDATE_PRESERVE_AD | FEATURE_HIGHMEM_ASSIST |
               FEATURE_GNTTAB_MAP_AVAIL_BITS | FEATURE_VNODE | FEATURE_DIRECT_MAPPED;
    if (v->domain->vm_assist >> ASSIST_PAE_EXTENDED_CR3 & 1)
        f.submap |= FEATURE_PAE_PGDIR_ABOVE_4GB;
    if (v->domain->hardware)
        f.submap |= FEATURE_DOM0;
    return xd_store_out(v, arg, &f, sizeof(f)) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(f));
}

static int64_t pagesize(struct xd_vcpu *v, uint64_t arg)
{
    if (arg)
        return xd_reject(v, XD_WHY_VERSION_PAGESIZE_ARG, arg);
    return XD_PAGE_SIZE;
}

static int64_t guest_handle(struct xd_vcpu *v, uint64_t arg)
{
    return give(v, arg, v->domain->handle, sizeof(v->domain->handle));
}

static int64_t commandline(struct xd_vcpu *v, uint64_t arg)
{
    struct xd_abi_xenver_text1024 text = {""};

    if (!v->domain->privileged)
        return give(v, arg, DENIED, sizeof(DENIED)); /* no more than that is written */
    strncpy(text.text, v->hv->config.command_line, sizeof(text.text) - 1);
    return give(v, arg, &text, sizeof(text));
}

static int64_t build_id(struct xd_vcpu *v, uint64_t arg)
{
    uint32_t len;

    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_VERSION_BUILD_ID_RIGHTS, v->domain->domid);
    if (!arg)
        return sizeof(id_of_build);
    if (!xd_copy_in(v, &len, arg, sizeof(len)))
        return xd_reject(v, XD_WHY_COPY_IN, arg, sizeof(len));
    if (len == 0)
        return xd_reject(v, XD_WHY_VERSION_BUILD_ID_EMPTY);
    if (len < sizeof(id_of_build))
        return xd_reject(v, XD_WHY_VERSION_BUILD_ID_ROOM, len, sizeof(id_of_build));
    if (give(v, arg + offsetof(struct xd_abi_xenver_build_id, buf), id_of_build,
             sizeof(id_of_build)))
        return xd_reject(v, XD_WHY_COPY_OUT, arg, sizeof(id_of_build));
    return sizeof(id_of_build);
}

static int64_t (*const run[])(struct xd_vcpu *v, uint64_t arg) = {
#define OP0(group, nr, name)              [nr] = name,
#define OP(group, nr, name, type, fields) [nr] = name,
#include "abi/ops_version.def"
#undef OP0
#undef OP
};

int64_t xd_hc_xen_version(struct xd_vcpu *v, const struct xd_args_xen_version *arg)
{
    if (arg->cmd >= XD_ARRAY_SIZE(run) || !run[arg->cmd])
        return xd_reject(v, XD_WHY_OP_UNKNOWN, arg->cmd);
    return run[arg->cmd](v, arg->arg);
}
