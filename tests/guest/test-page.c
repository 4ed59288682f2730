/* SPDX-License-Identifier: MIT */
/* test-page.c: hypercall_page: what survives a call, and objects that know Xen's headers only. */
#include "dies.h"
#include "guest.h"

#include "hv/hv.h"

#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* In register order of the processor's numbering: rax rcx rdx rbx ... is not it; see probe.S. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, GPRS };

struct probe {
    uint64_t gpr[GPRS];
    unsigned char ymm[16][32];
};

void probe_run(const struct probe *in, struct probe *out);
extern uint64_t probe_target, probe_skew, probe_avx;
extern char hypercall_page[128][32];

/* In an object that knows Xen's own headers only. */
int foreign_alloc_unbound(unsigned int remote, unsigned int *port);
int foreign_send(unsigned int port);
long foreign_version(void);

static struct machine m;
static struct probe in, out;
static unsigned int upcalls;

static void setup(void)
{
    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    probe_avx = (uint64_t) !!__builtin_cpu_supports("avx");
    for (unsigned int i = 0; i < sizeof(in); i++)
        ((unsigned char *)&in)[i] = (unsigned char)(i * 37 + 11);
}

static void teardown(void)
{
    machine_teardown(&m);
}

/* A call with these first arguments; everything that must survive did. */
static long call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    static const unsigned char survive[] = {RBX, RDX, RSI, RDI, RBP, R8,
                                            R9,  R10, R12, R13, R14, R15};

    in.gpr[RDI] = a0;
    in.gpr[RSI] = a1;
    in.gpr[RDX] = a2;
    in.gpr[R10] = a3;
    probe_target = (uintptr_t)hypercall_page[nr];
    memset(&out, 0, sizeof(out));
    probe_run(&in, &out);
    for (unsigned int i = 0; i < ARRAY_SIZE(survive); i++)
        ck_assert_msg(in.gpr[survive[i]] == out.gpr[survive[i]], "hypercall %u: register %u", nr,
                      survive[i]);
    ck_assert_uint_eq(out.gpr[RSP], 0);
    for (unsigned int i = 0; i < 16 && probe_avx; i++)
        ck_assert_msg(!memcmp(in.ymm[i], out.ymm[i], 32), "hypercall %u: ymm%u", nr, i);
    return (long)out.gpr[RAX];
}

START_TEST(everything_else_survives)
{
    for (probe_skew = 0; probe_skew < 64; probe_skew += 8)
        ck_assert_int_eq(call(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0), 0x40011);
    probe_skew = 3; /* no processor minds */
    ck_assert_int_eq(call(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0), 0x40011);
    probe_skew = 0;
}
END_TEST

/* AS-XEN: clobber_regs64: those that held arguments, unless Xen has no such call. */
START_TEST(a_debug_build_spoils_arguments)
{
    static const unsigned char args[] = {RDI, RSI, RDX, R10, R8, R9};
    const struct {
        unsigned int nr, args;
    } calls[] = {{__HYPERVISOR_xen_version, 2},       {__HYPERVISOR_mmu_update, 4},
                 {__HYPERVISOR_update_va_mapping, 3}, {__HYPERVISOR_stack_switch, 2},
                 {__HYPERVISOR_fpu_taskswitch, 1},    {__HYPERVISOR_hypfs_op, 5},
                 {__HYPERVISOR_argo_op, 0},           {63, 0}};
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_domain *d;
    struct xd_hv *hv;

    c.profile = XD_PROFILE_DEBUG;
    xd_leave();
    ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
        in.gpr[RDI] = in.gpr[RSI] = in.gpr[RDX] = in.gpr[R10] = 0;
        probe_target = (uintptr_t)hypercall_page[calls[i].nr];
        probe_run(&in, &out);
        for (unsigned int k = 0; k < ARRAY_SIZE(args); k++)
            ck_assert_msg(out.gpr[args[k]] ==
                              (k < calls[i].args ? UINT64_C(0xdeadbeefdeadf00d) : in.gpr[args[k]]),
                          "hypercall %u: argument %u is %#lx", calls[i].nr, k,
                          (unsigned long)out.gpr[args[k]]);
        ck_assert_uint_eq(out.gpr[RBX], in.gpr[RBX]);
        ck_assert_uint_eq(out.gpr[RSP], 0);
    }
    xd_leave();
    xd_hv_destroy(hv);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}
END_TEST

START_TEST(every_stub_makes_its_call)
{
    for (unsigned int nr = 0; nr < 128; nr++) {
        if (nr == __HYPERVISOR_iret || nr == __HYPERVISOR_sched_op_new ||
            nr == __HYPERVISOR_sched_op)
            continue;
        if (nr >= 64 || nr == 11 || nr == 38 || nr == 39)
            ck_refused(m.v0, call(nr, 0, 0, 0, 0), ENOSYS, HYPERCALL_UNKNOWN);
        else
            call(nr, UINT64_C(0xdead00000000), UINT64_C(0xdead00000000), 1, DOMID_SELF);
    }
}
END_TEST

/* Long copies, tables under validation, text: whatever libc would have done with vectors. */
START_TEST(everything_survives_work)
{
    char text[1024];
    const struct xd_start *s = xd_domain_start(m.d1);
    struct mmuext_op op[2] = {{.cmd = MMUEXT_UNPIN_TABLE}, {.cmd = MMUEXT_PIN_L4_TABLE}};
    struct mmuext_op copy[2] = {{.cmd = MMUEXT_CLEAR_PAGE}, {.cmd = MMUEXT_COPY_PAGE}};
    unsigned int done;
    uint64_t free0 = xd_domain_mfn(m.d1, s->first_free_pfn);

    ck_assert_int_eq(call(__HYPERVISOR_xen_version, XENVER_capabilities, (uintptr_t)text, 0, 0), 0);
    op[0].arg1.mfn = op[1].arg1.mfn = s->cr3_mfn;
    ck_assert_int_eq(call(__HYPERVISOR_mmuext_op, (uintptr_t)op, 2, (uintptr_t)&done, DOMID_SELF),
                     0);
    ck_assert_uint_eq(done, 2);
    copy[0].arg1.mfn = copy[1].arg1.mfn = free0;
    copy[1].arg2.src_mfn = xd_domain_mfn(m.d1, 0);
    ck_assert_int_eq(call(__HYPERVISOR_mmuext_op, (uintptr_t)copy, 2, (uintptr_t)&done, DOMID_SELF),
                     0);
    ck_assert_uint_eq(done, 2);
}
END_TEST

static void scribble(void)
{
    if (probe_avx)
        __asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0\n vmovaps %%xmm0, %%xmm7\n"
                         "vmovaps %%xmm0, %%xmm15\n vzeroupper" ::
                             : "xmm0", "xmm7", "xmm15");
}

static void on_call(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                    unsigned int depth)
{
    (void)v;
    (void)nr;
    (void)arg;
    (void)depth;
    ++*(unsigned int *)ctx;
    scribble();
}

START_TEST(everything_survives_hooks)
{
    unsigned int calls = 0;
    struct xd_hooks hooks = {.ctx = &calls, .call = on_call};

    xd_hooks_set(m.hv, &hooks);
    for (probe_skew = 0; probe_skew < 64; probe_skew += 8)
        ck_assert_int_eq(call(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0), 0x40011);
    probe_skew = 0;
    ck_assert_uint_eq(calls, 8);
}
END_TEST

static void on_upcall(void *ctx)
{
    struct vcpu_info *info = xd_guest_vcpu_info(ctx);

    upcalls++;
    ck_assert_uint_eq(info->evtchn_upcall_mask, 1);
    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    scribble();
}

START_TEST(everything_survives_an_upcall)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi), 0);
    xd_guest_on_upcall(m.v0, on_upcall, m.v0);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    send.port = ipi.port;
    upcalls = 0;
    ck_assert_int_eq(call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uintptr_t)&send, 0, 0), 0);
    ck_assert_uint_eq(upcalls, 1);
}
END_TEST

/* 128 stubs of 32 bytes, each with its number in eax, and traps where no code is. */
START_TEST(stubs_lie_where_they_are_called)
{
    const unsigned char *page = (const unsigned char *)hypercall_page;

    ck_assert_uint_eq((uintptr_t)page % 4096, 0);
    for (unsigned int nr = 0; nr < 128; nr++) {
        const unsigned char *stub = page + 32u * nr;
        const unsigned char mov[5] = {0xb8, (unsigned char)nr};

        if (nr == __HYPERVISOR_iret)
            ck_assert_int_eq(memcmp(stub, "\x51\x41\x53\x50", 4), 0); /* rcx, r11, rax */
        else
            ck_assert_int_eq(memcmp(stub, mov, sizeof(mov)), 0);
        ck_assert_uint_eq(stub[31], 0xcc);
    }
}
END_TEST

START_TEST(the_number_and_the_arguments_arrive)
{
    for (unsigned int nr = 0; nr < 128; nr++) {
        if (nr == __HYPERVISOR_iret || nr == __HYPERVISOR_sched_op_new ||
            nr == __HYPERVISOR_sched_op || nr == __HYPERVISOR_multicall)
            continue;
        call(nr, 0x101, 0x102, 0x103, 0x104);
        ck_assert_uint_eq(m.v0->rec.nr, nr);
        for (unsigned int i = 0; i < 4; i++)
            ck_assert_uint_eq(m.v0->rec.arg[i], 0x101 + i);
    }
}
END_TEST

static void __attribute__((noinline)) call_without_a_vcpu(void *unused)
{
    (void)unused;
    xd_leave();
    foreign_version();
    __asm__ volatile(""); /* no tail call: it is to be seen */
}

START_TEST(backtraces_go_through_a_stub)
{
    if (!XD_HAVE_UNWIND)
        return;
    ck_dies_saying(call_without_a_vcpu, NULL, "foreign_version");
    ck_dies_saying(call_without_a_vcpu, NULL, "call_without_a_vcpu");
}
END_TEST

static long __attribute__((noinline)) ask_for_too_much(void)
{
    long rc = foreign_send(999);

    __asm__ volatile(""); /* no tail call */
    return rc;
}

START_TEST(a_refusal_is_explained_with_who_asked)
{
    const uint64_t nothing[6] = {99};
    char *text;

    ck_refused(m.v0, ask_for_too_much(), EINVAL, EVTCHN_PORT_RANGE);
    text = xd_explain(m.v0);
    ck_assert_msg(strstr(text, "  send port=999\n"), "%s", text);
    if (XD_HAVE_UNWIND) {
        const char *from = strstr(text, "called from:\n    #0 foreign_send+");

        ck_assert_msg(from && strstr(from, "#1 ask_for_too_much+"), "%s", text);
    }
    free(text);
    /* The host's own calls come from nowhere. */
    ck_assert_int_lt(xd_hypercall(m.v0, __HYPERVISOR_xen_version, nothing), 0);
    text = xd_explain(m.v0);
    ck_assert_msg(!strstr(text, "called from"), "%s", text);
    free(text);
}
END_TEST

START_TEST(a_bad_pointer_is_efault_here_too)
{
    ck_refused(m.v0, call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, 16, 0, 0), EFAULT, COPY_IN);
}
END_TEST

START_TEST(foreign_objects_link_and_run)
{
    unsigned int port = 0;

    ck_assert_int_eq(foreign_version(), 0x40011);
    ck_assert_int_eq(foreign_alloc_unbound(2, &port), 0);
    ck_assert_uint_eq(port, 3);
    ck_assert_int_eq(foreign_send(port), 0);
    ck_refused(m.v0, foreign_send(999), EINVAL, EVTCHN_PORT_RANGE);
}
END_TEST

START_TEST(a_call_without_a_vcpu_ends_the_test)
{
    xd_leave();
    foreign_version();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tc = tcase_create("page");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, everything_else_survives);
    tcase_add_test(tc, a_debug_build_spoils_arguments);
    tcase_add_test(tc, every_stub_makes_its_call);
    tcase_add_test(tc, everything_survives_work);
    tcase_add_test(tc, everything_survives_hooks);
    tcase_add_test(tc, everything_survives_an_upcall);
    tcase_add_test(tc, stubs_lie_where_they_are_called);
    tcase_add_test(tc, the_number_and_the_arguments_arrive);
    tcase_add_test(tc, backtraces_go_through_a_stub);
    tcase_add_test(tc, a_refusal_is_explained_with_who_asked);
    tcase_add_test(tc, a_bad_pointer_is_efault_here_too);
    tcase_add_test(tc, foreign_objects_link_and_run);
    tcase_add_test_raise_signal(tc, a_call_without_a_vcpu_ends_the_test, SIGABRT);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
