/* SPDX-License-Identifier: MIT */
/* abicheck.c: ties the tables to the guest's own headers: every number, and on x86-64 every struct.
 * No code. */
#include "abi/errno.h"
#include "abi/guest64.h"

#include <xen/interface/xen.h>
#include <xen/interface/callback.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/memory.h>
#include <xen/interface/platform.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>

#include <stddef.h>

/* The 2008 header calls 6 sched_op and 29 sched_op_new; Xen's own names since then are the rows'.
 */
#undef __HYPERVISOR_sched_op
#define __HYPERVISOR_sched_op 29
#ifndef __HYPERVISOR_paging_domctl_cont
#define __HYPERVISOR_paging_domctl_cont __HYPERVISOR_arch_1
#endif
#ifndef __HYPERVISOR_mca
#define __HYPERVISOR_mca __HYPERVISOR_arch_0
#endif

#define HC(nr, name, shape, args) _Static_assert((nr) == __HYPERVISOR_##name, #name);
#define TODO(nr, name, args)      _Static_assert((nr) == __HYPERVISOR_##name, #name);
#include "abi/hypercalls.def"
#undef HC
#undef TODO

#define OP(group, nr, name, type, fields) _Static_assert((nr) == group##_##name, #name);
#define OP0(group, nr, name)              _Static_assert((nr) == group##_##name, #name);
#include "abi/ops_callback.def"
#include "abi/ops_evtchn.def"
#include "abi/ops_memory.def"
#include "abi/ops_mmu.def"
#include "abi/ops_sched.def"
#include "abi/ops_version.def"
#undef OP
#undef OP0

#define X(name, nr) _Static_assert((nr) == XEN_##name, #name);
XD_ERRNOS(X)
#undef X

#if defined(__x86_64__)
#define SAME_SIZE(ours, theirs) \
    _Static_assert(sizeof(struct xd_abi_##ours) == sizeof(struct theirs), #ours)
#define SAME_PLACE(ours, a, theirs, b) \
    _Static_assert(offsetof(struct xd_abi_##ours, a) == offsetof(struct theirs, b), #ours "." #a)
SAME_SIZE(mmu_update, mmu_update);
SAME_SIZE(mmuext_op, mmuext_op);
SAME_PLACE(mmuext_op, arg1, mmuext_op, arg1);
SAME_PLACE(mmuext_op, arg2, mmuext_op, arg2);
SAME_SIZE(multicall_entry, multicall_entry);
SAME_SIZE(evtchn_bind_interdomain, evtchn_bind_interdomain);
SAME_SIZE(evtchn_bind_virq, evtchn_bind_virq);
SAME_SIZE(evtchn_bind_pirq, evtchn_bind_pirq);
SAME_SIZE(evtchn_port, evtchn_send);
SAME_SIZE(evtchn_status, evtchn_status);
SAME_PLACE(evtchn_status, u, evtchn_status, u);
SAME_SIZE(evtchn_alloc_unbound, evtchn_alloc_unbound);
SAME_SIZE(evtchn_bind_ipi, evtchn_bind_ipi);
SAME_SIZE(evtchn_bind_vcpu, evtchn_bind_vcpu);
SAME_SIZE(evtchn_init_control, evtchn_init_control);
SAME_SIZE(sched_poll, sched_poll);
SAME_PLACE(sched_poll, timeout, sched_poll, timeout);
SAME_SIZE(sched_remote_shutdown, sched_remote_shutdown);
SAME_SIZE(callback_register, callback_register);
SAME_SIZE(memory_reservation, xen_memory_reservation);
SAME_SIZE(memory_exchange, xen_memory_exchange);
SAME_SIZE(memory_machphys_mapping, xen_machphys_mapping);
SAME_SIZE(memory_machphys_mfn_list, xen_machphys_mfn_list);
SAME_SIZE(memory_add_to_physmap, xen_add_to_physmap);
SAME_SIZE(memory_add_to_physmap_batch, xen_add_to_physmap_range);
SAME_SIZE(memory_remove_from_physmap, xen_remove_from_physmap);
SAME_SIZE(memory_map, xen_memory_map);
SAME_SIZE(memory_foreign_map, xen_foreign_memory_map);
SAME_SIZE(memory_pod_target, xen_pod_target);
SAME_SIZE(vmemrange, xen_vmemrange);
SAME_SIZE(memory_vnuma, xen_vnuma_topology_info);
SAME_SIZE(memory_rdm_map, xen_reserved_device_memory_map);
SAME_SIZE(memory_resource, xen_mem_acquire_resource);
SAME_SIZE(platform_op, xen_platform_op);
SAME_SIZE(settime32, xenpf_settime32);
SAME_SIZE(settime64, xenpf_settime64);
SAME_SIZE(add_memtype, xenpf_add_memtype);
SAME_SIZE(del_memtype, xenpf_del_memtype);
SAME_SIZE(read_memtype, xenpf_read_memtype);
SAME_SIZE(enter_acpi_sleep, xenpf_enter_acpi_sleep);
SAME_SIZE(set_processor_pminfo, xenpf_set_processor_pminfo);
SAME_SIZE(pcpuinfo, xenpf_pcpuinfo);
SAME_SIZE(pcpu_version, xenpf_pcpu_version);
SAME_SIZE(cpu_hotadd, xenpf_cpu_hotadd);
SAME_SIZE(mem_hotadd, xenpf_mem_hotadd);
SAME_SIZE(core_parking, xenpf_core_parking);
SAME_SIZE(resource_entry, xenpf_resource_entry);
SAME_SIZE(resource_op, xenpf_resource_op);
SAME_SIZE(symdata, xenpf_symdata);
SAME_SIZE(processor_cx, xen_processor_cx);
SAME_SIZE(processor_px, xen_processor_px);
SAME_SIZE(pct_register, xen_pct_register);
SAME_PLACE(firmware_info, kbd_shift_flags, xenpf_firmware_info, u.kbd_shift_flags);
SAME_PLACE(set_processor_pminfo, u, xenpf_set_processor_pminfo, u);
SAME_PLACE(set_processor_pminfo, u.px.shared_type, xenpf_set_processor_pminfo, u.perf.shared_type);
SAME_SIZE(vcpu_guest_context, vcpu_guest_context);
SAME_PLACE(vcpu_guest_context, user_regs, vcpu_guest_context, user_regs);
SAME_PLACE(vcpu_guest_context, user_regs.rip, vcpu_guest_context, user_regs.rip);
SAME_PLACE(vcpu_guest_context, user_regs.gs, vcpu_guest_context, user_regs.gs);
SAME_PLACE(vcpu_guest_context, trap, vcpu_guest_context, trap_ctxt);
SAME_PLACE(vcpu_guest_context, gdt_ents, vcpu_guest_context, gdt_ents);
SAME_PLACE(vcpu_guest_context, ctrlreg, vcpu_guest_context, ctrlreg);
SAME_PLACE(vcpu_guest_context, syscall_callback, vcpu_guest_context, syscall_callback_eip);
SAME_PLACE(vcpu_guest_context, gs_base_user, vcpu_guest_context, gs_base_user);
SAME_SIZE(vcpu_register_vcpu_info, vcpu_register_vcpu_info);
SAME_SIZE(vcpu_info, vcpu_info);
SAME_SIZE(shared_info, shared_info);
SAME_PLACE(shared_info, evtchn_pending, shared_info, evtchn_pending);
SAME_PLACE(shared_info, evtchn_mask, shared_info, evtchn_mask);
SAME_SIZE(start_info, start_info);
SAME_PLACE(start_info, cmd_line, start_info, cmd_line);
SAME_PLACE(start_info, nr_p2m_frames, start_info, nr_p2m_frames);
#endif
