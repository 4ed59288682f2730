/* SPDX-License-Identifier: MIT */
/*
 * driver.c: a minimal pair of PV drivers, front end and back end, and its tests: a ring in a page that
 * both have, an event channel between two domains, and errors of Xen's brought about by a hook.
 *
 *     cc driver.c $(pkg-config --cflags --libs xendouble check) -o driver && ./driver
 *
 * How both ends come by the page (a grant, a foreign mapping) is not part of it: the test gives it to
 * them.
 */
#include <stdbool.h>
#include <string.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/io/ring.h>
#include <xen/interface/sched.h>
#include <xen/interface/xen.h>
#include <xendouble/check.h>

struct request {
    uint32_t id;
    int32_t a, b;
};
struct response {
    uint32_t id;
    int32_t quotient;
    int32_t status; /* 0, or a negative errno of Xen's */
};
DEFINE_RING_TYPES(div, struct request, struct response);

#define PAGE 4096

/* Makes an event-channel call; the answer to it, or a negative errno. */
static int notify(evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

/* Sleeps until an event comes to the port. */
static int wait_for(evtchn_port_t port)
{
    struct sched_poll poll = {.nr_ports = 1};

    set_xen_guest_handle(poll.ports, &port);
    return HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

static void clear(struct shared_info *s, evtchn_port_t port)
{
    __atomic_fetch_and(&s->evtchn_pending[port / 64], ~(1ul << port % 64), __ATOMIC_SEQ_CST);
}

static int close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_close, &op);
}

/* ---- The front end ---- */

struct front {
    struct div_front_ring ring;
    struct shared_info *shared;
    evtchn_port_t port;
};

static int front_connect(struct front *f, struct div_sring *page, domid_t back)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = back};
    int rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    if (rc)
        return rc;
    XEN_FRONT_RING_INIT(&f->ring, page, PAGE);
    f->port = op.port;
    return 0;
}

/* a / b, by the other domain. 0 or a negative errno. */
static int front_divide(struct front *f, int a, int b, int *quotient)
{
    struct request req = {.id = f->ring.req_prod_pvt, .a = a, .b = b};
    struct response rsp;
    int wanted, more;

    *RING_GET_REQUEST(&f->ring, f->ring.req_prod_pvt) = req;
    f->ring.req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&f->ring, wanted);
    if (wanted) {
        int rc = notify(f->port);

        if (rc)
            return rc;
    }
    for (;;) {
        RING_FINAL_CHECK_FOR_RESPONSES(&f->ring, more);
        if (more)
            break;
        wait_for(f->port);
        clear(f->shared, f->port);
    }
    RING_COPY_RESPONSE(&f->ring, f->ring.rsp_cons, &rsp); /* once: the other end can change it */
    f->ring.rsp_cons++;
    if (rsp.id != req.id)
        return -XEN_EIO;
    *quotient = rsp.quotient;
    return rsp.status;
}

/* ---- The back end ---- */

struct back {
    struct div_back_ring ring;
    struct shared_info *shared;
    evtchn_port_t port;
    bool stop; /* set by the other end, which sends an event then */
};

static int back_connect(struct back *b, struct div_sring *page, domid_t front, evtchn_port_t port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = front, .remote_port = port};
    int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    if (rc)
        return rc;
    BACK_RING_INIT(&b->ring, page, PAGE);
    b->port = op.local_port;
    return 0;
}

static void back_serve(void *arg)
{
    struct back *b = arg;
    int wanted, more;

    while (!__atomic_load_n(&b->stop, __ATOMIC_ACQUIRE)) {
        RING_FINAL_CHECK_FOR_REQUESTS(&b->ring, more);
        if (!more) {
            wait_for(b->port);
            clear(b->shared, b->port);
            continue;
        }
        while (RING_HAS_UNCONSUMED_REQUESTS(&b->ring)) {
            struct response rsp = {0};
            struct request req;

            RING_COPY_REQUEST(&b->ring, b->ring.req_cons, &req);
            b->ring.req_cons++;
            rsp.id = req.id;
            rsp.status = req.b ? 0 : -XEN_EDOM;
            rsp.quotient = req.b ? req.a / req.b : 0;
            *RING_GET_RESPONSE(&b->ring, b->ring.rsp_prod_pvt) = rsp;
            b->ring.rsp_prod_pvt++;
        }
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&b->ring, wanted);
        if (wanted)
            notify(b->port);
    }
}

/* ---- The tests ---- */

static struct xd_check x;
static struct front front;
static struct back back;
static union {
    struct div_sring ring;
    unsigned char bytes[PAGE];
} page __attribute__((aligned(PAGE)));

static void setup(void)
{
    xd_check_setup(&x);
    memset(&front, 0, sizeof(front));
    memset(&back, 0, sizeof(back));
    front.shared = xd_guest_shared_info(x.d);
    back.shared = xd_guest_shared_info(x.peer);
}

static void teardown(void)
{
    xd_check_teardown(&x); /* fails the test if the front end leaks a port */
}

/* What the front end does in a test, and what became of it. */
struct job {
    void (*ask)(struct job *job);
    int status, quotient, wrong;
};

static void front_main(void *arg)
{
    struct job *job = arg;

    job->ask(job);
    __atomic_store_n(&back.stop, true, __ATOMIC_RELEASE);
    notify(front.port);
}

/*
 * Both ends are connected by this thread, as one vCPU after the other; then each runs on its own. They take turns on this
 * thread, or are really concurrent if XENDOUBLE_SCHED=threads says so.
 */
static void play(struct job *job)
{
    struct xd_vcpu *peer = xd_vcpu_at(x.peer, 0);

    ck_assert_call_ok(front_connect(&front, &page.ring, (domid_t)xd_domain_id(x.peer)));
    ck_assert_int_eq(xd_enter(peer), 0);
    ck_assert_call_ok(back_connect(&back, &page.ring, (domid_t)xd_domain_id(x.d), front.port));
    xd_leave();
    ck_assert_int_eq(xd_vcpu_start(x.v, front_main, job), 0);
    ck_assert_int_eq(xd_vcpu_start(peer, back_serve, &back), 0);
    ck_assert_int_eq(xd_run(x.hv, NULL), XD_RUN_FINISHED);
    ck_assert_int_eq(xd_enter(x.v), 0);
    ck_assert_call_ok(close_port(front.port));
}

static void ask_many(struct job *job)
{
    for (int i = 1; i < 200; i++) {
        job->status = front_divide(&front, 1000, i, &job->quotient);
        job->wrong += job->status != 0 || job->quotient != 1000 / i;
    }
}

START_TEST(many_requests_go_round_the_ring)
{
    struct job job = {.ask = ask_many};

    play(&job);
    ck_assert_int_eq(job.wrong, 0);
}
END_TEST

static void ask_for_the_impossible(struct job *job)
{
    job->status = front_divide(&front, 1, 0, &job->quotient);
    job->wrong = front_divide(&front, 6, 2, &job->quotient);
}

START_TEST(the_other_end_can_refuse)
{
    struct job job = {.ask = ask_for_the_impossible};

    play(&job);
    ck_assert_int_eq(job.status, -XEN_EDOM);
    ck_assert_int_eq(job.wrong, 0);
    ck_assert_int_eq(job.quotient, 3);
}
END_TEST

START_TEST(no_port_is_left)
{
    ck_assert_int_gt(xd_fail_nth(x.d, "event_channel_op.alloc_unbound", 1, XEN_ENOSPC), 0);
    ck_assert_int_eq(front_connect(&front, &page.ring, 2), -XEN_ENOSPC);
}
END_TEST

static void ask_once(struct job *job)
{
    job->status = front_divide(&front, 6, 2, &job->quotient);
}

START_TEST(a_notification_fails)
{
    struct job job = {.ask = ask_once};

    ck_assert_int_gt(xd_fail_nth(x.d, "event_channel_op.send", 1, XEN_ENOSPC), 0);
    play(&job);
    ck_assert_int_eq(job.status, -XEN_ENOSPC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("driver");
    TCase *tc = tcase_create("driver");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, many_requests_go_round_the_ring);
    tcase_add_test(tc, the_other_end_can_refuse);
    tcase_add_test(tc, no_port_is_left);
    tcase_add_test(tc, a_notification_fails);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
