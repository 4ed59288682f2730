/* SPDX-License-Identifier: MIT */
/*
 * entry.c: a guest that begins in assembly (entry.S), calls through hypercall_page, takes its events
 * by Xen's own frame and leaves them by the iret hypercall; and its test.
 *
 *     cc -mno-red-zone entry.c entry.S $(pkg-config --cflags --libs xendouble check) -o entry && ./entry
 */
#include <xen/interface/event_channel.h>
#include <xen/interface/xen.h>
#include <xendouble/check.h>

/* ---- The guest: what an assembly entry calls in C ---- */

void guest_start(struct vcpu_info *info);
void guest_main(struct vcpu_info *info);
void handle_events(void);

static struct shared_info *shared;
static struct vcpu_info *self;
static unsigned int seen[64]; /* events, by port */
static evtchn_port_t own;     /* a port to tell oneself something by */

/* With events masked, as Xen enters it. */
void handle_events(void)
{
    unsigned long words, bits;

    __asm__ volatile("xorps %%xmm7, %%xmm7" : : : "xmm7"); /* as compiled code may */
    self->evtchn_upcall_pending = 0; /* before looking, so that none is missed */
    words = __atomic_exchange_n(&self->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (unsigned int w = 0; w < 64; w++) {
        if (!(words >> w & 1))
            continue;
        bits = __atomic_exchange_n(&shared->evtchn_pending[w], 0, __ATOMIC_SEQ_CST);
        for (unsigned int b = 0; w == 0 && b < 64; b++)
            seen[b] += bits >> b & 1;
    }
}

void guest_main(struct vcpu_info *info)
{
    struct evtchn_send send = {.port = own};

    (void)info;
    for (unsigned int i = 0; i < 3; i++)
        HYPERVISOR_event_channel_op(EVTCHNOP_send, &send); /* the event comes before it returns */
}

/* ---- The test ---- */

static struct xd_check x;

static void setup(void)
{
    xd_check_setup(&x);
    shared = xd_guest_shared_info(x.d);
    self = xd_guest_vcpu_info(x.v);
    memset(seen, 0, sizeof(seen));
}

static void teardown(void)
{
    xd_check_teardown(&x);
}

START_TEST(events_enter_by_the_frame)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_close done;
    struct evtchn_send early;

    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi));
    early.port = own = ipi.port;
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_send, &early));
    ck_assert_pending(x.d, own);
    ck_assert_uint_eq(seen[own], 0); /* a guest starts with events masked */
    guest_start(self);
    ck_assert_uint_eq(seen[own], 4);
    ck_assert_not_pending(x.d, own);
    ck_assert_uint_eq(self->evtchn_upcall_mask, 0); /* iret let them in again */
    done.port = own;
    ck_assert_call_ok(HYPERVISOR_event_channel_op(EVTCHNOP_close, &done));
}
END_TEST

/* Enters as Xen does, with (in) in a vector register; (out): what is there after the iret. */
static void enter_as_xen(const unsigned long in[2], unsigned long out[2])
{
    __asm__ volatile("movups (%0), %%xmm7\n\t"
                     "movq %%rsp, %%rax\n\t"
                     "andq $-16, %%rsp\n\t"
                     "pushq $0xe02b\n\t"
                     "pushq %%rax\n\t"
                     "pushfq\n\t"
                     "orq $0x200, (%%rsp)\n\t" /* IF: events were let in */
                     "pushq $0xe030\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "pushq %%r11\n\t"
                     "pushq %%rcx\n\t"
                     "jmp event_entry\n"
                     "1:\tmovups %%xmm7, (%1)"
                     :
                     : "r"(in), "r"(out)
                     : "rax", "xmm7", "memory", "cc");
}

START_TEST(vector_registers_are_kept)
{
    const unsigned long in[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    unsigned long out[2] = {0};

    enter_as_xen(in, out);
    ck_assert_uint_eq(out[0], in[0]);
    ck_assert_uint_eq(out[1], in[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("entry");
    TCase *tc = tcase_create("entry");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, events_enter_by_the_frame);
    tcase_add_test(tc, vector_registers_are_kept);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
