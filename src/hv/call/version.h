/* SPDX-License-Identifier: MIT */
/* version.h: what the build says of itself, to xen_version and to hypfs_op. */
#ifndef XD_HV_CALL_VERSION_H
#define XD_HV_CALL_VERSION_H

#include "hv/call/call.h"

#define XD_XEN_VERSION 0x00040011L /* 4.17 */

extern const struct xd_abi_xenver_compile_info xd_xen_built;

#endif
