/* SPDX-License-Identifier: MIT */
/* test-exchange.c: memory_op exchange: frames given for others. */
#include "mm.h"
#include "xendouble/levers.h"

#define HC 12

enum { EXCHANGE = 11 };

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static struct xd_abi_memory_reservation rsv_as(uint64_t nr, uint32_t order, uint16_t domid)
{
    return (struct xd_abi_memory_reservation){
        .nr_extents = nr, .extent_order = order, .domid = domid};
}

static struct xd_abi_memory_reservation rsv(uint64_t nr)
{
    return rsv_as(nr, 0, DOMID_SELF);
}

struct exchange {
    struct xd_abi_memory_exchange op;
    uint64_t in[4], out[4];
};

/* Lists with (nr) elements that the guest can reach. */
static long exchange(struct xd_vcpu *v, struct exchange *x)
{
    uint64_t in = fixture_place(&f, v, x->in, sizeof(x->in)),
             out = fixture_place(&f, v, x->out, sizeof(x->out));
    long rc;

    x->op.in.extent_start += in;
    x->op.out.extent_start += out;
    rc = fixture_run(&f, v, HC, EXCHANGE, &x->op);
    fixture_load(v, out, x->out, sizeof(x->out));
    return rc;
}

static struct exchange exchange_of(uint64_t nr)
{
    struct exchange x = {.op = {.in = rsv(nr), .out = rsv(nr)}};

    for (unsigned int i = 0; i < 4; i++) {
        x.in[i] = mm_page(f.d1, i);
        x.out[i] = 100 + i;
    }
    return x;
}

START_TEST(frames_are_exchanged_for_others)
{
    struct exchange x = exchange_of(2);
    uint32_t pages = f.d1->pages;

    ck_ok(f.v1, exchange(f.v1, &x));
    ck_assert_uint_eq(x.op.nr_exchanged, 2);
    for (unsigned int i = 0; i < 2; i++) {
        ck_frame(f.hv, x.out[i], XD_TYPE_NONE, 0, 1, ALLOC);
        ck_assert_uint_eq(xd_m2p(f.hv, x.out[i]), 100 + i);
    }
    ck_assert_uint_eq(mm_frame(f.hv, x.in[1])->count, 0);
    ck_assert_uint_eq(f.d1->pages, pages);
}
END_TEST

static const struct {
    uint64_t in_nr, out_nr;
    uint32_t in_order, out_order;
    uint16_t in_domid, out_domid;
    uint64_t before;
    int err;
    enum xd_why why;
} shapes[] = {
    {1, 1, 10, 10, DOMID_SELF, DOMID_SELF, 0, XD_EPERM, XD_WHY_EXCHANGE_ORDER},
    {1, 1, 0, 10, DOMID_SELF, DOMID_SELF, 0, XD_EPERM, XD_WHY_EXCHANGE_ORDER},
    {2, 1, 0, 0, DOMID_SELF, DOMID_SELF, 0, XD_EINVAL, XD_WHY_EXCHANGE_SHAPE},
    {1, 1, 0, 1, DOMID_SELF, DOMID_SELF, 0, XD_EINVAL, XD_WHY_EXCHANGE_SHAPE},
    {2, 2, 0, 0, DOMID_SELF, DOMID_SELF, 3, XD_EINVAL, XD_WHY_EXCHANGE_SHAPE},
    {2, 2, 0, 0, DOMID_SELF, 1, 0, XD_EINVAL, XD_WHY_EXCHANGE_SHAPE},
    {UINT64_C(1) << 63, UINT64_C(1) << 63, 1, 1, DOMID_SELF, DOMID_SELF, 0, XD_EINVAL,
     XD_WHY_EXCHANGE_SHAPE},
    {2, 2, 0, 0, DOMID_SELF, DOMID_SELF, 2, 0, XD_WHY_NONE}, /* nothing left to do */
    {UINT64_C(1) << 61, UINT64_C(1) << 61, 0, 0, DOMID_SELF, DOMID_SELF, 0, XD_EFAULT,
     XD_WHY_EXCHANGE_RANGE},
    {UINT64_C(1) << 60, UINT64_C(1) << 60, 0, 0, 9, 9, 0, XD_ESRCH, XD_WHY_MEMOP_DOMAIN},
    {1, 1, 0, 0, 9, 9, 0, XD_ESRCH, XD_WHY_MEMOP_DOMAIN},
    {1, 1, 0, 0, 2, 2, 0, XD_EPERM, XD_WHY_MEMOP_PERMISSION},
    {2, 1, 0, 1, 2, 2, 0, XD_EPERM, XD_WHY_MEMOP_PERMISSION},
    {1, 2, 1, 0, DOMID_SELF, DOMID_SELF, 0, XD_EINVAL, XD_WHY_STEAL_BUSY}, /* of its second frame */
};

START_TEST(exchanges_are_checked_in_order)
{
    struct exchange x = exchange_of(1);

    x.op.in.nr_extents = shapes[_i].in_nr;
    x.op.out.nr_extents = shapes[_i].out_nr;
    x.op.in.extent_order = shapes[_i].in_order;
    x.op.out.extent_order = shapes[_i].out_order;
    x.op.in.domid = shapes[_i].in_domid;
    x.op.out.domid = shapes[_i].out_domid;
    x.op.nr_exchanged = shapes[_i].before;
    ck_refused_as(f.v1, exchange(f.v1, &x), shapes[_i].err, shapes[_i].why);
    ck_assert_uint_eq(x.op.nr_exchanged, shapes[_i].before);
    ck_frame(f.hv, x.in[0], XD_TYPE_NONE, 0, 1, ALLOC);
}
END_TEST

START_TEST(only_frames_in_no_use_can_be_exchanged)
{
    const struct {
        uint64_t mfn;
        enum xd_why why;
    } bad[] = {
        {mm_mapped(f.d1, 0), XD_WHY_STEAL_BUSY},
        {mm_table(f.d1, 1), XD_WHY_STEAL_BUSY},
        {mm_page(f.d2, 0), XD_WHY_STEAL_BUSY},
        {mm_free(f.hv), XD_WHY_STEAL_BUSY},
        {xd_domain_start(f.d1)->shared_info_mfn, XD_WHY_STEAL_BUSY},
        {0xa0, XD_WHY_STEAL_BUSY},
        {f.hv->frames, XD_WHY_EXCHANGE_FRAME},
        {~UINT64_C(0), XD_WHY_EXCHANGE_FRAME},
    };

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        struct exchange x = exchange_of(3);

        x.in[0] = mm_page(f.d1, i);
        x.in[1] = bad[i].mfn;
        ck_refused_as(f.v1, exchange(f.v1, &x), XD_EINVAL, bad[i].why);
        ck_assert_uint_eq(x.op.nr_exchanged, 1);
    }
}
END_TEST

START_TEST(exchange_operands_that_cant_be_reached)
{
    uint64_t hole = fixture_hole(f.v1);
    struct xd_abi_memory_exchange op = {.in = rsv(1), .out = rsv(1)};
    struct exchange x = exchange_of(1);

    op.in.extent_start = hole;
    ck_refused(f.v1, fixture_call(f.v1, HC, EXCHANGE, hole), EFAULT, COPY_IN);
    op.out.extent_start = op.in.extent_start;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, EXCHANGE, &op), EFAULT, EXCHANGE_LIST);
    op.in.extent_start = fixture_place(&f, f.v1, x.in, 8);
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, EXCHANGE, &op), EFAULT,
               EXCHANGE_LIST); /* the old frame is gone */
    ck_assert_uint_eq(mm_frame(f.hv, x.in[0])->count, 0);
}
END_TEST

/* Two frames for a run of two, that for two others. */
START_TEST(extents_are_joined_and_split)
{
    struct exchange x = exchange_of(2);
    uint32_t pages = f.d1->pages;
    uint64_t run;

    x.op.out = rsv_as(1, 1, DOMID_SELF);
    ck_ok(f.v1, exchange(f.v1, &x));
    ck_assert_uint_eq(x.op.nr_exchanged, 2);
    run = x.out[0];
    ck_assert_uint_eq(run % 2, 0);
    for (unsigned int i = 0; i < 2; i++) {
        ck_frame(f.hv, run + i, XD_TYPE_NONE, 0, 1, ALLOC);
        ck_assert_uint_eq(xd_m2p(f.hv, run + i), 100 + i);
        ck_assert_uint_eq(mm_frame(f.hv, x.in[i])->count, 0);
    }
    x = (struct exchange){
        .op = {.in = rsv_as(1, 1, DOMID_SELF), .out = rsv(2)}, .in = {run}, .out = {7, 9}};
    ck_ok(f.v1, exchange(f.v1, &x));
    ck_assert_uint_eq(x.op.nr_exchanged, 1);
    for (unsigned int i = 0; i < 2; i++) {
        ck_frame(f.hv, x.out[i], XD_TYPE_NONE, 0, 1, ALLOC);
        ck_assert_uint_eq(xd_m2p(f.hv, x.out[i]), 7 + 2 * i);
        ck_assert_uint_eq(mm_frame(f.hv, run + i)->count, 0);
    }
    ck_assert_uint_eq(f.d1->pages, pages);
}
END_TEST

/* Of the two frames that a run is to be split into there is one. */
START_TEST(a_chunk_without_memory_is_left_as_it_was)
{
    struct exchange x = exchange_of(2);
    uint64_t run;

    x.op.out = rsv_as(1, 1, DOMID_SELF);
    ck_ok(f.v1, exchange(f.v1, &x));
    run = x.out[0];
    xd_frames_scarce(f.hv, 1);
    x = (struct exchange){.op = {.in = rsv_as(1, 1, DOMID_SELF), .out = rsv(2)}, .in = {run}};
    ck_refused(f.v1, exchange(f.v1, &x), ENOMEM, EXCHANGE_NO_MEMORY);
    ck_assert_uint_eq(x.op.nr_exchanged, 0);
    for (unsigned int i = 0; i < 2; i++) {
        ck_frame(f.hv, run + i, XD_TYPE_NONE, 0, 1, ALLOC);
        ck_assert_uint_eq(xd_m2p(f.hv, run + i), 100 + i);
    }
}
END_TEST

START_TEST(a_node_must_be_one_that_may_be_named)
{
    struct exchange x = exchange_of(1);

    x.op.out.mem_flags = 1u << 17 | 1u << 8;
    ck_refused(f.v1, exchange(f.v1, &x), EINVAL, EXCHANGE_FLAGS);
    x = exchange_of(1);
    x.op.out.mem_flags = 1u << 17;
    ck_ok(f.v1, exchange(f.v1, &x));
}
END_TEST

START_TEST(the_number_exchanged_must_be_writable)
{
    struct xd_abi_memory_exchange op = {.in = rsv_as(1, 0, 9), .out = rsv_as(1, 0, 9)};
    uint64_t va = mm_va(f.d1, 0);

    op.in.extent_start = op.out.extent_start = va;
    fixture_store(f.v1, va, &op, sizeof(op));
    ck_ok(f.v1, mm_map(f.v1, va, mm_pte(mm_mapped(f.d1, 0), 0x1)));
    ck_refused(f.v1, fixture_call(f.v1, HC, EXCHANGE, va), EFAULT, COPY_OUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *t = tcase_create("exchange");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, frames_are_exchanged_for_others);
    tcase_add_loop_test(t, exchanges_are_checked_in_order, 0, (int)XD_ARRAY_SIZE(shapes));
    tcase_add_test(t, only_frames_in_no_use_can_be_exchanged);
    tcase_add_test(t, exchange_operands_that_cant_be_reached);
    tcase_add_test(t, extents_are_joined_and_split);
    tcase_add_test(t, a_chunk_without_memory_is_left_as_it_was);
    tcase_add_test(t, a_node_must_be_one_that_may_be_named);
    tcase_add_test(t, the_number_exchanged_must_be_writable);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
