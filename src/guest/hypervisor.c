/* SPDX-License-Identifier: MIT */
/*
 * hypervisor.c: the HYPERVISOR_ functions. Each only puts its arguments into their order; the rows of
 * src/abi/hypercalls.def, which say how many there are, are compared with them in a test.
 */
#include "guest/guest.h"

#include <xen/interface/xen.h>

#if !defined(__i386__)

/* Pointers travel as addresses. */
#define A(p) ((uint64_t)(uintptr_t)(p))

/* Signed arguments are sign-extended into their registers, as compilers do for a guest. */
#define S(i) ((uint64_t)(int64_t)(i))

#define CALL(nr, ...) xd_guest_call((nr), (const uint64_t[XD_CALL_ARGS]){__VA_ARGS__})

int HYPERVISOR_set_trap_table(struct trap_info *table)
{
    return (int)CALL(__HYPERVISOR_set_trap_table, A(table));
}

int HYPERVISOR_mmu_update(struct mmu_update *req, int count, int *success_count, uint16_t domid)
{
    return (int)CALL(__HYPERVISOR_mmu_update, A(req), S(count), A(success_count), domid);
}

int HYPERVISOR_set_gdt(unsigned long *frame_list, int entries)
{
    return (int)CALL(__HYPERVISOR_set_gdt, A(frame_list), S(entries));
}

int HYPERVISOR_stack_switch(unsigned long ss, unsigned long esp)
{
    return (int)CALL(__HYPERVISOR_stack_switch, ss, esp);
}

int HYPERVISOR_set_callbacks(unsigned long event_address, unsigned long failsafe_address,
                             unsigned long syscall_address)
{
    return (int)CALL(__HYPERVISOR_set_callbacks, event_address, failsafe_address, syscall_address);
}

int HYPERVISOR_fpu_taskswitch(int set)
{
    return (int)CALL(__HYPERVISOR_fpu_taskswitch, S(set));
}

int HYPERVISOR_sched_op_compat(int cmd, unsigned long arg)
{
    return (int)CALL(__HYPERVISOR_sched_op_compat, S(cmd), arg);
}

int HYPERVISOR_platform_op(void *op)
{
    return (int)CALL(__HYPERVISOR_platform_op, A(op));
}

int HYPERVISOR_set_debugreg(int reg, unsigned long value)
{
    return (int)CALL(__HYPERVISOR_set_debugreg, S(reg), value);
}

unsigned long HYPERVISOR_get_debugreg(int reg)
{
    return (unsigned long)CALL(__HYPERVISOR_get_debugreg, S(reg));
}

int HYPERVISOR_update_descriptor(uint64_t ma, uint64_t desc)
{
    return (int)CALL(__HYPERVISOR_update_descriptor, ma, desc);
}

long HYPERVISOR_memory_op(unsigned int cmd, void *arg)
{
    return CALL(__HYPERVISOR_memory_op, cmd, A(arg));
}

int HYPERVISOR_multicall(void *call_list, int nr_calls)
{
    if (xd_this_thread.side)
        xd_this_thread.side->frame_at = 0; /* a function's stack pointer is nobody's to rest on */
    return (int)CALL(__HYPERVISOR_multicall, A(call_list), S(nr_calls));
}

int HYPERVISOR_update_va_mapping(unsigned long va, uint64_t new_val, unsigned long flags)
{
    return (int)CALL(__HYPERVISOR_update_va_mapping, va, new_val, flags);
}

long HYPERVISOR_set_timer_op(uint64_t timeout)
{
    return CALL(__HYPERVISOR_set_timer_op, timeout);
}

int HYPERVISOR_event_channel_op_compat(void *op)
{
    return (int)CALL(__HYPERVISOR_event_channel_op_compat, A(op));
}

int HYPERVISOR_xen_version(int cmd, void *arg)
{
    return (int)CALL(__HYPERVISOR_xen_version, S(cmd), A(arg));
}

int HYPERVISOR_console_io(int cmd, int count, char *str)
{
    return (int)CALL(__HYPERVISOR_console_io, S(cmd), S(count), A(str));
}

int HYPERVISOR_physdev_op_compat(void *op)
{
    return (int)CALL(__HYPERVISOR_physdev_op_compat, A(op));
}

int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count)
{
    return (int)CALL(__HYPERVISOR_grant_table_op, cmd, A(uop), count);
}

int HYPERVISOR_vm_assist(unsigned int cmd, unsigned int type)
{
    return (int)CALL(__HYPERVISOR_vm_assist, cmd, type);
}

int HYPERVISOR_update_va_mapping_otherdomain(unsigned long va, uint64_t new_val,
                                             unsigned long flags, uint16_t domid)
{
    return (int)CALL(__HYPERVISOR_update_va_mapping_otherdomain, va, new_val, flags, domid);
}

int HYPERVISOR_vcpu_op(int cmd, int vcpuid, void *extra_args)
{
    return (int)CALL(__HYPERVISOR_vcpu_op, S(cmd), S(vcpuid), A(extra_args));
}

int HYPERVISOR_set_segment_base(int reg, unsigned long value)
{
    return (int)CALL(__HYPERVISOR_set_segment_base, S(reg), value);
}

int HYPERVISOR_mmuext_op(struct mmuext_op *op, int count, int *success_count, uint16_t domid)
{
    return (int)CALL(__HYPERVISOR_mmuext_op, A(op), S(count), A(success_count), domid);
}

int HYPERVISOR_xsm_op(void *op)
{
    return (int)CALL(__HYPERVISOR_xsm_op, A(op));
}

int HYPERVISOR_nmi_op(unsigned long op, unsigned long arg)
{
    return (int)CALL(__HYPERVISOR_nmi_op, op, arg);
}

int HYPERVISOR_sched_op(int cmd, void *arg)
{
    return (int)CALL(__HYPERVISOR_sched_op_new, S(cmd), A(arg));
}

int HYPERVISOR_callback_op(int cmd, void *arg)
{
    return (int)CALL(__HYPERVISOR_callback_op, S(cmd), A(arg));
}

int HYPERVISOR_xenoprof_op(int op, void *arg)
{
    return (int)CALL(__HYPERVISOR_xenoprof_op, S(op), A(arg));
}

int HYPERVISOR_event_channel_op(int cmd, void *arg)
{
    return (int)CALL(__HYPERVISOR_event_channel_op, S(cmd), A(arg));
}

int HYPERVISOR_physdev_op(int cmd, void *arg)
{
    return (int)CALL(__HYPERVISOR_physdev_op, S(cmd), A(arg));
}

unsigned long HYPERVISOR_hvm_op(int op, void *arg)
{
    return (unsigned long)CALL(__HYPERVISOR_hvm_op, S(op), A(arg));
}

int HYPERVISOR_sysctl(void *op)
{
    return (int)CALL(__HYPERVISOR_sysctl, A(op));
}

int HYPERVISOR_domctl(void *op)
{
    return (int)CALL(__HYPERVISOR_domctl, A(op));
}

int HYPERVISOR_kexec_op(unsigned long op, void *args)
{
    return (int)CALL(__HYPERVISOR_kexec_op, op, A(args));
}

int HYPERVISOR_tmem_op(void *op)
{
    return (int)CALL(__HYPERVISOR_tmem_op, A(op));
}

int HYPERVISOR_argo_op(unsigned int cmd, void *arg1, void *arg2, unsigned long arg3,
                       unsigned long arg4)
{
    return (int)CALL(__HYPERVISOR_argo_op, cmd, A(arg1), A(arg2), arg3, arg4);
}

int HYPERVISOR_xenpmu_op(unsigned int op, void *arg)
{
    return (int)CALL(__HYPERVISOR_xenpmu_op, op, A(arg));
}

int HYPERVISOR_dm_op(uint16_t domid, unsigned int nr_bufs, void *bufs)
{
    return (int)CALL(__HYPERVISOR_dm_op, domid, nr_bufs, A(bufs));
}

int HYPERVISOR_hypfs_op(unsigned int cmd, void *arg1, unsigned long arg2, void *arg3,
                        unsigned long arg4)
{
    return (int)CALL(__HYPERVISOR_hypfs_op, cmd, A(arg1), arg2, A(arg3), arg4);
}

int HYPERVISOR_mca(void *mc_op)
{
    return (int)CALL(__HYPERVISOR_arch_0, A(mc_op));
}

int HYPERVISOR_suspend(unsigned long start_info_mfn)
{
    uint32_t reason = 2; /* SHUTDOWN_suspend */

    return (int)CALL(__HYPERVISOR_sched_op_new, 2 /* SCHEDOP_shutdown */, A(&reason),
                     start_info_mfn);
}

#endif
