/* SPDX-License-Identifier: MIT */
/*
 * test-state.c: every field of a machine is in its file, and comes back; and files that are no machine are
 * refused, with the place and leaving nothing.
 */
#define _GNU_SOURCE
#include "mm.h"
#include "hv/tbuf.h"
#include "program/runner.h"
#include "through-file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The table of fields ---- */

#define GAP_MAX 7u /* of bytes before a field of 8 */

/* Each byte of [from, to) is of one row at most, and what no row speaks of is no more than padding. */
static void ck_covered(const struct xd_state_row *row, size_t from, size_t to)
{
    unsigned char seen[sizeof(struct xd_vcpu) + sizeof(struct xd_domain)] = {0};
    size_t gap = 0;

    for (; row->name; row++)
        for (uint32_t i = 0; i < row->nr; i++)
            for (uint32_t b = 0; b < row->size; b++) {
                size_t at = row->at + (size_t)i * row->stride + b;

                ck_assert_msg(at >= from && at < to, "%s lies outside", row->name);
                ck_assert_msg(!seen[at]++, "%s: its byte %zu has two rows", row->name, at);
            }
    for (size_t at = from; at < to; at++) {
        gap = seen[at] ? 0 : gap + 1;
        ck_assert_msg(gap <= GAP_MAX, "no row speaks of byte %zu", at);
    }
}

START_TEST(every_field_has_a_row)
{
    /* Made anew are l1_disallowed and perdomain, 8 bytes each. */
    const size_t made = offsetof(struct xd_domain, l1_disallowed);

    ck_covered(xd_state_vcpu, offsetof(struct xd_vcpu, stopped), offsetof(struct xd_vcpu, rec));
    ck_covered(xd_state_port, 0, sizeof(struct xd_port));
    ck_covered(xd_state_frame, 0, sizeof(struct xd_frame));
    ck_assert_uint_eq(sizeof(((struct xd_domain *)0)->l1_disallowed), 8);
    ck_assert_uint_lt(made, offsetof(struct xd_domain, vcpus));
}
END_TEST

/* ---- Files that are no machine ---- */

static struct xd_fixture f;
#define LAYOUT UINT64_C(0x669bb182406f32ad) /* of machine files of XD_STATE_VERSION 8 */

static struct xd_str file;

static void setup(void)
{
    fixture_setup(&f);
    xd_state_write(f.hv, &file);
}

static void teardown(void)
{
    xd_str_free(&file);
    fixture_teardown(&f);
}

START_TEST(what_a_controller_gave_is_kept)
{
    struct xd_given *g = &f.v1->given;
    struct xd_vnuma *n = &f.d1->vnuma;
    struct xd_cpu_policy *p = &f.d1->policy;
    struct xd_hv *copy;

    *g = (struct xd_given){.mcg_cap = 0x1ff,
                           .mci_ctl2 = {1, 2},
                           .mcg_ext_ctl = 3,
                           .xcr0 = 1,
                           .xcr0_used = 7,
                           .tsc_aux = 4,
                           .syscall32_cs = 5,
                           .sysenter_cs = 6,
                           .fpu = true};
    g->xsave[XD_XSAVE_GUEST - 1] = 7;
    n->nodes = XD_VNODES;
    n->ranges = XD_VMEMRANGES;
    n->distance[XD_VNODES * XD_VNODES - 1] = 8;
    n->of_vcpu[XD_VNODES_VCPUS - 1] = 9;
    n->node[XD_VNODES - 1] = 10;
    n->range[XD_VMEMRANGES - 1] = (struct xd_abi_vmemrange){.start = 11, .end = 12, .nid = 13};
    p->own = 1;
    p->arch_caps[1] = 14;
    p->limit[1] = 255;
    p->basic[0].a = 15;
    p->extd[XD_ARRAY_SIZE(p->extd) - 1].d = 16;
    copy = through_a_file(f.hv, "given");
    ck_assert_mem_eq(&xd_domain_find(copy, f.d1->domid)->vnuma, n, sizeof(*n));
    ck_assert_mem_eq(&xd_domain_find(copy, f.d1->domid)->policy, p, sizeof(*p));
    ck_assert_mem_eq(&same_vcpu(copy, f.v1)->given, g, sizeof(*g));
    xd_hv_destroy(copy);
}
END_TEST

static void ck_no_machine(const char *bytes, size_t n, const char *words)
{
    struct xd_str error = {0};
    struct xd_hv *hv = f.hv;

    ck_assert_int_eq(xd_state_read(&hv, bytes, n, &error), -EINVAL);
    ck_assert_ptr_null(hv);
    ck_assert_msg(strstr(xd_str_text(&error), words) && !strncmp(error.text, "byte ", 5),
                  "it says: %s\nwanted: %s", xd_str_text(&error), words);
    xd_str_free(&error);
}

START_TEST(cut_short)
{
    for (size_t n = 0; n < file.len; n += n < 2000 ? 1 : 997)
        ck_no_machine(file.text, n, n < XD_STATE_HEAD ? "no machine" : "cut short");
}
END_TEST

START_TEST(any_bit_flipped)
{
    for (size_t at = 0; at < file.len; at += at < 2000 ? 1 : 331) {
        file.text[at] ^= (char)(1 << at % 8);
        ck_no_machine(file.text, file.len, "");
        file.text[at] ^= (char)(1 << at % 8);
    }
    ck_assert_uint_gt(file.len, 20000);
}
END_TEST

/* Who changes a row's name, size, number or place changes the version, and then the sum here. */
START_TEST(a_version_has_one_layout)
{
    static const struct xd_state_row *const tables[] = {
        xd_state_machine, xd_state_domain, xd_state_vcpu, xd_state_e820, xd_state_vnuma,
        xd_state_range,   xd_state_policy, xd_state_port, xd_state_frame};
    uint64_t sum = XD_STATE_VERSION;

    for (size_t i = 0; i < XD_ARRAY_SIZE(tables); i++)
        for (const struct xd_state_row *r = tables[i]; r->name; r++) {
            const uint32_t shape[] = {r->nr, r->size};

            sum = xd_hash64(sum, r->name, strlen(r->name));
            sum = xd_hash64(sum, shape, sizeof(shape));
        }
    ck_assert_msg(sum == LAYOUT,
                  "the layout of version %u is 0x%llx now: a new one has a new version",
                  XD_STATE_VERSION, (unsigned long long)sum);
}
END_TEST

START_TEST(another_version)
{
    file.text[8]++;
    ck_no_machine(file.text, file.len, "byte 8: the file is of version 9");
    file.text[8]--;
    xd_str_add(&file, "?");
    ck_no_machine(file.text, file.len, "should end here, and has 1 bytes more");
}
END_TEST

/* Where section (name) begins; the (skip) ones before are passed over. */
static size_t section(const char *name, unsigned int skip)
{
    size_t at = XD_STATE_HEAD;

    while (memcmp(file.text + at, name, 4) != 0 || skip--) {
        uint64_t length;

        memcpy(&length, file.text + at + 8, 8);
        at += XD_STATE_SECTION + (size_t)length;
        ck_assert_uint_lt(at, file.len);
    }
    return at + XD_STATE_SECTION;
}

/* Where element (i) of the row (name) lies, counted from its first row. */
static size_t field(const struct xd_state_row *row, const char *name, uint32_t i, uint8_t *size)
{
    size_t at = 0;

    for (; row->name; row++) {
        if (!strcmp(row->name, name)) {
            *size = row->size;
            return at + (size_t)i * row->size;
        }
        at += (size_t)row->nr * row->size;
    }
    ck_abort_msg("no row %s", name);
    return 0;
}

static size_t all_of(const struct xd_state_row *row)
{
    size_t n = 0;

    for (; row->name; row++)
        n += (size_t)row->nr * row->size;
    return n;
}

enum where { MACHINE, DOMAIN, VCPU, PORT };

static const struct {
    enum where where;
    uint32_t i;
    const char *name;
    uint64_t value;
    const char *words;
} forged[] = {
    {MACHINE, 0, "config.frames", 5, "frames must be 1024"},
    {MACHINE, 0, "config.domains_max", 65, "config.domains_max is 65, and can be 64 at most"},
    {MACHINE, 0, "now_ns", UINT64_C(1) << 63, "now_ns is"},
    {MACHINE, 0, "free_list", 0x100000, "free_list is frame 0x100000, and the machine has"},
    {MACHINE, 0, "free_list", 0x300, "frame 0x300 is free, and its record is not"},
    {MACHINE, 0, "heap_taken", 1 << 20, "the heap has handed out 1048576 frames of"},
    {MACHINE, 0, "heap_taken", 7, "was never handed out, and is in use"},
    {MACHINE, 0, "heap_early", 5, "frames were never handed out, the heap says"},
    {MACHINE, 0, "frames_free", 3, "3 frames are recorded as free"},
    {MACHINE, 0, "off", 2, "off is 2, and can be 1 at most"},
    {MACHINE, 0, "trace_pages", 5, "a trace buffer of 5 pages is listed in frame 0x0"},
    {MACHINE, 0, "trace_info.v", 0x300, "a trace buffer of 0 pages is listed in frame 0x300"},
    {DOMAIN, 0, "vtsc_khz", 0, "its TSC is the machine's, and began at"},
    {DOMAIN, 0, "tsc_mode", 2, "by mode 2 of its TSC the rate is not"},
    {DOMAIN, 0, "domid", 0x7ff0, "domid is 32752"},
    {DOMAIN, 0, "domid", 9, "the machine is not sound"},
    {DOMAIN, 0, "vcpus", 2, "it has 2 of 3 vCPUs"},
    {DOMAIN, 0, "vcpus_max", 0, "it has 3 of 0 vCPUs"},
    {DOMAIN, 0, "finished", 0, "the machine is not sound"},
    {DOMAIN, 0, "vm_assist", 0x40, "vm_assist is 0x40"},
    {DOMAIN, 0, "ports_valid", 65, "and 65 valid ports"},
    {DOMAIN, 0, "shared_info.v", 0x300, "its shared_info is frame 0x300"},
    {DOMAIN, 0, "pages", 1, "1 pages are recorded"},
    {DOMAIN, 0, "shutdown_code", 300, "shutdown code 300"},
    {DOMAIN, 0, "dead", 1, "is destroyed by half"},
    {DOMAIN, 0, "eoi_map.v", 0x300, "the EOI map of domain"},
    {DOMAIN, 9, "pirq[].port", 5, "pirq 9: leads to port 5"},
    {DOMAIN, 9, "pirq[].irq", 24, "pirq 9: leads to IRQ 24"},
    {DOMAIN, 9, "line[].pirq", 9, "IRQ 9: leads to pirq 9, which"},
    {DOMAIN, 9, "line[].guests", 1, "gets lines 1 times, with 0 ports"},
    {DOMAIN, 9, "pirq[].masked", 1, "pirq 9: waits for an EOI"},
    {DOMAIN, 0, "claimed", 3, "domains claim 3"},
    {DOMAIN, 0, "e820_nr", 1025, "e820_nr is 1025"},
    {VCPU, 0, "cr3.v", UINT64_C(1) << 40, "cr3.v is frame"},
    {VCPU, 0, "cr3.v", 0x101, "the base pointer of vCPU"},
    {VCPU, 0, "runstate", 4, "runstate is 4, and can be 3 at most"},
    {VCPU, 0, "in_multicall", 1, "in_multicall is 1"},
    {VCPU, 0, "event.address", UINT64_C(1) << 63, "which is not canonical"},
    {VCPU, 200, "trap[].address", UINT64_C(1) << 60, "trap[].address is"},
    {VCPU, 0, "gdt_ents", 8000, "gdt_ents is 8000, and can be 7168 at most"},
    {VCPU, 0, "gdt_ents", 1, "the GDT of vCPU"},
    {VCPU, 0, "tick_ns", INT64_MAX, "in the future"},
    {VCPU, 3, "virq_port[]", 5, "VIRQ 3 leads to port 5"},
    {VCPU, 0, "info_off", 4090, "info_off is 4090"},
    {VCPU, 0, "io_bitmap", UINT64_C(0xffff800000000000), "no guest's address"},
    {PORT, 0, "state", 7, "port 1's state is 7"},
    {PORT, 0, "state", XD_PORT_PIRQ, "bound to pirq 0, which leads elsewhere"},
    {PORT, 0, "notify_vcpu", 31, "notifies vCPU 31"},
    {PORT, 0, "remote_port", 9, "but has a peer's port 9"},
};

/* Behind right hashes, fields say what can't be. */
START_TEST(forged_fields)
{
    size_t at;
    uint8_t size = 0;

    at = section("DOM ", 1) + 4;
    switch (forged[_i].where) {
    case MACHINE:
        at = section("MACH", 0) + field(xd_state_machine, forged[_i].name, forged[_i].i, &size);
        break;
    case DOMAIN: at += field(xd_state_domain, forged[_i].name, forged[_i].i, &size); break;
    case VCPU:
        at += all_of(xd_state_domain) + field(xd_state_vcpu, forged[_i].name, forged[_i].i, &size);
        break;
    case PORT:
        at += all_of(xd_state_domain) + f.d1->vcpus * all_of(xd_state_vcpu) +
              all_of(xd_state_port) + field(xd_state_port, forged[_i].name, forged[_i].i, &size);
        break;
    }
    for (unsigned int b = 0; b < size; b++)
        file.text[at + b] = (char)(forged[_i].value >> 8 * b);
    ck_no_machine(file.text, file.len, "is damaged");
    xd_state_seal((unsigned char *)file.text, file.len);
    ck_no_machine(file.text, file.len, forged[_i].words);
}
END_TEST

static void replace(size_t at, uint64_t value, unsigned int size, const char *words)
{
    char old[8];

    for (unsigned int b = 0; b < size; b++) {
        old[b] = file.text[at + b];
        file.text[at + b] = (char)(value >> 8 * b);
    }
    xd_state_seal((unsigned char *)file.text, file.len);
    ck_no_machine(file.text, file.len, words);
    memcpy(file.text + at, old, size);
}

START_TEST(forged_frames_and_memory)
{
    size_t frames = section("FRAM", 0), memory = section("MEM ", 0), domain = section("DOM ", 1);

    replace(domain, 0, 4, "domain in slot 0: slots ascend");
    replace(domain, 8, 4, "domain in slot 8");
    replace(frames, 0, 4, "frame 0's run is of 0 frames");
    replace(frames, UINT32_MAX, 4, "run is of 4294967295 frames");
    replace(frames, 5, 4, "can't be this");
    replace(frames + 12, 3, 2, "frame 0 is Xen's own");
    replace(frames + 15, 0xf0, 1, "flags is 0xf0");
    replace(memory, f.hv->frames, 4, "do not exist");
    replace(memory + 4, 600, 2, "words 600 to");
    replace(memory + 6, 0, 2, "do not exist");
    replace(memory + 6, 513, 2, "do not exist");
    replace(section("END ", 0) - XD_STATE_SECTION, 'X', 1, "something else than section \"END \"");
}
END_TEST

/* A list that says other than there is, or lies beyond the machine, is not followed. */
START_TEST(trace_buffers_travel)
{
    const uint32_t pages = 2000, listed = xd_tbuf_info_pages(pages);
    struct xd_hv *copy;
    size_t machine;
    uint8_t size;

    ck_assert(xd_tbuf_make(f.hv, pages));
    fixture_audit(f.hv);
    copy = through_a_file(f.hv, "a trace buffer");
    ck_assert_uint_eq(xd_tbuf_page(copy, pages - 1).v, xd_tbuf_page(f.hv, pages - 1).v);
    xd_hv_destroy(copy);

    file.len = 0;
    xd_state_write(f.hv, &file);
    machine = section("MACH", 0);
#define AT(name) machine + field(xd_state_machine, name, 0, &size)
    replace(AT("trace_info.v"), f.hv->frames - 1, 4, "is listed in frame");
    replace(AT("trace_info.v"), 1, 4, "is listed in frame 0x1");
    replace(AT("trace_info_pages"), listed + 1, 4, "a trace buffer of 2000 pages");
    replace(AT("trace_pages"), pages - 1, 4, "and 2002 are for its trace");
    replace(AT("trace_info.v"), f.hv->trace_info.v + 1, 4,
            "frames of the trace buffer, or of its list");
#undef AT
}
END_TEST

/* ---- Roots that were lost ---- */

/* VCPUOP_initialise of the third vCPU, refused for its user root, which is a page that is mapped writable. */
static void keep_root(uint64_t kernel)
{
    static struct xd_abi_vcpu_guest_context c;

    c.flags = 4; /* VGCF_in_kernel */
    c.ctrlreg[1] = mm_mapped(f.d1, 0) << XD_PAGE_SHIFT;
    c.ctrlreg[3] = kernel << XD_PAGE_SHIFT;
    ck_refused(f.v1,
               fixture_call(f.v1, 24, 0, f.v1down->id, fixture_place(&f, f.v1, &c, sizeof(c))),
               EINVAL, FRAME_MAPPED_WRITABLE);
}

/* The file knows both whom the vCPU lost and whom it has, and on the other side they are given back with the domain. */
START_TEST(lost_roots_travel)
{
    const uint64_t lost = mm_page(f.d1, 0), kept = mm_page(f.d1, 1);
    struct xd_hv *copy;

    keep_root(lost);
    keep_root(kept);
    copy = through_a_file(f.hv, "a lost root");
    ck_assert_uint_eq(mm_frame(copy, lost)->lost, 1);
    ck_frame(copy, lost, XD_TYPE_L4, 1, 2, ALLOC | VALID);
    ck_assert_uint_eq(same_vcpu(copy, f.v1down)->cr3.v, kept);
    fixture_audit(copy);
    xd_domain_destroy(xd_domain_find(copy, 1));
    ck_assert_uint_eq(mm_frame(copy, lost)->count, 0);
    ck_assert_uint_eq(mm_frame(copy, kept)->count, 0);
    fixture_audit(copy);
    xd_hv_destroy(copy);
}
END_TEST

/* A file that lost too few or too many of them, or one of what is no root, is none. */
START_TEST(forged_losses)
{
    const uint64_t lost = mm_page(f.d1, 0);
    static const struct {
        uint16_t lost;
        const char *words;
    } said[] = {
        {0, "2 references and 1 in its type are recorded, 1 and 0 are held"},
        {2, "2 references and 1 in its type are recorded, 3 and 2 are held"},
    };

    keep_root(lost);
    keep_root(mm_page(f.d1, 1));
    mm_frame(f.hv, lost)->lost = said[_i].lost;
    xd_str_clear(&file);
    xd_state_write(f.hv, &file);
    ck_no_machine(file.text, file.len, said[_i].words);
    mm_frame(f.hv, lost)->lost = 1;
}
END_TEST

START_TEST(a_root_is_lost_and_no_other)
{
    struct xd_frame *idle = mm_frame(f.hv, mm_page(f.d1, 0));

    idle->lost = 1;
    idle->count++;
    xd_str_clear(&file);
    xd_state_write(f.hv, &file);
    ck_no_machine(file.text, file.len, "which is no root table");
    idle->lost = 0;
    idle->count--;
}
END_TEST

/* ---- Files of the host ---- */

START_TEST(files_come_and_go)
{
    char path[] = "/tmp/xendouble-test-XXXXXX", *error = NULL, other[64];
    struct xd_hooks hooks = {.read = xd_aside_read};
    int fd = mkstemp(path);
    struct xd_hv *hv;

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    ck_assert_int_eq(xd_save(f.hv, path), 0);
    ck_assert_int_eq(xd_load(&hv, path, &error), 0);
    ck_assert_ptr_null(error);
    ck_assert_uint_eq(xd_digest(hv), xd_digest(f.hv));
    xd_hooks_set(hv, &hooks);
    ck_assert_int_eq(xd_save(hv, path), -EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "the hooks read and write"));
    xd_hooks_set(hv, NULL);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(xd_save(hv, "/nowhere/at/all"), -ENOENT);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(hv), "/nowhere/at/all: No such file"));
    xd_hv_destroy(hv);

    ck_assert_int_eq(xd_load(&hv, path, &error), -EINVAL);
    ck_assert_ptr_null(hv);
    ck_assert_msg(strstr(error, path) == error && strstr(error, "cut short"), "%s", error);
    free(error);
    ck_assert_int_eq(xd_load(&hv, path, NULL), -EINVAL);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(xd_load(&hv, path, &error), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "No such file"));
    free(error);
    snprintf(other, sizeof(other), "%s.part", path);
    ck_assert_int_ne(access(other, F_OK), 0);
}
END_TEST

/* Were it read to its end, this would end the process. */
START_TEST(a_file_without_end)
{
    char *error;
    struct xd_hv *hv;

    ck_assert_int_eq(xd_load(&hv, "/dev/zero", &error), -EINVAL);
    ck_assert_ptr_null(hv);
    ck_assert_str_eq(error, "/dev/zero: byte 0: this is no machine of xendouble: it does not begin "
                            "with \"xendoubl\"");
    free(error);
}
END_TEST

/* The call that runs may not be left behind. */
static void save_now(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                     unsigned int depth)
{
    (void)nr, (void)arg;
    if (depth)
        *(int *)ctx = xd_save(v->hv, "/tmp/never");
}

START_TEST(not_in_the_middle_of_a_call)
{
    struct xd_abi_multicall_entry list = {.op = 17};
    int rc = 0;
    struct xd_hooks hooks = {.ctx = &rc, .call = save_now};
    uint64_t at = fixture_place(&f, f.v1, &list, sizeof(list));

    xd_hooks_set(f.hv, &hooks);
    ck_assert_int_eq(fixture_call(f.v1, 13, at, 1), 0);
    ck_assert_int_eq(rc, -EINVAL);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(f.hv), "a guest's call is under way"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state");
    TCase *t = tcase_create("fields");

    tcase_add_test(t, every_field_has_a_row);
    suite_add_tcase(suite, t);
    t = tcase_create("files");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_a_controller_gave_is_kept);
    tcase_add_test(t, cut_short);
    tcase_add_test(t, any_bit_flipped);
    tcase_add_test(t, a_version_has_one_layout);
    tcase_add_test(t, another_version);
    tcase_add_loop_test(t, forged_fields, 0, (int)XD_ARRAY_SIZE(forged));
    tcase_add_test(t, forged_frames_and_memory);
    tcase_add_test(t, trace_buffers_travel);
    tcase_add_test(t, lost_roots_travel);
    tcase_add_loop_test(t, forged_losses, 0, 2);
    tcase_add_test(t, a_root_is_lost_and_no_other);
    tcase_add_test(t, files_come_and_go);
    tcase_add_test(t, a_file_without_end);
    tcase_add_test(t, not_in_the_middle_of_a_call);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
