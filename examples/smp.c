/* SPDX-License-Identifier: MIT */
/*
 * smp.c: a kernel's way to its second processor: a context with an entry point and a stack (VCPUOP_initialise), up
 * (VCPUOP_up), work by events in both directions, and down again; and its test.
 *
 *     cc -mno-red-zone smp.c $(pkg-config --cflags --libs xendouble check) -o smp && ./smp
 *     XENDOUBLE_SCHED=threads ./smp    # both really at once
 */
#include <errno.h>
#include <string.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/xen.h>
#include <xendouble/check.h>

/* ---- The guest ---- */

#define ROUNDS 10u

/* What a processor is started with. */
struct cpu {
    int id;
    struct shared_info *shared;
    evtchn_port_t port; /* it is told by */
    struct cpu *other;
    unsigned int sum;
    unsigned char stack[65536] __attribute__((aligned(4096)));
};

static struct cpu cpus[2];

static void tell(const struct cpu *to)
{
    struct evtchn_send send = {.port = to->port};

    HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

static void wait(struct cpu *me)
{
    const unsigned long bit = 1ul << me->port % 64;
    struct sched_poll poll = {.nr_ports = 1};

    set_xen_guest_handle(poll.ports, &me->port);
    while (
        !(__atomic_fetch_and(&me->shared->evtchn_pending[me->port / 64], ~bit, __ATOMIC_SEQ_CST) &
          bit))
        HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

/* The first function of the second processor: it has a stack, RDI, and nowhere to return to. */
static void cpu_main(struct cpu *me)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        wait(me);
        me->sum += me->other->sum;
        tell(me->other);
    }
    for (;;)
        HYPERVISOR_vcpu_op(VCPUOP_down, me->id, NULL);
}

static int bring_up(struct cpu *cpu, unsigned long cr3)
{
    static struct vcpu_guest_context context; /* large for a stack */
    int rc;

    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.ctrlreg[3] = cr3;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.user_regs.rip = (unsigned long)cpu_main;
    context.user_regs.rdi = (unsigned long)cpu;
    context.user_regs.rsp =
        (unsigned long)cpu->stack + sizeof(cpu->stack) - 8; /* as behind a call */
    context.kernel_sp = context.user_regs.rsp;
    rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, cpu->id, &context);
    return rc ? rc : HYPERVISOR_vcpu_op(VCPUOP_up, cpu->id, NULL);
}

struct boot {
    struct shared_info *shared;
    unsigned long cr3;
    int rc;
};

static void kernel(void *arg)
{
    struct boot *boot = arg;

    for (int id = 0; id < 2; id++) {
        struct evtchn_bind_ipi bind = {.vcpu = (uint32_t)id};

        boot->rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);
        if (boot->rc)
            return;
        cpus[id].id = id;
        cpus[id].shared = boot->shared;
        cpus[id].port = bind.port;
        cpus[id].other = &cpus[!id];
    }
    boot->rc = bring_up(&cpus[1], boot->cr3);
    for (unsigned int i = 1; boot->rc == 0 && i <= ROUNDS; i++) {
        cpus[0].sum = i;
        tell(&cpus[1]);
        wait(&cpus[0]);
    }
    while (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 1)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    for (int id = 0; id < 2; id++) {
        struct evtchn_close done = {.port = cpus[id].port};

        HYPERVISOR_event_channel_op(EVTCHNOP_close, &done);
    }
}

/* ---- The test ---- */

static struct xd_check x;

static void setup(void)
{
    struct xd_check_options o = {.vcpus = 2, .online = 1};

    xd_check_setup_with(&x, &o);
    memset(cpus, 0, sizeof(cpus));
}

static void teardown(void)
{
    xd_check_teardown(&x);
}

START_TEST(the_second_processor_works)
{
    struct boot boot = {.shared = xd_guest_shared_info(x.d),
                        .cr3 = (unsigned long)xd_domain_start(x.d)->cr3_mfn << 12};

    xd_leave();
    ck_assert_int_eq(xd_vcpu_start(x.v, kernel, &boot), 0);
    ck_assert_int_eq(xd_run(x.hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(boot.rc, 0);
    ck_assert_uint_eq(cpus[1].sum, ROUNDS * (ROUNDS + 1) / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smp");
    TCase *tc = tcase_create("smp");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_second_processor_works);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
