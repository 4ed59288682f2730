/* SPDX-License-Identifier: MIT */
/*
 * test-fifo-threads.c: queues of events with vCPUs that really run at once: d1's last vCPUs and d2 send while the first ones take
 * their queues apart in shared memory, by the protocol and without a call.
 *
 * A sender sends on a port again when the event before was taken, so each send must be taken exactly once. What it sends is in plain
 * memory: the event alone carries it across, and ThreadSanitizer sees if it does not.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <xen/interface/vcpu.h>

#define PORTS   24u /* for each sender */
#define SENDERS 3u  /* d1v2, d1v3, d2v0 */
#define ALL     (PORTS * SENDERS)
#define TAKERS  2u /* d1v0, d1v1 */
#define QUEUES  4u /* in use: priorities 0, 5, 10, 15 */
#define WORDS   1024u
#define BIT(n)  (UINT32_C(1) << (n))

static struct machine m;
static struct xd_vcpu *taker[TAKERS], *sender[SENDERS];
static struct evtchn_fifo_control_block *block[TAKERS];
static event_word_t *words;
static unsigned int rounds;
static bool moving; /* ports go to other vCPUs and queues meanwhile, so their order means nothing */

static struct channel {
    evtchn_port_t to, from; /* of d1; what the sender sends on */
    unsigned int owner;     /* of sender[] */
    bool masks;             /* its taker keeps it masked while it looks */
    uint32_t sent;          /* plain: by the sender, before it sends */
    uint32_t stamp;         /* plain: the sender's how-manieth send this is */
    uint32_t taken;         /* atomic: by a taker, when it has seen it */
} channel[ALL];
static struct channel *of_port[WORDS];
static uint32_t head[TAKERS][EVTCHN_FIFO_MAX_QUEUES]; /* where each taker goes on in a queue */
static uint32_t last_stamp[SENDERS][EVTCHN_FIFO_MAX_QUEUES];
static uint32_t taken_all; /* atomic */

#define must(cond) ((cond) ? (void)0 : broken(#cond, __LINE__))

static void broken(const char *what, int line)
{
    fprintf(stderr, "test-fifo-threads.c:%d: %s does not hold\n", line, what);
    abort();
}

static uint32_t priority_of(const struct channel *c)
{
    return (uint32_t)(c - channel) % QUEUES * 5;
}

/* ---- Setting up, before the run ---- */

static void evtchn(struct xd_vcpu *v, uint64_t cmd, void *op)
{
    const uint64_t arg[6] = {cmd, (uintptr_t)op};

    ck_assert_int_eq((int)xd_hypercall(v, __HYPERVISOR_event_channel_op, arg), 0);
}

static void *page_of_d1(uint64_t k, uint64_t *mfn)
{
    *mfn = xd_domain_mfn(m.d1, xd_domain_start(m.d1)->first_free_pfn + k);
    return (void *)(uintptr_t)xd_frame_contents(m.hv, *mfn);
}

static void use_queues(void)
{
    struct evtchn_expand_array array;
    struct evtchn_init_control control;
    uint64_t mfn;

    for (unsigned int i = 0; i < TAKERS; i++) {
        block[i] = page_of_d1(i, &mfn);
        control = (struct evtchn_init_control){.control_gfn = mfn, .vcpu = i};
        evtchn(m.v0, EVTCHNOP_init_control, &control);
    }
    words = page_of_d1(TAKERS, &mfn);
    array.array_gfn = mfn;
    evtchn(m.v0, EVTCHNOP_expand_array, &array);
}

static void open_channel(struct channel *c)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_set_priority set = {.priority = priority_of(c)};

    c->owner = (unsigned int)(c - channel) / PORTS;
    c->masks = (unsigned int)(c - channel) % 3 == 2;
    if (sender[c->owner] == m.peer) {
        machine_connect(&m, &c->to, &c->from);
    } else {
        evtchn(m.v0, EVTCHNOP_bind_ipi, &ipi);
        c->to = c->from = ipi.port;
    }
    ck_assert_uint_lt(c->to, WORDS);
    of_port[c->to] = c;
    set.port = c->to;
    evtchn(m.v0, EVTCHNOP_set_priority, &set);
}

static void setup(void)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;

    memset(channel, 0, sizeof(channel));
    memset(head, 0, sizeof(head));
    memset(last_stamp, 0, sizeof(last_stamp));
    taken_all = 0;
    moving = false;
    rounds = RUNNING_ON_VALGRIND ? 5 : 150;
    c.vcpus = c.vcpus_online = TAKERS + SENDERS - 1;
    ck_assert_int_eq(xd_hv_create(&m.hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &m.d1), 0);
    ck_assert_int_eq(xd_domain_create(m.hv, NULL, &m.d2), 0);
    m.peer = xd_vcpu_at(m.d2, 0);
    xd_guest_link(m.hv);
    for (unsigned int i = 0; i < TAKERS; i++)
        taker[i] = xd_vcpu_at(m.d1, i);
    for (unsigned int i = 0; i < SENDERS; i++)
        sender[i] = i + 1 < SENDERS ? xd_vcpu_at(m.d1, TAKERS + i) : m.peer;
    m.v0 = taker[0];
    m.v1 = taker[1];
    use_queues();
    for (unsigned int i = 0; i < ALL; i++)
        open_channel(&channel[i]);
}

static void teardown(void)
{
    machine_teardown(&m);
}

/* ---- Senders ---- */

/* A round sends on each port, as soon as the one before was taken there. */
static void send_rounds(void *who)
{
    const unsigned int me = (unsigned int)(uintptr_t)who;
    uint32_t stamp = 0;

    for (unsigned int r = 0; r < rounds; r++)
        for (unsigned int i = 0; i < PORTS; i++) {
            struct channel *c = &channel[me * PORTS + i];
            struct evtchn_send op = {.port = c->from};

            while (__atomic_load_n(&c->taken, __ATOMIC_ACQUIRE) != r)
                xd_preempt();
            c->sent = r + 1;
            c->stamp = ++stamp;
            must(HYPERVISOR_event_channel_op(EVTCHNOP_send, &op) == 0);
        }
}

/* ---- Takers: the protocol ---- */

static uint32_t word_change(event_word_t *word, uint32_t set, uint32_t clear)
{
    uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    while (!__atomic_compare_exchange_n(word, &old, (old | set) & ~clear, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
        ;
    return old;
}

/* Xen is linking behind a word that is BUSY: it may not be unmasked then. */
static void unmask(evtchn_port_t port)
{
    struct evtchn_unmask op = {.port = port};
    uint32_t old = __atomic_load_n(&words[port], __ATOMIC_SEQ_CST);

    do
        old &= ~BIT(EVTCHN_FIFO_BUSY);
    while (!__atomic_compare_exchange_n(&words[port], &old, old & ~BIT(EVTCHN_FIFO_MASKED), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (old & BIT(EVTCHN_FIFO_PENDING))
        must(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op) == 0);
}

/* The event is pending: what was sent lies there, once, and in order among those of its sender and queue. */
static void handle(evtchn_port_t port, uint32_t queue)
{
    struct channel *c = of_port[port];

    must(c != NULL);
    if (c->masks)
        word_change(&words[port], BIT(EVTCHN_FIFO_MASKED), 0);
    must(word_change(&words[port], 0, BIT(EVTCHN_FIFO_PENDING)) & BIT(EVTCHN_FIFO_PENDING));
    must(c->sent == __atomic_load_n(&c->taken, __ATOMIC_RELAXED) + 1);
    if (!moving) {
        must(queue == priority_of(c));
        must(c->stamp > last_stamp[c->owner][queue]);
        last_stamp[c->owner][queue] = c->stamp;
    }
    __atomic_store_n(&c->taken, c->sent, __ATOMIC_RELEASE);
    __atomic_add_fetch(&taken_all, 1, __ATOMIC_SEQ_CST);
    if (c->masks)
        unmask(port);
}

/* The first event of a queue. True: more are behind it. */
static bool take_first(unsigned int me, uint32_t queue)
{
    uint32_t port = head[me][queue], old;

    if (!port)
        port = __atomic_load_n(&block[me]->head[queue], __ATOMIC_ACQUIRE);
    must(port > 0 && port < WORDS);
    old = word_change(&words[port], 0, BIT(EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK);
    must(old & BIT(EVTCHN_FIFO_LINKED));
    head[me][queue] = old & EVTCHN_FIFO_LINK_MASK;
    old = __atomic_load_n(&words[port], __ATOMIC_SEQ_CST);
    if (old & BIT(EVTCHN_FIFO_PENDING) && !(old & BIT(EVTCHN_FIFO_MASKED)))
        handle(port, queue);
    return head[me][queue] != 0;
}

static void drain(void *who)
{
    const unsigned int me = (unsigned int)(uintptr_t)who;
    struct vcpu_info *info = xd_guest_vcpu_info(taker[me]);
    uint32_t ready;

    must(xd_self() == taker[me] && info->evtchn_upcall_mask == 1);
    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    ready = __atomic_exchange_n(&block[me]->ready, 0, __ATOMIC_SEQ_CST);
    while (ready) {
        uint32_t queue = (uint32_t)__builtin_ctz(ready);

        if (!take_first(me, queue))
            ready &= ~BIT(queue);
        ready |= __atomic_exchange_n(&block[me]->ready, 0, __ATOMIC_SEQ_CST);
    }
}

static uint32_t taken(void)
{
    return __atomic_load_n(&taken_all, __ATOMIC_SEQ_CST);
}

/* Nothing wakes it but events. */
static void sleep_and_take(void *unused)
{
    (void)unused;
    while (taken() < ALL * rounds)
        must(HYPERVISOR_sched_op(SCHEDOP_block, NULL) == 0);
}

static void wait_and_take(void *who)
{
    xd_guest_vcpu_info(taker[(uintptr_t)who])->evtchn_upcall_mask = 0;
    while (taken() < ALL * rounds)
        xd_preempt();
}

/* While it takes, ports go from vCPU to vCPU and from queue to queue. */
static void move_and_take(void *who)
{
    uint32_t i = 0;

    xd_guest_vcpu_info(taker[(uintptr_t)who])->evtchn_upcall_mask = 0;
    for (; taken() < ALL * rounds; i++) {
        const struct channel *c = &channel[i * 7 % ALL];
        struct evtchn_bind_vcpu bind = {.port = c->to, .vcpu = i / ALL % TAKERS};
        struct evtchn_set_priority set = {.port = c->to, .priority = (i * 5 + i / ALL) % 16};

        must(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind) ==
             (sender[c->owner] == m.peer ? 0 : -(int)XD_EINVAL)); /* an IPI stays */
        must(HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &set) == 0);
    }
}

/* ---- Tests ---- */

static void run(void)
{
    struct xd_run_config c = XD_RUN_CONFIG_DEFAULT;

    for (uintptr_t i = 0; i < SENDERS; i++)
        start(sender[i], send_rounds, (void *)i);
    c.threads = true;
    c.points_max = 0; /* how many it passes is the machine's matter; the time limit ends it */
    ck_assert_int_eq(xd_run(m.hv, &c), XD_RUN_FINISHED);
    ck_assert_uint_eq(taken_all, ALL * rounds);
    for (unsigned int i = 0; i < ALL; i++) {
        ck_assert_uint_eq(channel[i].taken, rounds);
        ck_assert_uint_eq(words[channel[i].to] & ~(EVTCHN_FIFO_LINK_MASK | BIT(EVTCHN_FIFO_BUSY)),
                          0);
    }
}

START_TEST(each_event_is_taken_once_and_in_order)
{
    xd_guest_on_upcall(taker[0], drain, (void *)0);
    start(taker[0], _i ? wait_and_take : sleep_and_take, (void *)0);
    run();
}
END_TEST

START_TEST(ports_move_while_they_are_sent_on)
{
    moving = true;
    for (uintptr_t i = 0; i < TAKERS; i++) {
        xd_guest_on_upcall(taker[i], drain, (void *)i);
        start(taker[i], i ? move_and_take : wait_and_take, (void *)i);
    }
    run();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fifo-threads");
    TCase *tc = tcase_create("fifo-threads");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 100);
    tcase_add_loop_test(tc, each_event_is_taken_once_and_in_order, 0, 2);
    tcase_add_test(tc, ports_move_while_they_are_sent_on);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
