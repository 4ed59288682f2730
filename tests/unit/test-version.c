/* SPDX-License-Identifier: MIT */
/* test-version.c: xen_version, and vm_assist, of which one feature bit depends. */
#include "fixture.h"

#include <string.h>

#define HC        17
#define HC_ASSIST 21

enum {
    VERSION,
    EXTRAVERSION,
    COMPILE_INFO,
    CAPABILITIES,
    CHANGESET,
    PLATFORM_PARAMETERS,
    GET_FEATURES,
    PAGESIZE,
    GUEST_HANDLE,
    COMMANDLINE,
    BUILD_ID
};

#define BUILD_ID_SIZE 20

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(version_and_pagesize_are_results)
{
    ck_answered(f.v1, fixture_call(f.v1, HC, VERSION, 0), 0x40011);
    ck_answered(f.v1, fixture_call(f.v1, HC, VERSION, 1), 0x40011);
    ck_answered(f.v1, fixture_call(f.v1, HC, PAGESIZE, 0), 4096);
    ck_refused(f.v1, fixture_call(f.v1, HC, PAGESIZE, 8), EINVAL, VERSION_PAGESIZE_ARG);
    ck_refused(f.v1, fixture_call(f.v1, HC, 11, fixture_hole(f.v1)), ENOSYS, OP_UNKNOWN);
    ck_refused(f.v1, fixture_call(f.v1, HC, ~0u, 0), ENOSYS, OP_UNKNOWN);
}
END_TEST

/* Texts fill their whole field, and nothing beyond it. */
static const struct {
    unsigned int cmd;
    size_t size;
    const char *text;
} texts[] = {
    {EXTRAVERSION, 16, ".7"},
    {CAPABILITIES, 1024, "xen-3.0-x86_64 "},
    {CHANGESET, 64, ""},
    {GUEST_HANDLE, 16, ""},
};

START_TEST(texts_are_padded_with_zeros)
{
    unsigned char got[1032], want[1032];
    size_t size = texts[_i].size;
    uint64_t end = fixture_hole(f.v1);

    memset(got, 0xee, sizeof(got));
    memset(want, 0xee, sizeof(want));
    memset(want, 0, size);
    memcpy(want, texts[_i].text, strlen(texts[_i].text));
    ck_ok(f.v1, fixture_op(&f, f.v1, HC, texts[_i].cmd, got, sizeof(got)));
    ck_assert_mem_eq(got, want, sizeof(got));
    ck_ok(f.v1, fixture_call(f.v1, HC, texts[_i].cmd, end - size));
    ck_refused(f.v1, fixture_call(f.v1, HC, texts[_i].cmd, end - size + 1), EFAULT, COPY_OUT);
    ck_refused(f.v1, fixture_call(f.v1, HC, texts[_i].cmd, xd_domain_start(f.d1)->pt_va), EFAULT,
               COPY_OUT);
}
END_TEST

START_TEST(compile_info_names_compiler_and_builder)
{
    struct xd_abi_xenver_compile_info info;

    memset(&info, 0xee, sizeof(info));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, COMPILE_INFO, &info));
    ck_assert_ptr_nonnull(strstr(info.compiler, "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"));
    ck_assert_str_eq(info.compile_by, "pkg-xen-devel");
    ck_assert_str_eq(info.compile_domain, "lists.alioth.debian.org");
    ck_assert_int_eq(info.compile_date[31], 0);
    ck_refused(f.v1, fixture_call(f.v1, HC, COMPILE_INFO, fixture_hole(f.v1)), EFAULT, COPY_OUT);
}
END_TEST

START_TEST(virt_start_is_where_xen_begins)
{
    struct xd_abi_xenver_platform_parameters p = {0};

    ck_ok(f.v1, fixture_run(&f, f.v1, HC, PLATFORM_PARAMETERS, &p));
    ck_assert_uint_eq(p.virt_start, XD_HYPERVISOR_START);
}
END_TEST

START_TEST(a_domain_sees_its_own_handle)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;
    struct xd_vcpu *v;
    struct xd_abi_xenver_guest_handle h;

    for (unsigned int i = 0; i < sizeof(c.handle); i++)
        c.handle[i] = (uint8_t)(i * 17);
    ck_assert_int_eq(xd_domain_create(f.hv, &c, &d), 0);
    v = xd_vcpu_at(d, 0);
    ck_ok(v, fixture_run(&f, v, HC, GUEST_HANDLE, &h));
    ck_assert_mem_eq(h.handle, c.handle, sizeof(c.handle));
}
END_TEST

START_TEST(features_depend_on_the_domain_and_on_vm_assist)
{
    struct xd_abi_xenver_feature_info info = {0, 0};

    ck_ok(f.v1, fixture_run(&f, f.v1, HC, GET_FEATURES, &info));
    ck_assert_uint_eq(info.submap, 0x220e0);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, GET_FEATURES, &info));
    ck_assert_uint_eq(info.submap, 0x228e0);
    ck_ok(f.v1, fixture_call(f.v1, HC_ASSIST, 0, 3));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, GET_FEATURES, &info));
    ck_assert_uint_eq(info.submap, 0x220f0);
    ck_ok(f.v1, fixture_call(f.v1, HC_ASSIST, 1, 3));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, GET_FEATURES, &info));
    ck_assert_uint_eq(info.submap, 0x220e0);
    info.submap_idx = 1;
    ck_refused(f.v1, fixture_run(&f, f.v1, HC, GET_FEATURES, &info), EINVAL, VERSION_SUBMAP);
    ck_refused(f.v1, fixture_call(f.v1, HC, GET_FEATURES, fixture_hole(f.v1)), EFAULT, COPY_IN);
    /* An empty slot of a page table: readable as submap 0, and not writable. */
    ck_refused(f.v1, fixture_call(f.v1, HC, GET_FEATURES, xd_domain_start(f.d1)->pt_va + 16),
               EFAULT, COPY_OUT);
}
END_TEST

START_TEST(the_command_line_is_for_the_control_domain)
{
    char text[1024], want[1024] = "console=com1";

    memset(text, 'x', sizeof(text));
    ck_ok(f.v1, fixture_run(&f, f.v1, HC, COMMANDLINE, &text));
    ck_assert_mem_eq(text, "<denied>\0xxxx", 13);
    ck_ok(f.v1, fixture_call(f.v1, HC, COMMANDLINE, fixture_hole(f.v1) - 9));
    ck_refused(f.v1, fixture_call(f.v1, HC, COMMANDLINE, fixture_hole(f.v1) - 8), EFAULT, COPY_OUT);
    ck_ok(f.v0, fixture_run(&f, f.v0, HC, COMMANDLINE, &text));
    ck_assert_mem_eq(text, want, sizeof(want));
    ck_refused(f.v0, fixture_call(f.v0, HC, COMMANDLINE, fixture_hole(f.v0) - 9), EFAULT, COPY_OUT);
}
END_TEST

START_TEST(the_build_id_is_for_the_control_domain)
{
    struct {
        uint32_t len;
        unsigned char id[BUILD_ID_SIZE + 4];
    } b = {BUILD_ID_SIZE, {0}};
    uint64_t end;

    ck_refused(f.v1, fixture_call(f.v1, HC, BUILD_ID, fixture_hole(f.v1)), EPERM,
               VERSION_BUILD_ID_RIGHTS);
    ck_answered(f.v0, fixture_call(f.v0, HC, BUILD_ID, 0), BUILD_ID_SIZE);
    ck_refused(f.v0, fixture_call(f.v0, HC, BUILD_ID, fixture_hole(f.v0)), EFAULT, COPY_IN);
    ck_answered(f.v0, fixture_run(&f, f.v0, HC, BUILD_ID, &b), BUILD_ID_SIZE);
    ck_assert_uint_eq(b.len, BUILD_ID_SIZE);
    ck_assert_mem_eq(b.id, "\x15\x1b\x37\x3f", 4);
    ck_assert_mem_eq(b.id + BUILD_ID_SIZE, "\0\0\0\0", 4);
    b.len = BUILD_ID_SIZE - 1;
    ck_refused(f.v0, fixture_run(&f, f.v0, HC, BUILD_ID, &b), ENOBUFS, VERSION_BUILD_ID_ROOM);
    b.len = 0;
    ck_refused(f.v0, fixture_run(&f, f.v0, HC, BUILD_ID, &b), EINVAL, VERSION_BUILD_ID_EMPTY);
    b.len = 4096;
    end = fixture_hole(f.v0) - BUILD_ID_SIZE;
    fixture_store(f.v0, end, &b.len, sizeof(b.len));
    ck_refused(f.v0, fixture_call(f.v0, HC, BUILD_ID, end), EFAULT, COPY_OUT);
}
END_TEST

static const struct {
    uint32_t cmd, type;
    int err;
    enum xd_why why;
} assists[] = {
    {0, 0, 0, XD_WHY_NONE},
    {0, 1, 0, XD_WHY_NONE},
    {0, 2, 0, XD_WHY_NONE},
    {0, 4, 0, XD_WHY_NONE},
    {0, 5, 0, XD_WHY_NONE},
    {0, 32, 0, XD_WHY_NONE},
    {1, 2, 0, XD_WHY_NONE},
    {0, 6, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {0, 31, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {0, 33, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {0, 64, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {0, 0xffffffff, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {7, 6, XD_EINVAL, XD_WHY_ASSIST_TYPE},
    {7, 2, XD_ENOSYS, XD_WHY_ASSIST_CMD},
};

START_TEST(vm_assist_knows_its_types)
{
    uint64_t before = f.d1->vm_assist, after = before;

    if (!assists[_i].err)
        after = assists[_i].cmd ? 0 : UINT64_C(1) << assists[_i].type;
    ck_refused_as(f.v1, fixture_call(f.v1, HC_ASSIST, assists[_i].cmd, assists[_i].type),
                  assists[_i].err, assists[_i].why);
    ck_assert_uint_eq(before, 0);
    ck_assert_uint_eq(f.d1->vm_assist, after);
    ck_assert_uint_eq(f.d2->vm_assist, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("version");
    TCase *tc = tcase_create("version");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, version_and_pagesize_are_results);
    tcase_add_loop_test(tc, texts_are_padded_with_zeros, 0, XD_ARRAY_SIZE(texts));
    tcase_add_test(tc, compile_info_names_compiler_and_builder);
    tcase_add_test(tc, virt_start_is_where_xen_begins);
    tcase_add_test(tc, a_domain_sees_its_own_handle);
    tcase_add_test(tc, features_depend_on_the_domain_and_on_vm_assist);
    tcase_add_test(tc, the_command_line_is_for_the_control_domain);
    tcase_add_test(tc, the_build_id_is_for_the_control_domain);
    tcase_add_loop_test(tc, vm_assist_knows_its_types, 0, XD_ARRAY_SIZE(assists));
    suite_add_tcase(s, tc);
    return fixture_main(s);
}
