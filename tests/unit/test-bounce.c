/* SPDX-License-Identifier: MIT */
/* test-bounce.c: entries of a guest's kernel, where scenarios do not reach: edges, bytes, misuse, files. */
#define _GNU_SOURCE
#include "fixture.h"

#include "hv/bounce.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HC_SET_TRAP_TABLE 0
#define HC_IRET           23
#define HC_MULTICALL      13
#define HANDLER           0x6000u

static struct xd_fixture f;
static struct xd_registers regs;

static void handle(struct xd_vcpu *v, unsigned int vector, unsigned int flags)
{
    const struct xd_trap table[2] = {
        {.vector = (uint8_t)vector, .flags = (uint8_t)flags, .cs = 0xe033, .address = HANDLER}};

    ck_assert_int_eq(fixture_call(v, HC_SET_TRAP_TABLE, fixture_place(&f, v, table, sizeof(table))),
                     0);
}

/* RSP at the end of fresh memory of the guest. */
static uint64_t stack(struct xd_vcpu *v)
{
    uint64_t top = fixture_place(&f, v, NULL, 512) + 512;

    xd_guest_registers(v, &regs);
    regs.rsp = top;
    regs.rip = 0x1000;
    ck_assert_int_eq(xd_guest_registers_set(v, &regs), 0);
    return top;
}

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(the_builders_registers_are_the_first)
{
    const struct xd_start *s = xd_domain_start(f.d1);

    xd_guest_registers(f.v1, &regs);
    ck_assert_uint_eq(regs.rip, s->kernel_va);
    ck_assert_uint_eq(regs.rsp, s->stack_va + 4096);
    ck_assert_uint_eq(regs.cs, XD_FLAT_CS64);
    ck_assert_uint_eq(regs.ss, XD_FLAT_SS);
    ck_assert_uint_eq(regs.rflags, XD_RFLAGS_IF);
    ck_assert(!regs.user);
}
END_TEST

/* The bytes of vcpu_info behind the mask go into the frame with it. */
START_TEST(the_frame_is_xens_word_for_word)
{
    uint64_t page = fixture_map_shared_info(f.v1), word[8], top;
    const unsigned char behind[4] = {0x80, 0x11, 0x22, 0x33};

    handle(f.v1, 13, XD_TRAP_MASKS);
    fixture_store(f.v1, page + 1, behind, sizeof(behind));
    top = stack(f.v1);
    ck_assert_int_eq(xd_guest_trap(f.v1, 13, 0x10, 0), XD_ENTERED_HANDLER);
    xd_guest_registers(f.v1, &regs);
    ck_assert_uint_eq(regs.rsp, top - sizeof(word));
    ck_assert_uint_eq(regs.rip, HANDLER);
    fixture_load(f.v1, regs.rsp, word, sizeof(word));
    ck_assert_uint_eq(word[2], 0x10);
    ck_assert_uint_eq(word[3], 0x1000);
    ck_assert_uint_eq(word[4], UINT64_C(0x332211800000e030));
    ck_assert_uint_eq(word[5], XD_RFLAGS_FIXED | XD_RFLAGS_RF);
    ck_assert_uint_eq(word[6], top);
    ck_assert_uint_eq(word[7], XD_FLAT_SS);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 0x81);
}
END_TEST

static const struct {
    uint64_t rsp;
    enum xd_why why;
} edges[] = {
    {UINT64_C(0xffff800000000000), XD_WHY_BOUNCE_STACK}, /* not looked at; the store fails */
    {UINT64_C(0xffff80000000000f), XD_WHY_BOUNCE_STACK}, /* aligned it is the same */
    {UINT64_C(0xffff800000000010), XD_WHY_BOUNCE_STACK_RANGE},
    {UINT64_C(0xffff880000000030), XD_WHY_BOUNCE_STACK_RANGE},
    {UINT64_C(0xffff880000000040), XD_WHY_BOUNCE_STACK},
    {0, XD_WHY_BOUNCE_STACK},
};

START_TEST(xens_part_of_the_address_space_has_sharp_edges)
{
    handle(f.v1, 6, 0);
    stack(f.v1);
    regs.rsp = edges[_i].rsp;
    ck_assert_int_eq(xd_guest_registers_set(f.v1, &regs), 0);
    ck_assert_int_eq(xd_guest_trap(f.v1, 6, 0, 0), XD_ENTERED_CRASH);
    ck_assert_uint_eq(xd_why(f.v1), edges[_i].why);
    ck_assert_int_eq(xd_domain_shutdown_code(f.d1), 3);
    ck_assert_int_eq(xd_domain_shutdown_code(f.d2), -1);
    ck_assert_int_eq(xd_guest_trap(f.v1, 6, 0, 0), XD_ENTERED_MISUSE);
}
END_TEST

static const unsigned int with_error[] = {10, 11, 12, 13, 14, 17};
static const unsigned int without[] = {0, 1, 3, 4, 5, 6, 16, 19};

START_TEST(vectors_push_an_error_code_or_none)
{
    for (size_t i = 0; i < XD_ARRAY_SIZE(with_error) + XD_ARRAY_SIZE(without); i++) {
        const bool has = i < XD_ARRAY_SIZE(with_error);
        const unsigned int vector = has ? with_error[i] : without[i - XD_ARRAY_SIZE(with_error)];
        uint64_t top;

        handle(f.v1, vector, 0);
        top = stack(f.v1);
        ck_assert_int_eq(xd_guest_trap(f.v1, vector, 0, 0), XD_ENTERED_HANDLER);
        xd_guest_registers(f.v1, &regs);
        ck_assert_uint_eq(regs.rsp, top - (has ? 64 : 56));
    }
}
END_TEST

START_TEST(what_no_guest_does_is_told_and_changes_nothing)
{
    uint64_t before;

    stack(f.v1);
    before = xd_digest(f.hv);
    ck_assert_int_eq(xd_guest_trap(f.v1, 2, 0, 0), XD_ENTERED_MISUSE);
    ck_assert_int_eq(xd_guest_trap(f.v1, 8, 0, 0), XD_ENTERED_MISUSE);
    ck_assert_int_eq(xd_guest_trap(f.v1, 32, 0, 0), XD_ENTERED_MISUSE);
    ck_assert_int_eq(xd_guest_int(f.v1, 256), XD_ENTERED_MISUSE);
    ck_assert_int_eq(xd_guest_syscall(f.v1), XD_ENTERED_MISUSE);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(f.hv), "kernel mode"));
    ck_assert_int_eq(xd_guest_deliver(f.v1down), XD_ENTERED_MISUSE);
    regs.rip = UINT64_C(0x800000000000);
    ck_assert_int_eq(xd_guest_registers_set(f.v1, &regs), -XD_HOST_EINVAL);
    ck_assert_uint_eq(xd_digest(f.hv), before);
}
END_TEST

static bool reads(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx, (void)v, (void)va;
    memset(buf, 0, n);
    return true;
}

START_TEST(guests_with_memory_elsewhere_have_no_registers_here)
{
    struct xd_hooks hooks = {.read = reads};

    xd_hooks_set(f.hv, &hooks);
    ck_assert_int_eq(xd_guest_trap(f.v1, 6, 0, 0), XD_ENTERED_MISUSE);
    ck_refused(f.v1, fixture_call(f.v1, HC_IRET, 0), ENOSYS, NOT_MODELLED);
    xd_hooks_set(f.hv, NULL);
}
END_TEST

static uint64_t iret_frame(uint64_t flags, uint64_t cs, uint64_t rflags, uint64_t rsp)
{
    const struct xd_iret_frame frame = {.rax = 0x123456789,
                                        .flags = flags,
                                        .rip = 0x2000,
                                        .cs = cs,
                                        .rflags = rflags,
                                        .rsp = rsp,
                                        .ss = XD_FLAT_SS};

    return fixture_place(&f, f.v1, &frame, sizeof(frame));
}

/* RAX of the frame is its result, the lower half the list's; what stands behind it is never looked at. */
START_TEST(iret_ends_a_list_of_calls)
{
    const uint64_t frame = iret_frame(0, XD_FLAT_CS64 & ~3u, 0, 0x3000);
    const uint64_t entry[16] = {[0] = HC_IRET, [2] = frame, [8] = 17, [9] = 0x77};
    uint64_t at = fixture_place(&f, f.v1, entry, sizeof(entry)), back[16];

    ck_assert_int_eq(fixture_call(f.v1, HC_MULTICALL, at, 2), 0x23456789);
    ck_assert_uint_eq(f.v1->regs.rax, 0x23456789);
    fixture_load(f.v1, at, back, sizeof(back));
    ck_assert_uint_eq(back[1], 0x123456789);
    ck_assert_uint_eq(back[9], 0x77);
    ck_assert_uint_eq(f.v1->regs.rip, 0x2000);
    ck_assert_uint_eq(f.v1->regs.rsp, 0x3000);
    ck_assert(!f.v1->in_multicall && !f.v1->sysret);
}
END_TEST

/* Without a frame given it lies where RSP points; RAX is the frame's, whatever its size. */
START_TEST(iret_pops_the_stack)
{
    xd_guest_registers(f.v1, &regs);
    regs.rsp = iret_frame(0, 0xabcde030u, 0, 0x7777);
    ck_assert_int_eq(xd_guest_registers_set(f.v1, &regs), 0);
    ck_assert_int_eq(fixture_call(f.v1, HC_IRET, 0), 0x123456789);
    xd_guest_registers(f.v1, &regs);
    ck_assert_uint_eq(regs.rip, 0x2000);
    ck_assert_uint_eq(regs.rsp, 0x7777);
    ck_assert_uint_eq(regs.cs, XD_FLAT_CS64);
    ck_assert_uint_eq(regs.rflags, XD_RFLAGS_IF | XD_RFLAGS_FIXED);
    ck_assert(!regs.user);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(an_nmi_in_service_and_registers_outlive_a_file)
{
    char path[] = "/tmp/xd-bounce-XXXXXX";
    struct xd_registers there;
    struct xd_hv *hv;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    handle(f.v1, 2, XD_TRAP_MASKS);
    stack(f.v1);
    ck_assert_int_eq(fixture_call(f.v1, 24, 11, 0, 0), 0);
    ck_assert_int_eq(xd_guest_deliver(f.v1), XD_ENTERED_HANDLER);
    ck_assert_int_eq(fixture_call(f.v1, 24, 11, 0, 0), 0);
    xd_guest_registers(f.v1, &regs);
    ck_assert(regs.nmi_pending && regs.nmi_in_service);
    ck_assert_int_eq(xd_save(f.hv, path), 0);
    ck_assert_int_eq(xd_load(&hv, path, NULL), 0);
    (void)unlink(path);
    xd_guest_registers(xd_vcpu_at(xd_domain_find(hv, xd_domain_id(f.d1)), 0), &there);
    ck_assert_mem_eq(&there, &regs, sizeof(regs));
    ck_assert_uint_eq(xd_digest(hv), xd_digest(f.hv));
    xd_hv_destroy(hv);
}
END_TEST

START_TEST(a_snapshot_takes_an_entry_back)
{
    struct xd_snapshot s;
    uint64_t before;

    handle(f.v1, 14, 0);
    stack(f.v1);
    before = xd_digest(f.hv);
    s = xd_snapshot(f.hv);
    ck_assert_int_eq(xd_guest_trap(f.v1, 14, 2, 0x1234), XD_ENTERED_HANDLER);
    ck_assert_uint_eq(fixture_vcpu_info(f.v1)->cr2, 0x1234);
    ck_assert_uint_ne(xd_digest(f.hv), before);
    ck_assert_int_eq(xd_restore(f.hv, s), 0);
    ck_assert_uint_eq(xd_digest(f.hv), before);
    ck_assert_int_eq(xd_discard(f.hv, s), 0);
}
END_TEST

START_TEST(the_audit_sees_registers_that_no_guest_has)
{
    const struct xd_regs good = f.v1->regs;
    struct xd_regs bad[5] = {good, good, good, good, good};

    bad[0].rip = UINT64_C(0x800000000000);
    bad[1].cs = 0xe030;
    bad[2].ss = 0xe029;
    bad[3].rflags = 0;
    bad[4].rflags |= XD_RFLAGS_IOPL;
    for (size_t i = 0; i < XD_ARRAY_SIZE(bad); i++) {
        f.v1->regs = bad[i];
        ck_assert_uint_eq(xd_audit(f.hv, NULL), 1);
    }
    f.v1->regs = good;
    ck_assert_uint_eq(xd_audit(f.hv, NULL), 0);
}
END_TEST

START_TEST(a_crash_is_explained)
{
    char *text;

    stack(f.v1);
    ck_assert_int_eq(xd_guest_trap(f.v1, 6, 0, 0), XD_ENTERED_CRASH);
    text = xd_explain(f.v1);
    ck_assert_ptr_nonnull(strstr(text, "an entry of its kernel"));
    ck_assert_ptr_nonnull(strstr(text, "no handler for vector 6"));
    ck_assert_ptr_null(strstr(text, "hypercall"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bounce");
    TCase *t = tcase_create("entries");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_builders_registers_are_the_first);
    tcase_add_test(t, the_frame_is_xens_word_for_word);
    tcase_add_loop_test(t, xens_part_of_the_address_space_has_sharp_edges, 0,
                        (int)XD_ARRAY_SIZE(edges));
    tcase_add_test(t, vectors_push_an_error_code_or_none);
    tcase_add_test(t, what_no_guest_does_is_told_and_changes_nothing);
    tcase_add_test(t, guests_with_memory_elsewhere_have_no_registers_here);
    tcase_add_test(t, iret_ends_a_list_of_calls);
    tcase_add_test(t, iret_pops_the_stack);
    tcase_add_test(t, an_nmi_in_service_and_registers_outlive_a_file);
    tcase_add_test(t, a_snapshot_takes_an_entry_back);
    tcase_add_test(t, the_audit_sees_registers_that_no_guest_has);
    tcase_add_test(t, a_crash_is_explained);
    suite_add_tcase(s, t);
    return fixture_main(s);
}
