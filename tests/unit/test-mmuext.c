/* SPDX-License-Identifier: MIT */
/* test-mmuext.c: mmuext_op: the batch, pins, base pointers, flushes, LDT, clearing and copying. */
#include "mm.h"

#include <string.h>

#define HC        26
#define PREEMPTED 0x80000000u

enum {
    FLUSH_LOCAL = 6,
    INVLPG_LOCAL,
    FLUSH_MULTI,
    INVLPG_MULTI,
    FLUSH_ALL,
    INVLPG_ALL,
    CACHE,
    LDT,
    CLEAR = 16,
    COPY,
    CACHE_GLOBAL,
    MARK,
    UNMARK
};

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

/* ---- The batch ---- */

static const struct {
    unsigned int caller;
    uint64_t fd;
    uint32_t nr;
    int err;
    enum xd_why why;
    uint32_t done;
} domains[] = {
    {1, DOMID_SELF, 1, 0, XD_WHY_NONE, 1},
    {1, UINT64_C(0x30000) | DOMID_SELF, 1, 0, XD_WHY_NONE, 1}, /* the upper half is not looked at */
    {1, 1, 0, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0xdead},
    {1, 7, 1, XD_ESRCH, XD_WHY_FD_UNKNOWN, 0xdead},
    {1, 2, 0, XD_EPERM, XD_WHY_MMUEXT_PERMISSION,
     0xdead}, /* asked although there is nothing to do */
    {1, XD_DOMID_IO, 0, XD_EPERM, XD_WHY_MMUEXT_PERMISSION, 0xdead},
    {1, XD_DOMID_XEN, 1, XD_EPERM, XD_WHY_MMUEXT_PERMISSION, 0xdead},
    {0, 1, 0, 0, XD_WHY_NONE, 0},
    {0, 1, 1, XD_EPERM, XD_WHY_MMUEXT_FOREIGN, 0},
    {0, XD_DOMID_IO, 1, XD_EPERM, XD_WHY_MMUEXT_FOREIGN, 0},
};

START_TEST(domains_are_found_and_rights_asked_for)
{
    struct xd_vcpu *v = domains[_i].caller ? f.v1 : f.v0;
    struct xd_abi_mmuext_op op = {FLUSH_LOCAL, 0, 0, 0};
    uint32_t done = 0xdead;
    uint64_t ops = fixture_place(&f, v, &op, sizeof(op)),
             pdone = fixture_place(&f, v, &done, sizeof(done));

    ck_refused_as(v, fixture_call(v, HC, ops, domains[_i].nr, pdone, domains[_i].fd),
                  domains[_i].err, domains[_i].why);
    fixture_load(v, pdone, &done, sizeof(done));
    ck_assert_uint_eq(done, domains[_i].done);
}
END_TEST

START_TEST(a_batch_stops_at_the_first_refusal)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1);
    struct xd_abi_mmuext_op op[3] = {{PIN_L1, 0, a, 0}, {PIN_L1, 0, a, 0}, {PIN_L1, 0, b, 0}};
    uint32_t done = 10;
    uint64_t ops = fixture_place(&f, f.v1, op, sizeof(op)),
             pdone = fixture_place(&f, f.v1, &done, sizeof(done));

    ck_refused(f.v1, fixture_call(f.v1, HC, ops, 3 | PREEMPTED, pdone, DOMID_SELF), EINVAL,
               PIN_TWICE);
    fixture_load(f.v1, pdone, &done, sizeof(done));
    ck_assert_uint_eq(done, 11);
    ck_frame(f.hv, a, XD_TYPE_L1, 1, 2, ALLOC | VALID | PINNED);
    ck_frame(f.hv, b, XD_TYPE_NONE, 0, 1, ALLOC);
    ck_assert_uint_eq(f.v1->rec.index, 1);
    ck_answered(f.v1, fixture_call(f.v1, HC, 0, PREEMPTED, 0, 5), 5);
    ck_refused(f.v1, fixture_call(f.v1, HC, XD_HYPERVISOR_START, 1, 0, DOMID_SELF), EFAULT,
               HANDLE_RANGE);
    ck_refused(f.v1, fixture_call(f.v1, HC, fixture_hole(f.v1), 1, 0, DOMID_SELF), EFAULT, COPY_IN);
}
END_TEST

START_TEST(numbers_without_a_command)
{
    static const uint32_t unknown[] = {14, 21, 22, 0x7fffffff, 0xffffffff};

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(unknown); i++)
        ck_refused(f.v1, mm_ext(&f, f.v1, unknown[i], 0), ENOSYS, MMUEXT_UNKNOWN);
    ck_refused(f.v1, mm_ext(&f, f.v1, MARK, mm_page(f.d1, 0)), EOPNOTSUPP, SUPERPAGES);
    ck_refused(f.v1, mm_ext(&f, f.v1, UNMARK, ~UINT64_C(0)), EOPNOTSUPP, SUPERPAGES);
    ck_refused(f.v0, mm_ext_as(&f, f.v0, 14, 0, 0, 1), ENOSYS, MMUEXT_UNKNOWN);
}
END_TEST

static const uint32_t own_only[] = {NEW_BASEPTR,  FLUSH_LOCAL,      INVLPG_LOCAL, FLUSH_MULTI,
                                    INVLPG_MULTI, FLUSH_ALL,        INVLPG_ALL,   CACHE,
                                    LDT,          NEW_USER_BASEPTR, CACHE_GLOBAL};

START_TEST(commands_for_oneself_take_no_foreign_domain)
{
    ck_refused(f.v0, mm_ext_as(&f, f.v0, own_only[_i], mm_table(f.d1, 4), 0, 1), EPERM,
               MMUEXT_FOREIGN);
}
END_TEST

/* ---- Pins ---- */

START_TEST(a_zero_page_can_be_pinned_at_every_level)
{
    uint64_t mfn = mm_page(f.d1, 0);
    uint32_t cmd = (uint32_t)_i;

    ck_ok(f.v1, mm_ext(&f, f.v1, cmd, mfn));
    ck_frame(f.hv, mfn, cmd + 1, 1, 2, ALLOC | VALID | PINNED);
    ck_refused(f.v1, mm_ext(&f, f.v1, cmd, mfn), EINVAL, PIN_TWICE);
    for (uint32_t other = PIN_L1; other <= PIN_L4; other++)
        if (other != cmd)
            ck_refused(f.v1, mm_ext(&f, f.v1, other, mfn), EINVAL, FRAME_OTHER_TYPE);
    ck_frame(f.hv, mfn, cmd + 1, 1, 2, ALLOC | VALID | PINNED);
    ck_ok(f.v1, mm_ext(&f, f.v1, UNPIN, mfn));
    ck_frame(f.hv, mfn, cmd + 1, 0, 1, ALLOC);
    ck_refused(f.v1, mm_ext(&f, f.v1, UNPIN, mfn), EINVAL, UNPIN_NOT_PINNED);
    if (cmd ==
        PIN_L4) /* an L4 keeps Xen's slots: that of the linear map names the frame itself, writable */
        ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, mfn), EBUSY, L1E_RW_TABLE);
    else
        ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, mfn));
}
END_TEST

START_TEST(frames_that_cant_be_pinned)
{
    uint64_t gdt = mm_page(f.d1, 3);
    const struct {
        uint64_t mfn;
        enum xd_why pin, unpin;
    } bad[] = {
        {mm_mapped(f.d1, 0), XD_WHY_FRAME_MAPPED_WRITABLE, XD_WHY_UNPIN_NOT_PINNED},
        {xd_domain_start(f.d1)->shared_info_mfn, XD_WHY_FRAME_MAPPED_WRITABLE,
         XD_WHY_UNPIN_NOT_PINNED},
        {gdt, XD_WHY_FRAME_OTHER_TYPE, XD_WHY_UNPIN_NOT_PINNED},
        {mm_table(f.d1, 2), XD_WHY_FRAME_OTHER_TYPE, XD_WHY_UNPIN_NOT_PINNED},
        {mm_page(f.d2, 0), XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {mm_table(f.d2, 4), XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {mm_free(f.hv), XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {f.hv->m2p_first.v, XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {0, XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {f.hv->frames, XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
        {~UINT64_C(0), XD_WHY_PIN_FRAME, XD_WHY_PIN_FRAME},
    };

    ck_ok(f.v1, fixture_call(f.v1, 2, fixture_place(&f, f.v1, &gdt, 8), 1));
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        ck_refused_as(f.v1, mm_ext(&f, f.v1, PIN_L1, bad[i].mfn), XD_EINVAL, bad[i].pin);
        ck_refused_as(f.v1, mm_ext(&f, f.v1, UNPIN, bad[i].mfn), XD_EINVAL, bad[i].unpin);
    }
}
END_TEST

START_TEST(a_table_in_use_can_be_pinned_too)
{
    uint64_t mfn = mm_table(f.d1, (unsigned int)_i);
    struct xd_frame before = *mm_frame(f.hv, mfn);

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1 + (uint32_t)_i - 1, mfn));
    ck_frame(f.hv, mfn, _i, before.type_count + 1, before.count + 1, ALLOC | VALID | PINNED);
    ck_ok(f.v1, mm_ext(&f, f.v1, UNPIN, mfn));
    ck_assert_int_eq(memcmp(&before, mm_frame(f.hv, mfn), sizeof(before)), 0);
}
END_TEST

START_TEST(the_control_domain_pins_for_others)
{
    uint64_t mfn = mm_page(f.d1, 0);

    ck_refused(f.v0, mm_ext(&f, f.v0, PIN_L1, mfn), EINVAL, PIN_FRAME);
    ck_ok(f.v0, mm_ext_as(&f, f.v0, PIN_L1, mfn, 0, 1));
    ck_refused(f.v1, mm_ext(&f, f.v1, PIN_L1, mfn), EINVAL, PIN_TWICE);
    ck_ok(f.v0, mm_ext_as(&f, f.v0, UNPIN, mfn, 0, 1));
    ck_refused(f.v0, mm_ext_as(&f, f.v0, PIN_L1, 0xa0, 0, XD_DOMID_IO), EINVAL,
               FRAME_MAPPED_WRITABLE);
    ck_refused(f.v0, mm_ext_as(&f, f.v0, PIN_L1, f.hv->m2p_first.v, 0, XD_DOMID_XEN), EINVAL,
               FRAME_OTHER_TYPE);
}
END_TEST

/* ---- Base pointers ---- */

START_TEST(base_pointers_hold_an_l4)
{
    uint64_t old = mm_table(f.d1, 4), l4 = mm_page(f.d1, 0);
    struct xd_frame before = *mm_frame(f.hv, old);

    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        if (xd_l4_slot_guest(i))
            mm_poke(f.hv, l4, i, mm_word(f.hv, old, i));
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, old)); /* the one in use */
    ck_assert_int_eq(memcmp(&before, mm_frame(f.hv, old), sizeof(before)), 0);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, l4)); /* needs no pin */
    ck_frame(f.hv, l4, XD_TYPE_L4, 1, 2, ALLOC | VALID);
    ck_assert_uint_eq(mm_frame(f.hv, old)->type_count, before.type_count - 1);
    ck_assert_uint_eq(mm_word(f.hv, l4, XD_L4_SLOT_RO_M2P), xd_l4_m2p_entry(f.hv));
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, l4)); /* both at once */
    ck_frame(f.hv, l4, XD_TYPE_L4, 2, 3, ALLOC | VALID);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, l4));
    ck_frame(f.hv, l4, XD_TYPE_L4, 2, 3, ALLOC | VALID);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, old));
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, 0));
    ck_frame(f.hv, l4, XD_TYPE_L4, 0, 1, ALLOC);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, 0));
    ck_assert_uint_eq(mm_word(f.hv, l4, XD_L4_SLOT_RO_M2P),
                      xd_l4_m2p_entry(f.hv)); /* stays behind */
}
END_TEST

START_TEST(what_can_be_no_base_pointer)
{
    const struct {
        uint64_t mfn;
        enum xd_why why;
    } bad[] = {
        {0xa0, XD_WHY_BASEPTR_FRAME},
        {mm_page(f.d2, 0), XD_WHY_BASEPTR_FRAME},
        {f.hv->frames, XD_WHY_BASEPTR_FRAME},
        {mm_free(f.hv), XD_WHY_BASEPTR_FRAME},
        {mm_table(f.d1, 3), XD_WHY_FRAME_OTHER_TYPE},
        {mm_mapped(f.d1, 0), XD_WHY_FRAME_MAPPED_WRITABLE},
    };

    ck_refused(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, 0), EINVAL,
               BASEPTR_FRAME); /* 0 means nothing here */
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        ck_refused_as(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, bad[i].mfn), XD_EINVAL, bad[i].why);
        ck_refused_as(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, bad[i].mfn), XD_EINVAL, bad[i].why);
    }
    ck_assert_uint_eq(f.v1->cr3.v, mm_table(f.d1, 4));
    ck_assert_uint_eq(f.v1->user_cr3.v, 0);
}
END_TEST

/* VMASST m2p_strict moves the M2P slot from use as kernel base pointer to validation, and out of user tables. */
START_TEST(m2p_strict_decides_who_sees_the_m2p)
{
    uint64_t a = mm_page(f.d1, 0), b = mm_page(f.d1, 1), m2p = xd_l4_m2p_entry(f.hv);

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, a));
    ck_assert_uint_eq(mm_word(f.hv, a, XD_L4_SLOT_RO_M2P), 0);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, a));
    ck_assert_uint_eq(mm_word(f.hv, a, XD_L4_SLOT_RO_M2P), 0);
    ck_ok(f.v1, fixture_call(f.v1, 21, 0, 32));
    ck_assert_uint_eq(mm_word(f.hv, a, XD_L4_SLOT_RO_M2P),
                      0); /* tables that exist are not revisited */
    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L4, b));
    ck_assert_uint_eq(mm_word(f.hv, b, XD_L4_SLOT_RO_M2P), m2p);
    ck_ok(f.v1, mm_ext(&f, f.v1, NEW_USER_BASEPTR, b));
    ck_assert_uint_eq(mm_word(f.hv, b, XD_L4_SLOT_RO_M2P), 0);
}
END_TEST

/* ---- Flushes ---- */

struct heard {
    unsigned int inval, flush;
    uint64_t va;
    struct xd_vcpu *v;
};

static void hear_inval(void *ctx, struct xd_vcpu *v, uint64_t va)
{
    struct heard *h = ctx;

    h->inval++;
    h->va = va;
    h->v = v;
}

static void hear_flush(void *ctx, struct xd_vcpu *v)
{
    struct heard *h = ctx;

    h->flush++;
    h->v = v;
}

/* d1 has two vCPUs that run and one that does not. (mask) counts where the command takes one. */
static const struct {
    uint32_t cmd;
    uint64_t va, mask;
    unsigned int flush, inval;
} flushes[] = {
    {FLUSH_LOCAL, 0, 0, 1, 0},
    {FLUSH_ALL, 0, 0, 2, 0},
    {FLUSH_MULTI, 0, 1, 1, 0},
    {FLUSH_MULTI, 0, 7, 2, 0},
    {FLUSH_MULTI, 0, ~UINT64_C(0), 2, 0},
    {FLUSH_MULTI, 0, 0, 0, 0},
    {INVLPG_LOCAL, 0x1000, 0, 0, 1},
    {INVLPG_LOCAL, UINT64_C(0xffff800000000000), 0, 0, 1}, /* Xen's range is no matter here */
    {INVLPG_LOCAL, UINT64_C(0x800000000000), 0, 0, 0},
    {INVLPG_ALL, 0x1000, 0, 0, 2},
    {INVLPG_ALL, UINT64_C(0xffff800000000000), 0, 0, 0},
    {INVLPG_ALL, UINT64_C(0x800000000000), 0, 0, 0},
    {INVLPG_MULTI, 0x1000, 2, 0, 1},
    {INVLPG_MULTI, 0x1000, 6, 0, 1},
    {INVLPG_MULTI, UINT64_C(0xffff800000000000), 3, 0, 0},
};

START_TEST(flushes_reach_the_vcpus_named)
{
    struct heard h = {0};
    struct xd_hooks hooks = {.ctx = &h, .inval = hear_inval, .flush = hear_flush};
    uint64_t mask = fixture_place(&f, f.v1, &flushes[_i].mask, 8);

    xd_hooks_set(f.hv, &hooks);
    ck_ok(f.v1, mm_ext_as(&f, f.v1, flushes[_i].cmd, flushes[_i].va, mask, DOMID_SELF));
    ck_assert_uint_eq(h.flush, flushes[_i].flush);
    ck_assert_uint_eq(h.inval, flushes[_i].inval);
    if (h.inval)
        ck_assert_uint_eq(h.va, flushes[_i].va);
    if (flushes[_i].mask == 2)
        ck_assert_ptr_eq(h.v, f.v1b);
    xd_hooks_set(f.hv, NULL);
}
END_TEST

START_TEST(a_mask_must_be_readable)
{
    ck_refused(f.v1, mm_ext_as(&f, f.v1, FLUSH_MULTI, 0, fixture_hole(f.v1), DOMID_SELF), EINVAL,
               VCPUMASK);
    ck_refused(
        f.v1,
        mm_ext_as(&f, f.v1, INVLPG_MULTI, XD_HYPERVISOR_START, XD_HYPERVISOR_START, DOMID_SELF),
        EINVAL, VCPUMASK);
}
END_TEST

START_TEST(caches_are_for_domains_with_io)
{
    ck_refused(f.v1, mm_ext(&f, f.v1, CACHE, 0), EACCES, FLUSH_CACHE_RIGHTS);
    ck_refused(f.v1, mm_ext(&f, f.v1, CACHE_GLOBAL, 0), EINVAL, FLUSH_CACHE_GLOBAL_RIGHTS);
    ck_ok(f.v0, mm_ext(&f, f.v0, CACHE, 0));
    ck_ok(f.v0, mm_ext(&f, f.v0, CACHE_GLOBAL, 0));
}
END_TEST

/* ---- LDT ---- */

static const struct {
    uint64_t base, ents;
    int err;
    enum xd_why why;
} ldts[] = {
    {0x1000, 8192, 0, XD_WHY_NONE},
    {0x1000, 8193, XD_EINVAL, XD_WHY_LDT_ENTRIES},
    {0x1001, 8193, XD_EINVAL, XD_WHY_LDT_ENTRIES},
    {0x1008, 1, XD_EINVAL, XD_WHY_LDT_BASE},
    {UINT64_C(0xffff800000000000), 1, XD_EINVAL, XD_WHY_LDT_BASE},
    {UINT64_C(0xffff880000000000), 1, 0, XD_WHY_NONE},
    {UINT64_C(0x7ffffffff000), 8192, 0, XD_WHY_NONE}, /* the end is not looked at */
    {UINT64_C(0xdeadbeef), 0, 0, XD_WHY_NONE},
    {0x1000, UINT64_C(0x500000001), 0, XD_WHY_NONE}, /* 32 bits of the count */
};

START_TEST(an_ldt_is_an_address_and_a_size)
{
    bool ok = !ldts[_i].err, some = ok && (uint32_t)ldts[_i].ents;

    ck_refused_as(f.v1, mm_ext_as(&f, f.v1, LDT, ldts[_i].base, ldts[_i].ents, DOMID_SELF),
                  ldts[_i].err, ldts[_i].why);
    ck_assert_uint_eq(f.v1->ldt_ents, some ? (uint32_t)ldts[_i].ents : 0);
    ck_assert_uint_eq(f.v1->ldt_base, some ? ldts[_i].base : 0);
}
END_TEST

/* A page of the LDT in use: counted like a GDT frame, let go when the LDT or the base pointer changes. */
START_TEST(ldt_pages_in_use_are_let_go)
{
    uint64_t mfn = mm_page(f.d1, 0), l4 = mm_page(f.d1, 1);

    for (unsigned int i = 0; i < 2; i++) {
        ck_ok(f.v1, mm_ext_as(&f, f.v1, LDT, 0x1000, 9 + i, DOMID_SELF));
        ck_assert_int_eq(
            xd_page_and_type_get(f.v1, xd_mfn_of(mfn), 1, XD_TYPE_SEG_DESC, XD_WHY_GDT_FRAME), 0);
        f.v1->ldt_frame[3] = xd_mfn_of(mfn);
        fixture_audit(f.hv);
        ck_refused(f.v1, mm_map(f.v1, mm_va(f.d1, 0), mm_pte(mfn, 0x3)), EBUSY, L1E_RW_TABLE);
        ck_ok(f.v1,
              mm_ext_as(&f, f.v1, LDT, 0x1000, 9 + i, DOMID_SELF)); /* as it was: nothing happens */
        ck_assert_uint_eq(f.v1->ldt_frame[3].v, mfn);
        if (i == 0)
            ck_ok(f.v1, mm_ext_as(&f, f.v1, LDT, 0, 0, DOMID_SELF));
        else
            ck_ok(f.v1, mm_ext(&f, f.v1, NEW_BASEPTR, l4));
        ck_assert_uint_eq(f.v1->ldt_frame[3].v, 0);
        ck_frame(f.hv, mfn, XD_TYPE_SEG_DESC, 0, 1, ALLOC | VALID);
    }
    ck_assert_uint_eq(f.v1->ldt_ents, 10);
}
END_TEST

/* ---- Clearing and copying ---- */

START_TEST(a_page_can_be_cleared_where_it_may_be_written)
{
    uint64_t table = mm_page(f.d1, 0), plain = mm_page(f.d1, 1), mapped = mm_mapped(f.d1, 0);

    ck_ok(f.v1, mm_ext(&f, f.v1, PIN_L1, table));
    for (unsigned int i = 0; i < XD_PT_SLOTS; i += 73) {
        mm_poke(f.hv, plain, i, i + 1);
        mm_poke(f.hv, mapped, i, i + 1);
    }
    ck_ok(f.v1, mm_ext(&f, f.v1, CLEAR, plain));
    ck_ok(f.v1, mm_ext(&f, f.v1, CLEAR, mapped));
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        ck_assert_uint_eq(mm_word(f.hv, plain, i) | mm_word(f.hv, mapped, i), 0);
    ck_frame(f.hv, plain, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
    ck_frame(f.hv, mapped, XD_TYPE_WRITABLE, 1, 2, ALLOC | VALID);
    ck_refused(f.v1, mm_ext(&f, f.v1, CLEAR, table), EINVAL, CLEAR_TYPE);
    ck_refused(f.v1, mm_ext(&f, f.v1, CLEAR, mm_page(f.d2, 0)), EINVAL, CLEAR_FRAME);
    ck_refused(f.v1, mm_ext(&f, f.v1, CLEAR, f.hv->frames), EINVAL, CLEAR_FRAME);
    ck_refused(f.v0, mm_ext_as(&f, f.v0, CLEAR, 0xa0, 0, XD_DOMID_IO), EINVAL, CLEAR_FRAME);
    ck_ok(f.v0, mm_ext_as(&f, f.v0, CLEAR, plain, 0, 1));
}
END_TEST

START_TEST(a_page_can_be_copied_from_anything)
{
    uint64_t table = mm_table(f.d1, 4), to = mm_page(f.d1, 1);

    ck_ok(f.v1, mm_ext_as(&f, f.v1, COPY, to, table, DOMID_SELF));
    for (unsigned int i = 0; i < XD_PT_SLOTS; i++)
        ck_assert_uint_eq(mm_word(f.hv, to, i), mm_word(f.hv, table, i));
    ck_frame(f.hv, to, XD_TYPE_WRITABLE, 0, 1, ALLOC | VALID);
    ck_ok(f.v1, mm_ext_as(&f, f.v1, COPY, to, to, DOMID_SELF));
    ck_refused(f.v1, mm_ext_as(&f, f.v1, COPY, table, to, DOMID_SELF), EINVAL, CLEAR_TYPE);
    ck_refused(f.v1, mm_ext_as(&f, f.v1, COPY, to, mm_page(f.d2, 0), DOMID_SELF), EINVAL,
               COPY_SOURCE);
    ck_refused(f.v1, mm_ext_as(&f, f.v1, COPY, mm_page(f.d2, 0), to, DOMID_SELF), EINVAL,
               CLEAR_FRAME);
    ck_refused(f.v0, mm_ext_as(&f, f.v0, COPY, to, mm_page(f.d0, 0), 1), EINVAL,
               COPY_SOURCE); /* both belong to it */
    ck_refused(f.v0, mm_ext_as(&f, f.v0, COPY, 0xa0, 0xa1, XD_DOMID_IO), EINVAL, COPY_SOURCE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmuext");
    TCase *t = tcase_create("mmuext_op");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, domains_are_found_and_rights_asked_for, 0, (int)XD_ARRAY_SIZE(domains));
    tcase_add_test(t, a_batch_stops_at_the_first_refusal);
    tcase_add_test(t, numbers_without_a_command);
    tcase_add_loop_test(t, commands_for_oneself_take_no_foreign_domain, 0,
                        (int)XD_ARRAY_SIZE(own_only));
    tcase_add_loop_test(t, a_zero_page_can_be_pinned_at_every_level, PIN_L1, PIN_L4 + 1);
    tcase_add_test(t, frames_that_cant_be_pinned);
    tcase_add_loop_test(t, a_table_in_use_can_be_pinned_too, 1, 4);
    tcase_add_test(t, the_control_domain_pins_for_others);
    tcase_add_test(t, base_pointers_hold_an_l4);
    tcase_add_test(t, what_can_be_no_base_pointer);
    tcase_add_test(t, m2p_strict_decides_who_sees_the_m2p);
    tcase_add_loop_test(t, flushes_reach_the_vcpus_named, 0, (int)XD_ARRAY_SIZE(flushes));
    tcase_add_test(t, a_mask_must_be_readable);
    tcase_add_test(t, caches_are_for_domains_with_io);
    tcase_add_loop_test(t, an_ldt_is_an_address_and_a_size, 0, (int)XD_ARRAY_SIZE(ldts));
    tcase_add_test(t, ldt_pages_in_use_are_let_go);
    tcase_add_test(t, a_page_can_be_cleared_where_it_may_be_written);
    tcase_add_test(t, a_page_can_be_copied_from_anything);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
