/* SPDX-License-Identifier: MIT */
/*
 * test-ring.c: the macros of io/ring.h: sizes, notification, overflow, and whole conversations.
 *
 * Conversations are driven by notifications alone, as real drivers are: a lost one stops them.
 */
#include <xen/interface/io/ring.h>

#include <check.h>
#include <stdbool.h>
#include <string.h>

struct question {
    uint32_t id;
    uint32_t number;
};

struct answer {
    uint32_t id;
    uint32_t square;
};

DEFINE_RING_TYPES(square, struct question, struct answer);

enum { PAGE = 4096, SLOTS = 256 };

static union {
    struct square_sring ring;
    char bytes[PAGE];
} shared;
static struct square_front_ring front;
static struct square_back_ring back;

/* Indices run freely: each test must hold where they wrap, too. */
static const RING_IDX starts[] = {0, 1, 0x7ffffff0, 0xffffffff, 0xffffff80};
enum { STARTS = sizeof(starts) / sizeof(starts[0]) };

static void start_at(RING_IDX i)
{
    memset(&shared, 0xff, sizeof(shared));
    XEN_FRONT_RING_INIT(&front, &shared.ring, PAGE);
    BACK_RING_INIT(&back, &shared.ring, PAGE);
    ck_assert_uint_eq(shared.ring.req_event, 1);
    ck_assert_uint_eq(shared.ring.rsp_event, 1);
    shared.ring.req_prod = shared.ring.rsp_prod = i;
    shared.ring.req_event = shared.ring.rsp_event = i + 1;
    FRONT_RING_ATTACH(&front, &shared.ring, i, PAGE);
    BACK_RING_ATTACH(&back, &shared.ring, i, PAGE);
}

START_TEST(ring_has_the_largest_power_of_two_of_slots_that_fits)
{
    enum { HEADER = offsetof(struct square_sring, ring), SLOT = 8 };
    struct {
        size_t bytes;
        unsigned int slots;
    } row[] = {
        {HEADER, 0},
        {HEADER + SLOT - 1, 0},
        {HEADER + SLOT, 1},
        {HEADER + 2 * SLOT, 2},
        {HEADER + 3 * SLOT, 2},
        {HEADER + 4 * SLOT, 4},
        {HEADER + 127 * SLOT, 64},
        {PAGE, SLOTS},
        {2 * PAGE, 512},
        {64 * PAGE, 16384},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        ck_assert_uint_eq(__CONST_RING_SIZE(square, row[i].bytes), row[i].slots);
        ck_assert_uint_eq(__RING_SIZE(&shared.ring, row[i].bytes), row[i].slots);
    }
    _Static_assert(__CONST_RING_SIZE(square, PAGE) == SLOTS, "must be a constant");
}
END_TEST

START_TEST(notify_only_when_the_event_index_is_passed)
{
    /* Event index and number of requests pushed, both relative to what was pushed before. */
    static const struct {
        unsigned int event, pushed;
        bool notify;
    } row[] = {
        {1, 0, false}, {1, 1, true}, {1, 5, true},  {2, 1, false}, {2, 2, true},
        {5, 4, false}, {5, 5, true}, {0, 1, false}, {0, 5, false}, {SLOTS, SLOTS, true},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bool notify;

        start_at(starts[_i]);
        shared.ring.req_event = starts[_i] + row[i].event;
        front.req_prod_pvt += row[i].pushed;
        RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
        ck_assert_msg(notify == row[i].notify, "row %zu", i);
        ck_assert_uint_eq(shared.ring.req_prod, starts[_i] + row[i].pushed);

        shared.ring.rsp_event = starts[_i] + row[i].event;
        back.rsp_prod_pvt += row[i].pushed;
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, notify);
        ck_assert_msg(notify == row[i].notify, "row %zu, responses", i);
        ck_assert_uint_eq(shared.ring.rsp_prod, starts[_i] + row[i].pushed);
    }
}
END_TEST

START_TEST(front_end_sees_a_full_ring)
{
    start_at(starts[_i]);
    ck_assert_uint_eq(RING_FREE_REQUESTS(&front), SLOTS);
    front.req_prod_pvt += SLOTS - 1;
    ck_assert(!RING_FULL(&front));
    front.req_prod_pvt++;
    ck_assert(RING_FULL(&front));
    front.rsp_cons++;
    ck_assert_uint_eq(RING_FREE_REQUESTS(&front), 1);
}
END_TEST

START_TEST(back_end_takes_no_more_than_the_ring_holds)
{
    start_at(starts[_i]);
    shared.ring.req_prod = starts[_i] + SLOTS + 7; /* as a hostile front end might */
    ck_assert_uint_eq(XEN_RING_NR_UNCONSUMED_REQUESTS(&back), SLOTS);
    ck_assert(RING_REQUEST_PROD_OVERFLOW(&back, shared.ring.req_prod));
    ck_assert(!RING_REQUEST_PROD_OVERFLOW(&back, starts[_i] + SLOTS));
    ck_assert(!RING_REQUEST_CONS_OVERFLOW(&back, starts[_i] + SLOTS - 1));
    ck_assert(RING_REQUEST_CONS_OVERFLOW(&back, starts[_i] + SLOTS));
    back.req_cons += SLOTS;
    ck_assert(!RING_HAS_UNCONSUMED_REQUESTS(&back));

    ck_assert(!RING_RESPONSE_PROD_OVERFLOW(&front, starts[_i] + SLOTS));
    ck_assert(RING_RESPONSE_PROD_OVERFLOW(&front, starts[_i] + SLOTS + 1));
}
END_TEST

START_TEST(final_check_asks_for_the_next_one)
{
    int work;

    start_at(starts[_i]);
    RING_FINAL_CHECK_FOR_REQUESTS(&back, work);
    ck_assert_int_eq(work, 0);
    ck_assert_uint_eq(shared.ring.req_event, starts[_i] + 1);
    front.req_prod_pvt += 2;
    RING_PUSH_REQUESTS(&front);
    shared.ring.req_event = 0;
    RING_FINAL_CHECK_FOR_REQUESTS(&back, work);
    ck_assert_int_ne(work, 0);
    ck_assert_uint_eq(shared.ring.req_event, 0); /* not asked: there is work already */
    back.req_cons += 2;
    RING_FINAL_CHECK_FOR_REQUESTS(&back, work);
    ck_assert_int_eq(work, 0);
    ck_assert_uint_eq(shared.ring.req_event, starts[_i] + 3);

    back.rsp_prod_pvt += 2;
    RING_PUSH_RESPONSES(&back);
    front.rsp_cons += 1;
    RING_FINAL_CHECK_FOR_RESPONSES(&front, work);
    ck_assert_int_ne(work, 0);
    front.rsp_cons += 1;
    RING_FINAL_CHECK_FOR_RESPONSES(&front, work);
    ck_assert_int_eq(work, 0);
    ck_assert_uint_eq(shared.ring.rsp_event, starts[_i] + 3);
}
END_TEST

/* A conversation: `asked` of QUESTIONS put so far, `answered` received. */
enum { QUESTIONS = 20000 };
static unsigned int asked, answered, notified_back, notified_front;
static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

/* Puts some questions; true if the back end is to be notified. */
static bool ask(void)
{
    unsigned int count = 1 + random_below(SLOTS);
    bool notify;

    while (count-- > 0 && asked < QUESTIONS && !RING_FULL(&front)) {
        struct question *q = RING_GET_REQUEST(&front, front.req_prod_pvt++);

        q->id = asked;
        q->number = asked * 3 + 1;
        asked++;
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
    return notify;
}

/* The back end's interrupt: answers all there is; true if the front end is to be notified. */
static bool serve(void)
{
    bool any = false, notify;
    int work;

    do {
        while (RING_HAS_UNCONSUMED_REQUESTS(&back)) {
            struct question q;
            struct answer *a;

            RING_COPY_REQUEST(&back, back.req_cons, &q);
            back.req_cons++;
            a = RING_GET_RESPONSE(&back, back.rsp_prod_pvt++);
            a->id = q.id;
            a->square = q.number * q.number;
            if (random_below(8) == 0) {
                RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, notify);
                any |= notify;
            }
        }
        RING_FINAL_CHECK_FOR_REQUESTS(&back, work);
    } while (work);
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, notify);
    return any | notify;
}

/* The front end's interrupt: takes all answers, which come in order here. */
static void take(void)
{
    int work;

    do {
        while (RING_HAS_UNCONSUMED_RESPONSES(&front)) {
            struct answer a;

            RING_COPY_RESPONSE(&front, front.rsp_cons, &a);
            front.rsp_cons++;
            ck_assert_uint_eq(a.id, answered);
            ck_assert_uint_eq(a.square, (a.id * 3 + 1) * (a.id * 3 + 1));
            answered++;
        }
        RING_FINAL_CHECK_FOR_RESPONSES(&front, work);
    } while (work);
}

START_TEST(conversation_ends_on_notifications_alone)
{
    bool wake_back = false, wake_front = false;

    start_at(starts[_i]);
    random_state = 12345 + (uint32_t)_i;
    asked = answered = notified_back = notified_front = 0;
    while (answered < QUESTIONS) {
        unsigned int before = asked + answered;

        if (asked < QUESTIONS && !RING_FULL(&front) && random_below(2) == 0 && ask()) {
            wake_back = true;
            notified_back++;
        }
        if (wake_back && random_below(2) == 0) {
            wake_back = false;
            if (serve()) {
                wake_front = true;
                notified_front++;
            }
        }
        if (wake_front && random_below(2) == 0) {
            wake_front = false;
            take();
        }
        /* Nobody can move any more: somebody was not told. */
        ck_assert_msg(wake_back || wake_front || asked + answered != before ||
                          (asked < QUESTIONS && !RING_FULL(&front)),
                      "stuck: %u asked, %u answered", asked, answered);
    }
    ck_assert_uint_eq(asked, QUESTIONS);
    ck_assert_uint_lt(notified_back, QUESTIONS / 4);
    ck_assert_uint_lt(notified_front, QUESTIONS / 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *tc = tcase_create("ring");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, ring_has_the_largest_power_of_two_of_slots_that_fits);
    tcase_add_loop_test(tc, notify_only_when_the_event_index_is_passed, 0, STARTS);
    tcase_add_loop_test(tc, front_end_sees_a_full_ring, 0, STARTS);
    tcase_add_loop_test(tc, back_end_takes_no_more_than_the_ring_holds, 0, STARTS);
    tcase_add_loop_test(tc, final_check_asks_for_the_next_one, 0, STARTS);
    tcase_add_loop_test(tc, conversation_ends_on_notifications_alone, 0, STARTS);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
