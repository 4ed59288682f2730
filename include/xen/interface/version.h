/* SPDX-License-Identifier: MIT */
/*
 * version.h: xen_version(command, buffer).
 *
 * Commands without a struct below take no buffer and return their answer as the result.
 */
#ifndef __XEN_PUBLIC_VERSION_H__
#define __XEN_PUBLIC_VERSION_H__

#include <xen/interface/features.h>
#include <xen/interface/xen.h>

#define XENVER_version             0 /* major << 16 | minor */
#define XENVER_extraversion        1
#define XENVER_compile_info        2
#define XENVER_capabilities        3
#define XENVER_changeset           4
#define XENVER_platform_parameters 5
#define XENVER_get_features        6
#define XENVER_pagesize            7
#define XENVER_guest_handle        8 /* xen_domain_handle_t */
#define XENVER_commandline         9
#define XENVER_build_id            10 /* xen_build_id, or a null buffer to ask for the length */

#ifndef __ASSEMBLY__

typedef char xen_extraversion_t[16];
struct xen_extraversion {
    xen_extraversion_t extraversion;
};
#define XEN_EXTRAVERSION_LEN (sizeof(struct xen_extraversion))

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};

typedef char xen_capabilities_info_t[1024];
struct xen_capabilities_info {
    xen_capabilities_info_t info;
};
#define XEN_CAPABILITIES_INFO_LEN (sizeof(struct xen_capabilities_info))

typedef char xen_changeset_info_t[64];
struct xen_changeset_info {
    xen_changeset_info_t info;
};
#define XEN_CHANGESET_INFO_LEN (sizeof(struct xen_changeset_info))

struct xen_platform_parameters {
    xen_ulong_t virt_start; /* first address that is the hypervisor's */
};

struct xen_feature_info {
    unsigned int submap_idx; /* which 32 features are asked for */
    uint32_t submap;         /* OUT: bit per XENFEAT_* */
};

typedef char xen_commandline_t[1024];
struct xen_commandline {
    xen_commandline_t buf;
};

struct xen_build_id {
    uint32_t len; /* bytes in buf; must not be 0 */
    __extension__ unsigned char buf[XEN_FLEX_ARRAY_DIM];
};

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_VERSION_H__ */
