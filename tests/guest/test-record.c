/* SPDX-License-Identifier: MIT */
/*
 * test-record.c: recordings of linked guests, replayed: every result is the same, and so is every byte
 * of the machine at the end.
 */
#define _DEFAULT_SOURCE
#include "recorded.h"

#include "guest/access.h"

#include <xen/interface/errno.h>
#include <xendouble/levers.h>

START_TEST(events_and_the_guests_own_bits)
{
    struct shared_info *s = xd_guest_shared_info(m.d1);
    struct evtchn_send nowhere = {.port = 99};
    evtchn_port_t port = connect();

    send_as(m.peer, port);
    s->evtchn_mask[0] |= 2;
    s->evtchn_pending[0] = 0;
    s->vcpu_info[0].evtchn_upcall_pending = 0;
    s->vcpu_info[0].evtchn_pending_sel = 0;
    send_as(m.peer, port);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_send, &nowhere), 0);
    same_again();
    ck_says("event_channel_op bind_interdomain remote_dom=d1 remote_port=3 = 0 local_port=3\n");
    ck_says("expect d1 port 3 pending\n");
    ck_says("event_channel_op send port=99 = EINVAL why=evtchn-port-range\n");
    ck_says("poke d1.shared_info()[320] 0x2\n");
}
END_TEST

START_TEST(page_tables)
{
    uint64_t t = free_page(0), p = free_page(1);
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = t};
    struct mmu_update u[2] = {{t << 12 | 8, p << 12 | 3}, {t << 12 | 16, t << 12 | 3}};
    int done = -1;

    for (unsigned int i = 0; i < 40; i++)
        contents(t)[3 + i] = p << 12 | 0x67;
    contents(p)[511] = 0x1234567890;
    ck_assert_int_eq(HYPERVISOR_mmuext_op(&pin, 1, &done, DOMID_SELF), 0);
    ck_assert_int_lt(HYPERVISOR_mmu_update(u, 2, &done, DOMID_SELF), 0);
    ck_assert_int_eq(done, 1);
    ck_assert_int_lt(HYPERVISOR_mmu_update(u, 2, NULL, 5), 0);
    HYPERVISOR_update_va_mapping(0xffffffff80000000, p << 12 | 0x65, UVMF_INVLPG);
    same_again();
    ck_says("mmuext_op [PIN_L1_TABLE mfn=page(0)] = 0 done=1\n");
    ck_says("mmu_update [page(0)[1] = pte(page(1), P|RW), page(0)[2] = pte(page(0), P|RW)] = EBUSY "
            "done=1 why=l1e-rw-table\n");
    ck_says("[pte(page(1), P|RW|US|A|D), pte(page(1), P|RW|US|A|D), ");
    ck_says("poke page(1)[511] 0x1234567890\n");
    ck_says("expect frame page(0) type=l1 ");
}
END_TEST

static bool refuse_the_second(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                              int64_t *rc)
{
    unsigned int *sends = ctx;

    (void)v;
    *rc = -28;
    return nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_send && ++*sends == 2;
}

START_TEST(multicalls_and_what_a_hook_answers)
{
    unsigned int sends = 0;
    struct xd_hooks hooks = {.ctx = &sends, .inject = refuse_the_second};
    evtchn_port_t port = connect();
    struct evtchn_send send = {.port = port};
    struct multicall_entry e[4] = {{.op = __HYPERVISOR_event_channel_op},
                                   {.op = __HYPERVISOR_xen_version},
                                   {.op = __HYPERVISOR_event_channel_op},
                                   {.op = 77}};

    xd_hooks_set(m.hv, &hooks);
    for (int i = 0; i < 3; i += 2) {
        e[i].args[0] = EVTCHNOP_send;
        e[i].args[1] = (uintptr_t)&send;
    }
    ck_assert_int_eq(HYPERVISOR_multicall(e, 3), 0);
    ck_assert_int_eq((int)e[2].result, -28);
    ck_assert_int_eq(HYPERVISOR_multicall(e, 1), 0);
    ck_assert_int_eq(HYPERVISOR_multicall(e, 4), 0); /* one has no row: said in registers */
    ck_assert_int_lt(HYPERVISOR_multicall(NULL, 2), 0);
    same_again();
    ck_says("inject event_channel_op send nth=2 error=ENOSPC\n"
            "multicall { event_channel_op send port=3 = 0 ; xen_version version = 0x40011 ; "
            "event_channel_op send port=3 = ENOSPC why=injected } = 0\n");
}
END_TEST

static bool none_of_it(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t *rc)
{
    (void)ctx;
    (void)v;
    (void)nr;
    (void)arg;
    *rc = 0;
    return true;
}

/* An element of a batch that a lever answers ends the list, or is taken as done. */
START_TEST(elements_that_a_lever_answers)
{
    uint64_t t = free_page(0), p = free_page(1);
    struct mmuext_op op[3] = {{.cmd = MMUEXT_TLB_FLUSH_LOCAL},
                              {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = t},
                              {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = p}};
    struct mmu_update u[2] = {{t << 12 | 8, p << 12 | 3}, {t << 12 | 16, p << 12 | 3}};
    struct multicall_entry e[2] = {
        {.op = __HYPERVISOR_mmu_update, .args = {(uintptr_t)u, 1, 0, DOMID_SELF}},
        {.op = __HYPERVISOR_mmu_update, .args = {(uintptr_t)u, 2, 0, DOMID_SELF}}};
    int done = -1, mock;
    uint64_t digest;

    ck_assert_int_gt(xd_fail_nth(m.d1, "mmuext_op.PIN_L1_TABLE", 2, XEN_ENOMEM), 0);
    ck_assert_int_eq(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), -XEN_ENOMEM);
    ck_assert_int_eq(done, 2);
    ck_assert_int_gt(xd_fail_nth(m.d1, "mmu_update.normal", 3, XEN_EBUSY), 0);
    if (_i) {
        ck_assert_int_eq(HYPERVISOR_multicall(e, 2), 0);
        ck_assert_int_eq((int)e[0].result, 0);
        ck_assert_int_eq((int)e[1].result, -XEN_EBUSY);
    } else {
        ck_assert_int_eq(HYPERVISOR_mmu_update(u, 2, NULL, DOMID_SELF), 0);
        ck_assert_int_eq(HYPERVISOR_mmu_update(u, 2, NULL, DOMID_SELF), -XEN_EBUSY);
    }
    mock = xd_mock(m.d1, "mmuext_op.PIN_L1_TABLE", none_of_it, NULL);
    ck_assert_int_eq(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), 0);
    xd_lever_clear(m.hv, mock);
    if (_i)
        again(
            &digest); /* Xen remembers where the batches in a multicall lay, which is another place */
    else
        same_again();
    ck_says("inject mmuext_op PIN_L1_TABLE nth=2 error=ENOMEM\n"
            "mmuext_op [TLB_FLUSH_LOCAL, PIN_L1_TABLE mfn=page(0), PIN_L1_TABLE mfn=page(1)] = "
            "ENOMEM done=2 why=injected\n");
    ck_says(_i ? "inject mmu_update normal nth=3 error=EBUSY\nmulticall {"
               : "inject mmu_update normal error=EBUSY\nmmu_update [");
    ck_says("inject mmuext_op PIN_L1_TABLE error=0\ninject mmuext_op PIN_L1_TABLE error=0\n");
}
END_TEST

/* What the host does from outside has steps too; what is in a shared_info is numbers. */
START_TEST(events_upcalls_and_frames_from_outside)
{
    evtchn_port_t port = connect();
    uint64_t block[6] = {SCHEDOP_block};
    xen_pfn_t frames[4] = {0};
    struct xen_memory_reservation r = {.nr_extents = 4, .domid = DOMID_SELF};

    xd_leave();
    ck_assert_int_eq((int)xd_hypercall(m.v0, __HYPERVISOR_sched_op_new, block), 0);
    ck_assert_int_eq(xd_vcpu_state(m.v0), XD_STATE_BLOCKED);
    ck_assert_int_eq(xd_event_raise(m.d1, 3), 0);
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
    ck_assert_int_eq(xd_event_send(m.d2, port), 0);
    xd_upcall_spurious(m.peer);
    ck_assert_int_eq(xd_enter(m.v1), 0);
    set_xen_guest_handle(r.extent_start, frames);
    for (unsigned int i = 0; i < 4; i++)
        frames[i] = free_page(8 + i);
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 4);
    xd_frames_scarce(m.hv, 2);
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_increase_reservation, &r), 2);
    xd_frames_scarce(m.hv, UINT64_MAX);
    xd_guest_shared_info(m.d1)->arch.nmi_reason = 0x1101;
    same_again();
    ck_says("expect d1.0 blocked !upcall_pending\nevent 3\n");
    ck_says("\nupcall\n");
    ck_says("\nscarce 2\n");
    ck_says("poke shared_info()[388] 0x1101\n");
}
END_TEST

/* RDX is no argument of the call, in neither form of it, and is what the toolstack goes by. */
START_TEST(suspending_and_what_comes_of_it)
{
    const struct xd_start *s = xd_domain_start(m.d1);
    const uint64_t mfn = xd_domain_mfn(m.d1, (s->start_info_va - s->virt_base) / 4096);
    struct start_info *si = xd_guest_start_info(m.d1);
    uint32_t reason = SHUTDOWN_suspend;
    uint64_t arg[6] = {SCHEDOP_shutdown, _i ? reason : (uintptr_t)&reason, mfn},
             nr = _i ? __HYPERVISOR_sched_op_compat : __HYPERVISOR_sched_op_new;

    xd_leave();
    for (unsigned int how = 0; how <= XD_RESUME_RESTORED; how++) {
        si->store_mfn = (s->store_va - s->virt_base) / 4096;
        si->console.domU.mfn = (uint32_t)((s->console_va - s->virt_base) / 4096);
        ck_assert_int_eq((int)xd_hypercall(m.v0, nr, arg), 0);
        ck_assert_int_eq(xd_domain_resume(m.d1, (enum xd_resume)how), 0);
    }
    same_again();
    ck_says("\nresume d1 cancelled\n");
    ck_says("\nresume d1 anew\n");
    ck_says("\nresume d1 restored\n");
    ck_says(_i ? "hypercall 6 2 2 0x" : "hypercall 29 2 ");
}
END_TEST

START_TEST(memory_of_all_kinds)
{
    static const struct evtchn_alloc_unbound constant = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 7};
    struct evtchn_alloc_unbound *inside = (void *)(contents(free_page(3)) + 5);
    long size = sysconf(_SC_PAGESIZE);
    char *edge =
        mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct vcpu_runstate_info info;
    struct xen_memory_reservation r = {.nr_extents = 2, .domid = DOMID_SELF};
    xen_pfn_t frames[2] = {free_page(8), free_page(9)};
    char said[] = "hello";
    uint64_t arg[6] = {EVTCHNOP_alloc_unbound, (uintptr_t)&un};

    un.port = 0xdeadbeef; /* what an operation does not set shows what stood there */
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un), 0);
    *inside = constant;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, inside), 0);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, NULL), 0);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, (void *)0x1234), 0);
    ck_assert_int_lt(
        HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, (void *)(uintptr_t)&constant), 0);
    munmap(edge + size, (size_t)size);
    memset(edge, 0, (size_t)size);
    ck_assert_int_lt(HYPERVISOR_mmu_update((void *)(edge + size - 16), 2, NULL, DOMID_SELF), 0);
    HYPERVISOR_console_io(0, 5, said); /* not a control domain */
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    set_xen_guest_handle(r.extent_start, frames);
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 2);
    frames[0] = xd_domain_start(m.d1)->first_free_pfn + 8;
    frames[1] = frames[0] + 1;
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 2);
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_event_channel_op, arg), 0);
    munmap(edge, (size_t)size);
    same_again();
    ck_says("event_channel_op alloc_unbound dom=SELF remote_dom=7 = 0 port=3\n");
    ck_says("event_channel_op alloc_unbound arg=0 = EFAULT why=copy-in\n");
    ck_says(" readonly\n");
    ck_says("memory_op decrease_reservation extent_start=[page(8), page(9)] ");
    ck_says("vcpu_op get_runstate_info 0 buf(48) = 0 arg=[");
    ck_says("@d1.1\n");
}
END_TEST

/* ---- Transfers that share memory ---- */

static union {
    struct multicall_entry e[4];
    char bytes[4096];
    uint64_t word[512];
} shared;

static void entry(unsigned int i, unsigned long nr, unsigned long cmd, const void *arg)
{
    shared.e[i] = (struct multicall_entry){.op = nr, .args = {cmd, (uintptr_t)arg}};
}

/* Asks for a text that goes to (to), and for the shorter one that goes to (next). */
static void two_texts(void *to, void *next)
{
    entry(0, __HYPERVISOR_xen_version, XENVER_compile_info, to);
    entry(1, __HYPERVISOR_xen_version, XENVER_extraversion, next);
    ck_assert_int_eq(HYPERVISOR_multicall(&shared, 2), 0);
}

/* One text goes to (to), which is part of the list. */
static void a_text_into_the_list(void *to, int32_t rc)
{
    entry(0, __HYPERVISOR_xen_version, XENVER_extraversion, to);
    entry(1, __HYPERVISOR_xen_version, XENVER_version, NULL);
    ck_assert_int_eq(HYPERVISOR_multicall(&shared, 2), rc);
}

static void bind_and_send_to_it(void)
{
    struct evtchn_bind_ipi *bind = (void *)(shared.bytes + 2048);

    entry(0, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, bind);
    entry(1, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &bind->port);
    ck_assert_int_eq(HYPERVISOR_multicall(&shared, 2), 0);
    ck_assert_int_eq((int)shared.e[1].result, 0);
}

static void one_struct_twice(void)
{
    struct evtchn_alloc_unbound *un = (void *)(shared.bytes + 2048);

    un->dom = DOMID_SELF;
    un->remote_dom = 2;
    entry(0, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, un);
    entry(1, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, un);
    ck_assert_int_eq(HYPERVISOR_multicall(&shared, 2), 0);
}

static void exchange_in_place(void)
{
    struct xen_memory_exchange *ex = (void *)shared.bytes;

    ex->in.nr_extents = ex->out.nr_extents = 1;
    ex->in.domid = ex->out.domid = DOMID_SELF;
    shared.word[100] = free_page(0);
    set_xen_guest_handle(ex->in.extent_start, &shared.word[100]);
    set_xen_guest_handle(ex->out.extent_start, &shared.word[100]);
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_exchange, ex), 0);
    ck_assert_uint_ne(shared.word[100], 0);
}

static void count_into_the_list(void)
{
    struct mmuext_op *op = (void *)shared.bytes;

    op->cmd = MMUEXT_TLB_FLUSH_LOCAL;
    ck_assert_int_eq(HYPERVISOR_mmuext_op(op, 1, (int *)shared.bytes, DOMID_SELF), 0);
}

static void share_memory(int how)
{
    char *beside = shared.bytes + 2048;

    switch (how) {
    case 0: two_texts(beside, beside); break;
    case 1: two_texts(beside, beside + 8); break;
    case 2: two_texts(beside + 8, beside); break;
    case 3: two_texts(&shared.e[0].result, beside); break;
    case 4: two_texts(&shared.e[0].args[2], beside); break;
    case 5: a_text_into_the_list(&shared.e[1].args[2], 0); break;
    case 6: a_text_into_the_list(&shared.e[1].op, 0); break;
    case 7: bind_and_send_to_it(); break;
    case 8: one_struct_twice(); break;
    case 9: exchange_in_place(); break;
    case 10: count_into_the_list(); break;
    }
}

#define WAYS_TO_SHARE 11

START_TEST(transfers_that_share_memory)
{
    memset(&shared, 0, sizeof(shared));
    share_memory(_i);
    same_again();
    ck_says("\nmemory 0x");
    ck_says("\nhypercall ");
    ck_says("\nexpect mem 0x");
}
END_TEST

/* What is only read may have two places. */
START_TEST(operands_that_are_shared_are_said_in_words)
{
    static struct evtchn_send op = {.port = 99};
    uint64_t digest;

    entry(0, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &op);
    entry(1, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &op);
    ck_assert_int_eq(HYPERVISOR_multicall(&shared, 2), 0);
    again(&digest); /* which holds where the list lies */
    ck_says("event_channel_op send port=99 = EINVAL why=evtchn-port-range ; ");
}
END_TEST

/* What the host may not do is no step. */
START_TEST(what_the_host_was_refused)
{
    xd_virq_raise(m.v0, 9999);
    xd_virq_raise(m.v0, VIRQ_DEBUG);
    same_again();
    ck_says("\nvirq ");
    ck_assert_msg(!strstr(text, "9999"), "%s", text);
}
END_TEST

/* The list goes on when its vCPU wakes, and its line stands where it began. */
START_TEST(a_multicall_that_sleeps)
{
    evtchn_port_t port = connect(), mine = 3;
    struct sched_poll poll = {.nr_ports = 1};
    struct multicall_entry e[3] = {
        {.op = __HYPERVISOR_xen_version},
        {.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_poll, (uintptr_t)&poll}},
        {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 3}, digest;

    set_xen_guest_handle(poll.ports, &mine);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    ck_assert(xd_continuing(m.v1));
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    send_as(m.peer, port);
    ck_assert_int_eq((int)xd_continue(m.v1), 0);
    ck_assert_int_eq((int)e[2].result, 0x40011);
    again(&digest); /* where the list lay, which Xen remembers, is another place */
    ck_says("@d1.1\nmulticall { xen_version version = 0x40011 ; sched_op poll ports=[3] = 0 ; ");
}
END_TEST

static void wait_for_it(void *port)
{
    struct sched_poll poll = {.nr_ports = 1};

    set_xen_guest_handle(poll.ports, (evtchn_port_t *)port);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    poll.timeout = xd_now_ns(m.hv) + 5000;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
}

static void send_it(void *port)
{
    struct evtchn_send send = {.port = *(evtchn_port_t *)port};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
}

static void hear(void *v)
{
    struct vcpu_info *info = xd_guest_vcpu_info(v);

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
}

START_TEST(vcpus_time_upcalls_and_the_host)
{
    evtchn_port_t port = connect(), mine = 3;
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind), 0);
    xd_leave();
    ck_assert_int_eq(xd_vcpu_start(m.v0, wait_for_it, &mine), 0);
    ck_assert_int_eq(xd_vcpu_start(m.peer, send_it, &port), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    xd_guest_on_upcall(m.v0, hear, m.v0);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_virq_raise(m.v0, VIRQ_TIMER);
    xd_preempt();
    ck_assert_uint_eq(xd_console_input(m.hv, "typed\n", 6), 6);
    c.command_line = "root=\"/dev/xvda\"";
    c.handle[3] = 0x80;
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &d), 0);
    xd_advance(m.hv, 123456);
    xd_domain_destroy(m.d2);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    same_again();
    ck_says("sched_op poll ports=[3] = 0 blocked\n");
    ck_says("advance 123456ns\n");
    ck_says("virq TIMER\n");
    ck_says("domain d3 total=2048 ");
    ck_says("destroy d2\n");
}
END_TEST

#if XD_ACCESS_GUARDED
/* What Xen does about a store is a step; what merely goes to a frame is that frame's contents. */
START_TEST(page_tables_that_are_written_in_a_mirror)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    const struct xd_start *s;
    volatile uint64_t *l1;
    char line[64];

    machine_teardown(&m);
    remove_all();
    begin("r.xds");
    m = (struct machine){0};
    c.virt_base = xd_guest_room(UINT64_C(1) << 30);
    ck_assert_int_eq(xd_hv_create(&m.hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    if (xd_guest_mirror(m.d1, NULL)) { /* a tool hides faults */
        ck_assert_ptr_nonnull(strstr(xd_hv_error(m.hv), "there is no mirror under"));
        machine_teardown(&m);
        return;
    }
    ck_assert_int_eq(xd_enter(xd_vcpu_at(m.d1, 0)), 0);
    ck_assert_int_eq(HYPERVISOR_vm_assist(0, 2), 0); /* writable page tables */
    s = xd_domain_start(m.d1);
    l1 = (volatile uint64_t *)xd_guest_page_table(m.d1) + 512u * (s->pt_frames - 1);
    *(volatile uint64_t *)xd_guest_at(m.d1, s->padding_va) = 5;
    l1[511] = 0;
    ((volatile uint32_t *)l1)[1020] = 0; /* half an entry, and what it becomes is no entry */
    same_again();
    snprintf(line, sizeof(line), "\nstore %#lx 0 = emulated\n", (unsigned long)(uintptr_t)&l1[511]);
    ck_says(line);
    snprintf(line, sizeof(line), "\nstore %#lx 0 size=4 = ", (unsigned long)(uintptr_t)&l1[510]);
    ck_says(line);
    ck_says("[0] 0x5\n");
}
END_TEST
#endif

START_TEST(a_domain_that_crashes)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind), 0);
    xd_leave();
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_virq_raise(m.v0, VIRQ_TIMER);
    ck_assert_int_eq(xd_vcpu_start(m.v0, send_it, &bind.port), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    same_again();
    ck_says("crash d1\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");

    tcase_add_checked_fixture(tc, setup, teardown_files);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, events_and_the_guests_own_bits);
    tcase_add_test(tc, page_tables);
    tcase_add_test(tc, multicalls_and_what_a_hook_answers);
    tcase_add_loop_test(tc, elements_that_a_lever_answers, 0, 2);
    tcase_add_test(tc, events_upcalls_and_frames_from_outside);
    tcase_add_loop_test(tc, suspending_and_what_comes_of_it, 0, 2);
    tcase_add_test(tc, memory_of_all_kinds);
    tcase_add_loop_test(tc, transfers_that_share_memory, 0, WAYS_TO_SHARE);
    tcase_add_test(tc, operands_that_are_shared_are_said_in_words);
    tcase_add_test(tc, what_the_host_was_refused);
    tcase_add_test(tc, a_multicall_that_sleeps);
    tcase_add_test(tc, vcpus_time_upcalls_and_the_host);
#if XD_ACCESS_GUARDED
    tcase_add_test(tc, page_tables_that_are_written_in_a_mirror);
#endif
    tcase_add_test(tc, a_domain_that_crashes);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
