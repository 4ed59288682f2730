/* SPDX-License-Identifier: MIT */
/* test-evtchn_fifo.c: event channels by queues, as far as scenarios/events/fifo*.xds don't tell it. */
#include "hv/evtchn_fifo.h"
#include "hv/frame.h"

#include "events.h"

#include <stdlib.h>

#define PENDING UINT32_C(0x80000000)
#define MASKED  UINT32_C(0x40000000)
#define LINKED  UINT32_C(0x20000000)
#define BUSY    UINT32_C(0x10000000)

static xd_mfn own_page(struct xd_domain *d, uint64_t nr)
{
    return xd_mfn_of(xd_domain_mfn(d, xd_domain_start(d)->first_free_pfn + nr));
}

static long init_control(struct xd_vcpu *v, uint32_t vcpu, uint32_t offset)
{
    struct xd_abi_evtchn_init_control op = {own_page(v->domain, 0).v, offset, vcpu, 0, {0}};

    return fixture_run(&f, v, HC, INIT_CONTROL, &op);
}

static long expand_array(struct xd_vcpu *v, uint64_t page)
{
    struct xd_abi_evtchn_expand_array op = {own_page(v->domain, page).v};
    uint64_t used = f.used;
    long rc = fixture_run(&f, v, HC, EXPAND_ARRAY, &op);

    f.used = used;
    return rc;
}

static long set_priority(struct xd_vcpu *v, uint32_t port, uint32_t priority)
{
    struct xd_abi_evtchn_set_priority op = {port, priority};

    return fixture_run(&f, v, HC, SET_PRIORITY, &op);
}

/* Words for 1024 ports, in page 1. */
static uint32_t *words(struct xd_domain *d)
{
    return (uint32_t *)(void *)xd_frame_words(d->hv, own_page(d, 1));
}

/* ready, nothing, and where the 16 queues begin; of vCPU 0. */
static uint32_t *block(struct xd_domain *d)
{
    return (uint32_t *)(void *)xd_frame_words(d->hv, own_page(d, 0));
}

static void start(struct xd_vcpu *v)
{
    ck_ok(v, init_control(v, 0, 0));
    ck_ok(v, expand_array(v, 1));
}

START_TEST(more_than_4096_ports_need_queues)
{
    uint64_t used = f.used;
    uint32_t port = 0;

    while (port < 4095) { /* the control domain may have any number */
        f.used = used;
        ck_ok(f.v0, bind_ipi(f.v0, 0, &port));
    }
    ck_refused(f.v0, bind_ipi(f.v0, 0, &port), ENOSPC, EVTCHN_FULL);
    ck_ok(f.v0, init_control(f.v0, 0, 0));
    ck_ok(f.v0, bind_ipi(f.v0, 0, &port));
    ck_assert_uint_eq(port, 4096);
    ck_ok(f.v0, on_port(f.v0, SEND, port));
    ck_assert(!xd_port_is_pending(f.d0, port)); /* its word is in page 4, */
    for (unsigned int page = 1; page <= 5; page++)
        ck_ok(f.v0, expand_array(f.v0, page));
    ck_assert(xd_port_is_pending(f.d0, port)); /* and now it is there */
    ck_assert_uint_eq(block(f.d0)[2 + XD_FIFO_PRIORITY], port);
    ck_ok(f.v0, reset(f.v0, RESET, DOMID_SELF));
    ck_assert_uint_eq(f.d0->ports_active, 0);
    ck_assert(!xd_port_is_pending(f.d0, port)); /* valid for ever, and no bitmap has a bit for it */
    ck_assert(xd_port_is_masked(f.d0, port));
    ck_assert_uint_eq(xd_frame_at(f.hv, own_page(f.d0, 1))->count, 1);
}
END_TEST

/* All ways in which events come, once in a queue each. */
START_TEST(every_kind_of_event_is_queued)
{
    uint32_t ipi, timer, p1, p2;

    ck_ok(f.v1, bind_ipi(f.v1, 0, &ipi));
    ck_ok(f.v1, bind_virq(f.v1, 0, 0, &timer));
    ck_ok(f.v1, alloc_unbound(f.v1, DOMID_SELF, 2, &p1));
    ck_ok(f.v2, bind_interdomain(f.v2, 1, p1, &p2));
    start(f.v1);
    ck_ok(f.v1, on_port(f.v1, SEND, ipi));
    ck_ok(f.v2, on_port(f.v2, SEND, p2));
    xd_virq_raise(f.v1, 0);
    ck_assert_uint_eq(block(f.d1)[2 + XD_FIFO_PRIORITY], ipi);
    ck_assert_uint_eq(words(f.d1)[ipi], PENDING | LINKED | p1);
    ck_assert_uint_eq(words(f.d1)[p1], PENDING | LINKED | timer);
    ck_assert_uint_eq(words(f.d1)[timer], PENDING | LINKED);
    ck_assert(upcall_pending(f.v1));
    ck_assert(!pending(f.d1, ipi));
    ck_assert_uint_eq(f.d1->vcpu[0].fifo.tail[XD_FIFO_PRIORITY], timer);
}
END_TEST

/* BUSY is Xen's, and goes when a port is put behind another. */
START_TEST(what_the_guest_did_to_the_last_word_does_not_matter)
{
    uint32_t a, b;

    ck_ok(f.v1, bind_ipi(f.v1, 0, &a));
    ck_ok(f.v1, bind_ipi(f.v1, 0, &b));
    start(f.v1);
    ck_ok(f.v1, on_port(f.v1, SEND, a));
    words(f.d1)[a] |= BUSY | MASKED | 0x1ffff;
    ck_ok(f.v1, on_port(f.v1, SEND, b));
    ck_assert_uint_eq(words(f.d1)[a], PENDING | LINKED | MASKED | b);
    /* Taken out, though it was never pending for the guest: the queue begins anew. */
    words(f.d1)[b] = 0;
    ck_ok(f.v1, on_port(f.v1, SEND, a));
    ck_assert_uint_eq(words(f.d1)[a], PENDING | LINKED | MASKED | b);
    words(f.d1)[a] = 0;
    ck_ok(f.v1, on_port(f.v1, SEND, a));
    ck_assert_uint_eq(block(f.d1)[2 + XD_FIFO_PRIORITY], a);
    ck_assert_uint_eq(words(f.d1)[a], PENDING | LINKED);
}
END_TEST

/* Moved while it was the last of its queue: that queue must not go on at it. */
START_TEST(a_port_that_moved_to_another_queue_ends_the_old_one)
{
    uint32_t a, b;

    ck_ok(f.v1, bind_ipi(f.v1, 0, &a));
    ck_ok(f.v1, bind_ipi(f.v1, 0, &b));
    start(f.v1);
    ck_ok(f.v1, on_port(f.v1, SEND, a));
    ck_ok(f.v1, set_priority(f.v1, a, 3));
    words(f.d1)[a] = 0;
    ck_ok(f.v1, on_port(f.v1, SEND, a));
    ck_assert_uint_eq(f.d1->vcpu[0].fifo.tail[XD_FIFO_PRIORITY], 0);
    ck_assert_uint_eq(f.d1->vcpu[0].fifo.tail[3], a);
    ck_ok(f.v1, on_port(f.v1, SEND, b));
    ck_assert_uint_eq(words(f.d1)[a], PENDING | LINKED);
    ck_assert_uint_eq(block(f.d1)[2 + XD_FIFO_PRIORITY], b);
    ck_assert_uint_eq(block(f.d1)[0], 1u << XD_FIFO_PRIORITY | 1u << 3);
    /* Bound anew, it has the priority that all begin with. */
    words(f.d1)[a] = 0;
    ck_ok(f.v1, on_port(f.v1, CLOSE, a));
    ck_ok(f.v1, bind_ipi(f.v1, 0, &a));
    ck_assert_uint_eq(f.d1->port[a].priority, XD_FIFO_PRIORITY);
}
END_TEST

START_TEST(pollers_hear_of_what_is_masked_too)
{
    uint32_t port;
    struct xd_abi_sched_poll op = {.nr_ports = 1};

    ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    start(f.v1);
    words(f.d1)[port] = MASKED;
    op.ports = fixture_place(&f, f.v1, &port, sizeof(port));
    ck_ok(f.v1, fixture_run(&f, f.v1, 29, 3, &op));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_BLOCKED);
    ck_ok(f.v1b, on_port(f.v1b, SEND, port));
    ck_assert_int_eq(xd_vcpu_state(f.v1), XD_STATE_RUNNING);
    ck_assert_uint_eq(words(f.d1)[port], MASKED | PENDING);
}
END_TEST

/* Going back takes all of it back, and going on leads to the same. */
START_TEST(a_snapshot_knows_queues)
{
    struct xd_snapshot s;
    uint64_t before, after = 0;
    uint32_t port;

    ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    ck_ok(f.v1, on_port(f.v1, SEND, port));
    before = xd_digest(f.hv);
    s = xd_snapshot(f.hv);
    for (unsigned int turn = 0; turn < 2; turn++) {
        uint64_t used = f.used;

        start(f.v1);
        ck_assert_uint_eq(words(f.d1)[port], PENDING | LINKED);
        if (turn)
            ck_assert_uint_eq(xd_digest(f.hv), after);
        after = xd_digest(f.hv);
        ck_assert_int_eq(xd_restore(f.hv, s), 0);
        f.used = used;
        ck_assert_uint_eq(xd_digest(f.hv), before);
    }
}
END_TEST

START_TEST(a_destroyed_domain_lets_go_of_its_pages)
{
    uint32_t free = f.hv->frames_free, pages = f.d2->pages;

    start(f.v2);
    xd_domain_destroy(f.d2);
    ck_assert_uint_ge(f.hv->frames_free, free + pages);
    ck_assert_uint_eq(f.d2->used, false);
    f.d2 = NULL;
}
END_TEST

/* A file of a machine may claim that. */
START_TEST(the_bitmaps_end_at_4096)
{
    char *report = NULL;

    f.d1->ports_valid = 4096 + XD_PORT_BUCKET;
    f.d1->port_max = XD_PORTS - 1;
    f.d1->ports_active++;
    f.d1->port[4096].state = XD_PORT_IPI;
    ck_assert_uint_gt(xd_audit(f.hv, &report), 0);
    ck_assert_msg(strstr(report, "beyond the 2-level bitmaps") != NULL, "%s", report);
    free(report);
    f.d1->port[4096].state = XD_PORT_FREE;
    f.d1->ports_active--;
}
END_TEST

/* The audit knows who holds the pages, and what can't be. */
START_TEST(the_audit_sees_what_is_wrong)
{
    static const char *const expected[] = {"are held", "has no word", "event array",
                                           "FIFO control block"};
    char *report = NULL;

    start(f.v1);
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
    switch (_i) {
    case 0: f.d1->fifo.pages = 0; break;
    case 1: f.d1->vcpu[0].fifo.tail[2] = 1024; break;
    case 2: f.d1->fifo.pages = XD_FIFO_PAGES + 1; break;
    default: f.d1->vcpu[0].fifo.off = 4; break;
    }
    ck_assert_uint_gt(xd_audit(f.hv, &report), 0);
    ck_assert_msg(strstr(report, expected[_i]) != NULL, "%s", report);
    free(report);
    f.d1->fifo.pages = 1;
    f.d1->vcpu[0].fifo.tail[2] = 0;
    f.d1->vcpu[0].fifo.off = 0;
}
END_TEST

START_TEST(a_port_is_explained)
{
    struct xd_str out = {0};
    uint32_t port;

    ck_ok(f.v1, bind_ipi(f.v1, 0, &port));
    start(f.v1);
    ck_ok(f.v1, on_port(f.v1, SEND, port));
    xd_explain_port(f.d1, port, &out);
    ck_assert_msg(strstr(xd_str_text(&out), "FIFO, priority 7; vCPU 0: in a queue") != NULL, "%s",
                  xd_str_text(&out));
    xd_str_free(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evtchn_fifo");
    TCase *tc = tcase_create("queues");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, more_than_4096_ports_need_queues);
    tcase_add_test(tc, every_kind_of_event_is_queued);
    tcase_add_test(tc, what_the_guest_did_to_the_last_word_does_not_matter);
    tcase_add_test(tc, a_port_that_moved_to_another_queue_ends_the_old_one);
    tcase_add_test(tc, pollers_hear_of_what_is_masked_too);
    tcase_add_test(tc, a_snapshot_knows_queues);
    tcase_add_test(tc, a_destroyed_domain_lets_go_of_its_pages);
    tcase_add_loop_test(tc, the_audit_sees_what_is_wrong, 0, 4);
    tcase_add_test(tc, the_bitmaps_end_at_4096);
    tcase_add_test(tc, a_port_is_explained);
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
