/* SPDX-License-Identifier: MIT */
/* descriptor.h: a vCPU's GDT and LDT: frames that hold descriptors while it uses them. */
#ifndef XD_HV_DESCRIPTOR_H
#define XD_HV_DESCRIPTOR_H

#include "hv/pagetype.h"

/* (v) replaces the GDT of (t), by frames of the latter's domain; new frames are taken before the old ones go. 0 or a
 * negative Xen errno, the old one kept. */
int xd_gdt_set(struct xd_vcpu *v, struct xd_vcpu *t, const uint64_t *frames, uint32_t entries);
void xd_gdt_release(struct xd_vcpu *v);

/*
 * The descriptor that a selector names as the processor finds it: Xen's flat ones, the GDT's, the LDT's, whose
 * page is taken into use for it. BEYOND: behind the table's end; FAULT: that page of the LDT can't be used.
 */
enum xd_descriptor_found { XD_DESC_FOUND, XD_DESC_BEYOND, XD_DESC_FAULT };
enum xd_descriptor_found xd_descriptor_at(struct xd_vcpu *v, unsigned int sel, uint64_t *desc);

/* Marks a descriptor that was found as accessed, as the processor does when it loads it into a segment register. */
void xd_descriptor_accessed(struct xd_vcpu *v, unsigned int sel);

/* Lets go of the LDT pages that are in use; they come back at their next use. True if there were
 * any. */
bool xd_ldt_release(struct xd_vcpu *v);

#endif
