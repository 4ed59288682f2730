/* SPDX-License-Identifier: MIT */
/*
 * vcpu.h: vcpu_op(command, vcpu, argument).
 *
 * Timers and registered areas concern the vCPU named; the timers may be set for the caller only.
 */
#ifndef __XEN_PUBLIC_VCPU_H__
#define __XEN_PUBLIC_VCPU_H__

#include <xen/interface/xen.h>

#define VCPUOP_initialise                     0 /* vcpu_guest_context; it stays down */
#define VCPUOP_up                             1
#define VCPUOP_down                           2
#define VCPUOP_is_up                          3 /* result 1 or 0 */
#define VCPUOP_get_runstate_info              4 /* vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area  5 /* vcpu_register_runstate_memory_area */
#define VCPUOP_set_periodic_timer             6 /* vcpu_set_periodic_timer */
#define VCPUOP_stop_periodic_timer            7
#define VCPUOP_set_singleshot_timer           8 /* vcpu_set_singleshot_timer */
#define VCPUOP_stop_singleshot_timer          9
#define VCPUOP_register_vcpu_info             10 /* vcpu_register_vcpu_info */
#define VCPUOP_send_nmi                       11
#define VCPUOP_get_physid                     12 /* vcpu_get_physid */
#define VCPUOP_register_vcpu_time_memory_area 13 /* vcpu_register_time_memory_area */

/* vcpu_runstate_info.state, and index of its time[] */
#define RUNSTATE_running  0
#define RUNSTATE_runnable 1 /* would run if it had a CPU */
#define RUNSTATE_blocked  2
#define RUNSTATE_offline  3 /* down, paused or stopped */

/* In state_entry_time while the record is being changed; see VMASST_TYPE_runstate_update_flag. */
#define XEN_RUNSTATE_UPDATE (xen_mk_ullong(1) << 63)

/* vcpu_set_singleshot_timer.flags: refuse a deadline that has passed already. */
#define _VCPU_SSHOTTMR_future (0)
#define VCPU_SSHOTTMR_future  (xen_mk_uint(1) << _VCPU_SSHOTTMR_future)

#ifndef __ASSEMBLY__

struct vcpu_runstate_info {
    int state;
    uint64_t state_entry_time; /* system time, ns */
    uint64_t time[4];          /* ns spent in each state so far */
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_runstate_info);

/* The hypervisor keeps the record at this address up to date from now on. */
struct vcpu_register_runstate_memory_area {
    union {
        GUEST_HANDLE(vcpu_runstate_info) h;
        struct vcpu_runstate_info *v;
        uint64_t p;
    } addr;
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_register_runstate_memory_area);

struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_set_periodic_timer);

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns; /* system time */
    uint32_t flags;          /* VCPU_SSHOTTMR_* */
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_set_singleshot_timer);

/* Move vcpu_info out of shared_info, once. */
struct vcpu_register_vcpu_info {
    uint64_t mfn;    /* a gfn, which for a PV guest is an mfn */
    uint32_t offset; /* bytes; the record may not cross the end of the page */
    uint32_t rsvd;
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_register_vcpu_info);

/* Identity of the physical CPU that a vCPU is pinned to. */
struct vcpu_get_physid {
    uint64_t phys_id; /* OUT */
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_get_physid);
#define xen_vcpu_physid_to_x86_apicid(physid) ((uint32_t)(physid))
#define xen_vcpu_physid_to_x86_acpiid(physid) ((uint32_t)((physid) >> 32))

/* A second copy of vcpu_info.time, where user code may read it. */
struct vcpu_register_time_memory_area {
    union {
        GUEST_HANDLE(vcpu_time_info) h;
        struct pvclock_vcpu_time_info *v;
        uint64_t p;
    } addr;
};
DEFINE_GUEST_HANDLE_STRUCT(vcpu_register_time_memory_area);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_VCPU_H__ */
