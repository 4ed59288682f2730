/* SPDX-License-Identifier: MIT */
/* state.c: the fields of a machine, and what may stand in them. How they go together is the audit's. */
#include "hv/state.h"

#include "hv/evtchn_fifo.h"
#include "hv/pirq.h"
#include "hv/pool.h"
#include "hv/profile.h"
#include "hv/setting.h"
#include "hv/tbuf.h"

#define BYTE   UINT8_MAX
#define HALF   UINT16_MAX
#define WORD   UINT32_MAX
#define ANY    UINT64_MAX
#define TIME   ((uint64_t)INT64_MAX) /* Xen's times are signed */
#define PERIOD ((UINT64_C(1) << 62) - 1)
#define ASSIST (UINT64_C(0x3f) | UINT64_C(1) << 32)

/* A field; an array of numbers; a member of an array of structs. (S) is the struct. */
#define F(field, rule, limit)                                                             \
    {                                                                                     \
#field, offsetof(S, field), 1, 0, sizeof(((S *)0)->field), XD_STATE_##rule, limit \
    }
#define A(array, rule, limit)                                                              \
    {                                                                                      \
#array "[]", offsetof(S, array), XD_ARRAY_SIZE(((S *)0)->array),                   \
            sizeof(((S *)0)->array[0]), sizeof(((S *)0)->array[0]), XD_STATE_##rule, limit \
    }
#define M(array, member, rule, limit)                                                             \
    {                                                                                             \
#array "[]." #member, offsetof(S, array[0].member), XD_ARRAY_SIZE(((S *)0)->array),       \
            sizeof(((S *)0)->array[0]), sizeof(((S *)0)->array[0].member), XD_STATE_##rule, limit \
    }
#define END                    \
    {                          \
        NULL, 0, 0, 0, 0, 0, 0 \
    }

#define S struct xd_hv
const struct xd_state_row xd_state_machine[] = {
    F(config.frames, MAX, XD_FRAMES_MAX),
    F(config.domains_max, MAX, XD_DOMAINS_MAX),
    F(config.seed, MAX, ANY),
    M(config.mmio_ro, first, MAX, ANY),
    M(config.mmio_ro, last, MAX, ANY),
    F(config.cpu_khz, MAX, ANY),
    F(config.boot_ns, MAX, ANY),
    F(config.profile, MAX, XD_PROFILE_DEBUG),
    A(config.extraversion, MAX, BYTE),
    A(config.command_line, MAX, BYTE),
    F(now_ns, MAX, TIME),
    F(heap_taken, MAX, XD_FRAMES_MAX),
    F(heap_early, MAX, XD_FRAMES_MAX),
    F(heap_next, MAX, XD_FRAMES_MAX),
    F(free_list, MFN, 0),
    F(scrub_list, MFN, 0),
    F(frames_free, MAX, XD_FRAMES_MAX),
    F(frames_kept, MAX, XD_FRAMES_MAX),
    F(claimed, MAX, XD_FRAMES_MAX),
    M(gsi, trigger, MAX, XD_GSI_LEVEL),
    M(gsi, programmed, MAX, 1),
    M(gsi, shared, MAX, 1),
    M(gsi, waits, MAX, 1),
    M(gsi, eoi_ns, MAX, ANY),
    M(gsi, vector, MAX, BYTE),
    M(gsi, written, MAX, 1),
    M(gsi, low, MAX, 1),
    M(gsi, masked, MAX, 1),
    F(vector_last, MAX, BYTE),
    F(vector_offset, MAX, 7),
    A(vector_lost, MAX, BYTE),
    M(mtrr, first, MAX, (UINT64_C(1) << 28) - 1),
    M(mtrr, frames, MAX, UINT64_C(1) << 28),
    M(mtrr, users, MAX, WORD),
    M(mtrr, type, MAX, 6),
    M(pci, seg, MAX, HALF),
    M(pci, bus, MAX, BYTE),
    M(pci, devfn, MAX, BYTE),
    F(pci_nr, MAX, XD_PCI_DEVICES),
    A(cpu_ids, MAX, BYTE),
    F(px_known, MAX, 1),
    A(virq_handler, MAX, XD_DOMID_FIRST_RESERVED),
    F(domid_last, MAX, XD_DOMID_FIRST_RESERVED - 1),
    F(off, MAX, 1),
    A(no_info, OK, 0),
    A(kexec_flip, MAX, 1),
    F(kexec_loaded, MAX, 1),
    F(wc_nsec, MAX, 999999999),
    F(wc_sec, MAX, ANY),
    F(profiler, MAX, 1),
    F(profiler_state, MAX, 4),
    F(profiled_nr, MAX, XD_PROFILED),
    A(profiled, MAX, XD_DOMID_NONE),
    A(profiled_ready, MAX, 1),
    F(activated, MAX, WORD),
    F(passive_nr, MAX, XD_PROFILED),
    A(passive, MAX, XD_DOMID_FIRST_RESERVED - 1),
    F(smt_saves_power, MAX, 1),
    A(cstate_max, MAX, WORD),
    F(cx_states, MAX, XD_CX_STATES_MAX),
    F(cx_told, MAX, 1),
    F(trace_mask, MAX, WORD),
    F(trace_pages, MAX, XD_TBUF_PAGES_MAX),
    F(trace_info_pages, MAX, XD_TBUF_INFO_MAX),
    F(trace_info.v, MFN, 0),
    F(mcg_status, MAX, ANY),
    F(mcg_posed, MAX, ANY),
    F(mcg_is_posed, MAX, 1),
    M(pool, used, MAX, 1),
    M(pool, gran, MAX, XD_GRAN_SOCKET),
    M(pool, id, MAX, WORD),
    M(pool, sched, MAX, XD_SCHED_CREDIT2),
    M(pool, ratelimit_us, MAX, WORD),
    M(pool, tslice_ms, MAX, WORD),
    M(pool, migr_delay_us, MAX, WORD),
    F(setting.grant_frames, MAX, INT32_MAX),
    F(setting.maptrack_frames, MAX, INT32_MAX),
    F(setting.pcid, MAX, XD_PCID_NOXPTI),
    F(setting.timestamps, MAX, XD_STAMP_RAW),
    F(setting.global_pages, MAX, BYTE),
    A(setting.loglvl, MAX, XD_LOG_ALL),
    A(setting.guest_loglvl, MAX, XD_LOG_ALL),
    A(setting.text_size, MAX, XD_SETTING_TEXT),
    A(setting.text, MAX, BYTE),
    F(console_nr, MAX, XD_CONSOLE_INPUT),
    F(console_at, MAX, XD_CONSOLE_INPUT - 1),
    A(console, MAX, BYTE),
    END,
};
#undef S

#define S struct xd_domain
const struct xd_state_row xd_state_domain[] = {
    F(domid, MAX, XD_DOMID_FIRST_RESERVED - 1),
    F(privileged, MAX, 1),
    F(hardware, MAX, 1),
    F(pauses, MAX, BYTE),
    F(debugged, MAX, 1),
    F(dying, MAX, 1),
    F(dead, MAX, 1),
    F(finished, MAX, 1),
    F(xenstore, MAX, 1),
    F(pit, MAX, 1),
    F(nodes_said, MAX, 1),
    F(ioport.nr, MAX, XD_RIGHTS),
    F(iomem.nr, MAX, XD_RIGHTS),
    F(vcpus, MAX, XD_VCPUS),
    F(vcpus_max, MAX, XD_VCPUS),
    F(pages, MAX, XD_FRAMES_MAX),
    F(pages_max, MAX, WORD),
    F(vm_assist, BITS, ASSIST),
    A(handle, MAX, BYTE),
    F(shared_info.v, MFN, 0),
    F(start.virt_base, OK, 0),
    F(start.virt_end, MAX, ANY),
    F(start.kernel_va, MAX, ANY),
    F(start.hypercall_page_va, MAX, ANY),
    F(start.mod_start, MAX, ANY),
    F(start.mod_len, MAX, ANY),
    F(start.p2m_va, OK, 0),
    F(start.start_info_va, MAX, ANY),
    F(start.store_va, MAX, ANY),
    F(start.console_va, MAX, ANY),
    F(start.pt_va, MAX, ANY),
    F(start.pt_frames, MAX, XD_FRAMES_MAX),
    F(start.stack_va, MAX, ANY),
    F(start.padding_va, MAX, ANY),
    F(start.pages, MAX, XD_FRAMES_MAX),
    F(start.mapped_pages, MAX, XD_FRAMES_MAX),
    F(start.first_free_pfn, MAX, XD_FRAMES_MAX),
    F(start.cr3_mfn, MFN, 0),
    F(start.shared_info_mfn, MFN, 0),
    F(start.store_port, MAX, XD_PORTS - 1),
    F(start.console_port, MAX, XD_PORTS - 1),
    F(shutting_down, MAX, 1),
    F(shut_down, MAX, 1),
    F(shutdown_code, MAX, WORD),
    M(watchdog, used, MAX, 1),
    M(watchdog, armed, MAX, 1),
    M(watchdog, deadline_ns, MAX, ANY),
    F(ports_valid, MAX, XD_PORTS),
    F(port_max, MAX, XD_PORTS - 1),
    F(ports_active, MAX, XD_PORTS - 1),
    F(poll_mask, OK, 0),
    F(fifo.on, MAX, 1),
    F(fifo.pages, MAX, XD_FIFO_PAGES),
    M(fifo.page, v, MFN, 0),
    F(claimed, MAX, XD_FRAMES_MAX),
    F(e820_nr, MAX, XD_E820_MAX),
    F(vnuma.nodes, MAX, XD_VNODES),
    F(policy.own, MAX, 1),
    F(irqs, BITS, (UINT32_C(1) << XD_GSIS) - 2),
    F(suspend_port, MAX, WORD),
    F(time_offset, MAX, ANY),
    F(weight, MAX, HALF),
    F(cap, MAX, HALF),
    F(nodes, MAX, ANY),
    F(tsc_mode, MAX, 2),
    F(tsc_incarnation, MAX, WORD),
    F(vtsc_khz, MAX, WORD),
    F(vtsc_since, MAX, ANY),
    F(evtchn_remote, MAX, HALF),
    F(auto_unmask, MAX, 1),
    F(eoi_map.v, MFN, 0),
    F(prof.first.v, MFN, 0),
    F(prof.pages, MAX, XD_PROFILE_PAGES),
    F(prof.size, MAX, XD_PROFILE_PAGES *XD_PAGE_SIZE),
    F(prof.holds, MAX, WORD),
    F(prof.how, MAX, XD_PROFILED_PASSIVE),
    M(pirq, irq, MAX, HALF),
    M(pirq, known, MAX, 1),
    M(pirq, masked, MAX, 1),
    M(pirq, port, MAX, XD_PORTS - 1),
    M(line, pirq, MAX, HALF),
    M(line, guests, MAX, HALF),
    END,
};
#undef S

#define S struct xd_abi_e820entry
const struct xd_state_row xd_state_e820[] = {
    A(addr, MAX, WORD),
    A(size, MAX, WORD),
    F(type, MAX, WORD),
    END,
};
#undef S

#define S struct xd_range
const struct xd_state_row xd_state_range[] = {
    F(first, MAX, ANY),
    F(last, MAX, ANY),
    END,
};
#undef S

#define S struct xd_vnuma
const struct xd_state_row xd_state_vnuma[] = {
    F(ranges, MAX, XD_VMEMRANGES),  A(distance, MAX, WORD),    A(of_vcpu, MAX, XD_VNODES - 1),
    A(node, MAX, XD_NODES_MAX - 1), M(range, start, MAX, ANY), M(range, end, MAX, ANY),
    M(range, flags, MAX, 0),        M(range, nid, MAX, WORD),  END,
};
#undef S

#define REGS(array) \
    M(array, a, MAX, WORD), M(array, b, MAX, WORD), M(array, c, MAX, WORD), M(array, d, MAX, WORD)
#define S struct xd_cpu_policy
const struct xd_state_row xd_state_policy[] = {
    F(platform_info, MAX, WORD),
    A(arch_caps, MAX, WORD),
    A(limit, MAX, BYTE),
    REGS(basic),
    REGS(cache),
    REGS(feat),
    REGS(topo),
    REGS(xstate),
    REGS(extd),
    END,
};
#undef S

#define S struct xd_vcpu
const struct xd_state_row xd_state_vcpu[] = {
    F(initialised, MAX, 1),
    F(begins, MAX, 1),
    F(down, MAX, 1),
    F(up_asleep, MAX, 1),
    F(blocked, MAX, 1),
    F(paused_for_shutdown, MAX, 1),
    F(paused, MAX, 1),
    F(continuing, MAX, 1),
    F(kernel_mode, MAX, 1),
    F(in_multicall, MAX, 0), /* only inside a call */
    F(sysret, MAX, 0),
    F(answered, MAX, 0),
    F(answer, MAX, 0),
    F(table_left, MAX, 1),
    F(polling_any, MAX, 1),
    F(poll_timer_on, MAX, 1),
    F(pin_override, MAX, 1),
    F(soft_nowhere, MAX, 1),
    F(context_flags, MAX, ANY),
    F(half_context, MAX, 1),
    F(poll_port, MAX, XD_PORTS - 1),
    F(poll_timer_ns, MAX, ANY),
    F(shot_on, MAX, 1),
    F(shot_ns, MAX, ANY),
    F(period_ns, MAX, PERIOD),
    F(tick_ns, MAX, TIME),
    F(tick_loose, MAX, 1),
    F(runstate, MAX, 3),
    F(runstate_since, MAX, TIME),
    A(runstate_time, MAX, ANY),
    F(runstate_area, OK, 0),
    F(entry, MAX, ANY),
    F(time_area, OK, 0),
    F(cr3.v, MFN, 0),
    F(user_cr3.v, MFN, 0),
    F(regs.rax, MAX, ANY),
    F(regs.rbx, MAX, ANY),
    F(regs.rcx, MAX, ANY),
    F(regs.rdx, MAX, ANY),
    F(regs.rsi, MAX, ANY),
    F(regs.rdi, MAX, ANY),
    F(regs.rbp, MAX, ANY),
    F(regs.rsp, MAX, ANY),
    F(regs.r8, MAX, ANY),
    F(regs.r9, MAX, ANY),
    F(regs.r10, MAX, ANY),
    F(regs.r11, MAX, ANY),
    F(regs.r12, MAX, ANY),
    F(regs.r13, MAX, ANY),
    F(regs.r14, MAX, ANY),
    F(regs.r15, MAX, ANY),
    F(regs.rip, MAX, ANY),
    F(regs.rflags, MAX, ANY),
    F(regs.cs, MAX, HALF),
    F(regs.ss, MAX, HALF),
    F(regs.ds, MAX, HALF),
    F(regs.es, MAX, HALF),
    F(regs.fs, MAX, HALF),
    F(regs.gs, MAX, HALF),
    F(cr2, MAX, ANY),
    F(kernel_ss, MAX, ANY),
    F(kernel_sp, MAX, ANY),
    F(fs_base, VA, 0),
    F(gs_base_kernel, VA, 0),
    F(gs_base_user, VA, 0),
    F(event.address, VA, 0),
    F(event.mask, MAX, 1),
    F(failsafe.address, VA, 0),
    F(failsafe.mask, MAX, 1),
    F(syscall.address, VA, 0),
    F(syscall.mask, MAX, 1),
    F(syscall32.address, VA, 0),
    F(syscall32.mask, MAX, 1),
    F(sysenter.address, VA, 0),
    F(sysenter.mask, MAX, 1),
    M(trap, vector, MAX, BYTE),
    M(trap, flags, MAX, BYTE),
    M(trap, cs, MAX, HALF),
    M(trap, pad, MAX, WORD), /* the guest's, and copied with the rest */
    M(trap, address, VA, 0),
    F(nmi_pending, MAX, 1),
    F(nmi_in_service, MAX, 1),
    F(ts, MAX, 1),
    F(iopl, MAX, 3),
    F(io_ports, MAX, 65536),
    F(io_bitmap, OK, 0),
    A(dr, OK, 0),
    F(dr6, MAX, WORD),
    F(dr7, MAX, WORD),
    F(cr4, BITS, XD_CR4_GUESTS),
    F(gdt_ents, MAX, XD_GDT_ENTRIES_MAX),
    M(gdt_frame, v, MFN, 0),
    F(ldt_base, OK, 0),
    F(ldt_ents, MAX, 8192),
    M(ldt_frame, v, MFN, 0),
    A(virq_port, MAX, XD_PORTS - 1),
    F(info_mfn.v, MFN, 0),
    F(info_off, MAX, XD_PAGE_SIZE - sizeof(struct xd_abi_vcpu_info)),
    F(info_moved, MAX, 1),
    F(fifo.mfn.v, MFN, 0),
    F(fifo.off, MAX, XD_PAGE_SIZE - XD_FIFO_BLOCK),
    A(fifo.tail, MAX, XD_PORTS - 1),
    F(tlb_flushes, MAX, ANY),
    F(tlb_invlpgs, MAX, ANY),
    F(cont.nr, MAX, ANY),
    A(cont.arg, MAX, ANY),
    F(given.mcg_cap, MAX, 0x1ff),
    A(given.mci_ctl2, MAX, ANY),
    F(given.mcg_ext_ctl, MAX, ANY),
    F(given.xcr0, BITS, 7),
    F(given.xcr0_used, BITS, 7),
    F(given.tsc_aux, MAX, WORD),
    F(given.syscall32_cs, MAX, HALF),
    F(given.sysenter_cs, MAX, HALF),
    F(given.fpu, MAX, 1),
    A(given.xsave, MAX, BYTE),
    END,
};
#undef S

#define S struct xd_port
const struct xd_state_row xd_state_port[] = {
    F(state, MAX, XD_PORT_IPI),
    F(priority, MAX, XD_FIFO_QUEUES - 1),
    F(last_priority, MAX, XD_FIFO_QUEUES - 1),
    F(early, MAX, 1),
    F(last_vcpu, MAX, XD_VCPUS - 1),
    F(notify_vcpu, MAX, XD_VCPUS - 1),
    F(remote_dom, MAX, HALF),
    F(virq, MAX, XD_PIRQS - 1),
    F(remote_port, MAX, XD_PORTS - 1),
    END,
};
#undef S

#define S struct xd_frame
const struct xd_state_row xd_state_frame[] = {
    F(count, MAX, WORD),
    F(type_count, MAX, WORD),
    F(owner, MAX, HALF),
    F(type, MAX, XD_TYPE_WRITABLE),
    F(flags, BITS,
      XD_FRAME_ALLOCATED | XD_FRAME_XEN_HEAP | XD_FRAME_PINNED | XD_FRAME_VALIDATED |
          XD_FRAME_OFFLINE),
    F(linear, MAX, HALF),
    F(lost, MAX, HALF),
    END,
};
#undef S
