/* SPDX-License-Identifier: MIT */
/* test-hv.c: making machines, what they cost, what they say of misuse, and their digest. */
#define _GNU_SOURCE
#include "fixture.h"

#include "hv/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* AddressSanitizer itself needs more address space than a limit would leave. */
#if defined(__SANITIZE_ADDRESS__)
#define LIMITABLE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMITABLE false
#endif
#endif
#ifndef LIMITABLE
#define LIMITABLE true
#endif

static const struct {
    struct xd_config change; /* fields that are not 0 */
    const char *words;       /* NULL: possible */
} configs[] = {
    {{.frames = 1023}, "frames must be 1024"},
    {{.frames = 1024}, NULL},
    {{.frames = 1u << 20}, NULL},
    {{.frames = (1u << 20) + 1}, "frames must be 1024"},
    {{.domains_max = 65}, "domains_max must be 1 to 64"},
    {{.domains_max = 64}, NULL},
    {{.profile = XD_PROFILE_DEBUG}, NULL},
    {{.profile = (enum xd_profile)2}, "profile must be"},
    {{.extraversion = "123456789012345"}, NULL},
    {{.extraversion = {'1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', '3', '4', '5',
                       '6'}},
     "extraversion must be"},
};

START_TEST(impossible_configurations_are_told)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_hv *hv = (struct xd_hv *)1;
    const char *bad;

    if (configs[_i].change.frames)
        c.frames = configs[_i].change.frames;
    if (configs[_i].change.domains_max)
        c.domains_max = configs[_i].change.domains_max;
    c.profile = configs[_i].change.profile;
    if (configs[_i].change.extraversion[0])
        memcpy(c.extraversion, configs[_i].change.extraversion, sizeof(c.extraversion));
    bad = xd_config_error(&c);
    if (!configs[_i].words) {
        ck_assert_ptr_null(bad);
        ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
        fixture_audit(hv);
        xd_hv_destroy(hv);
        return;
    }
    ck_assert_ptr_nonnull(bad);
    ck_assert_ptr_nonnull(strstr(bad, configs[_i].words));
    ck_assert_int_eq(xd_hv_create(&hv, &c), -XD_HOST_EINVAL);
    ck_assert_ptr_null(hv);
}
END_TEST

START_TEST(fields_that_must_not_be_zero)
{
    struct xd_config c = XD_CONFIG_DEFAULT;

    c.domains_max = 0;
    ck_assert_ptr_nonnull(strstr(xd_config_error(&c), "domains_max"));
    c.domains_max = 1;
    c.cpu_khz = 0;
    ck_assert_ptr_nonnull(strstr(xd_config_error(&c), "cpu_khz"));
    c.cpu_khz = 1;
    memset(c.command_line, 'x', sizeof(c.command_line));
    ck_assert_ptr_nonnull(strstr(xd_config_error(&c), "command_line"));
}
END_TEST

static size_t resident_kib(void)
{
    unsigned long size, resident;
    FILE *f = fopen("/proc/self/statm", "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%lu %lu", &size, &resident), 2);
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Frames that nobody touched take no memory: of 4 GiB, the M2P (8 MiB) and Xen's records of its frames are written. */
START_TEST(a_big_machine_costs_what_it_touches)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_domain *d;
    struct xd_hv *hv;
    size_t before = resident_kib();

    c.frames = XD_FRAMES_MAX;
    ck_assert_int_eq(xd_hv_create(&hv, &c), 0);
    ck_assert_uint_lt(resident_kib() - before, 12 * 1024);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    ck_assert_uint_lt(resident_kib() - before,
                      48 * 1024); /* its 8 MiB, and records of frames all over the place */
    xd_hv_destroy(hv);
}
END_TEST

START_TEST(the_host_may_run_out_of_address_space)
{
    struct rlimit limit = {UINT64_C(1) << 30, UINT64_C(1) << 30};
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_hv *hv;
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (setrlimit(RLIMIT_AS, &limit))
            _exit(2);
        c.frames = XD_FRAMES_MAX;
        _exit(xd_hv_create(&hv, &c) == -XD_HOST_ENOMEM && !hv ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Xen's own frames at the start: spec of who owns the low memory, the M2P, and the rest. */
START_TEST(frames_of_a_fresh_machine)
{
    struct xd_hv *hv;

    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    for (uint64_t mfn = 0; mfn < hv->frames; mfn++) {
        const struct xd_frame *f = xd_frame_at(hv, xd_mfn_of(mfn));

        if (mfn < 256)
            ck_assert(f->owner == XD_DOMID_IO && f->type == XD_TYPE_WRITABLE &&
                      f->type_count == 1 && f->count == 1);
        else if (mfn < 256 + 64)
            ck_assert(f->owner == XD_DOMID_XEN && f->type == XD_TYPE_NONE && f->type_count == 1 &&
                      f->count == 1);
        else if (mfn < hv->heap_first)
            ck_assert(f->owner == XD_DOMID_NONE && f->count == 1);
        else
            ck_assert(f->count == 0);
        ck_assert_uint_eq(xd_m2p(hv, mfn), ~UINT64_C(0));
    }
    ck_assert_uint_eq(hv->frames_free, hv->frames - hv->heap_first);
    fixture_audit(hv);
    xd_hv_destroy(hv);
    xd_hv_destroy(NULL);
}
END_TEST

/* ---- Digest ---- */

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void change(int i)
{
    switch (i) {
    case 0: f.hv->now_ns++; break;
    case 1: f.v1->regs.r15 ^= 1; break;
    case 2: f.v1down->down = false; break;
    case 3: f.d1->port[3].state = XD_PORT_IPI; break;
    case 4: f.d2->vm_assist = 4; break;
    case 5: f.hv->frame[f.hv->frames - 1].linear = 1; break;
    case 6: f.hv->mem[f.hv->frames * (size_t)XD_PAGE_SIZE - 1] ^= 0x80; break;
    case 7: f.hv->mem[9000 * (size_t)XD_PAGE_SIZE + 8] ^= 1; break;
    default: f.d1->dying = true; break;
    }
}

START_TEST(the_digest_tells_states_apart)
{
    uint64_t digest = xd_digest(f.hv);
    struct xd_arena *a = &f.hv->host->arena;
    unsigned char *copy = malloc(a->size);

    memcpy(copy, a->base, a->size);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
    change(_i);
    ck_assert_uint_ne(xd_digest(f.hv), digest);
    memcpy(a->base, copy, a->size);
    ck_assert_uint_eq(xd_digest(f.hv), digest);
    free(copy);
}
END_TEST

START_TEST(records_and_addresses_are_no_state)
{
    struct xd_fixture g;
    uint64_t digest = xd_digest(f.hv);

    fixture_setup(&g); /* another machine, elsewhere */
    ck_assert_uint_eq(xd_digest(g.hv), digest);
    ck_refused(g.v1, fixture_call(g.v1, 14, XD_HYPERVISOR_START, 0, 0), EINVAL, VA_RANGE);
    ck_assert_uint_eq(xd_digest(g.hv), digest);
    fixture_teardown(&g);
}
END_TEST

/* ---- Misuse and bugs ---- */

START_TEST(misuse_has_a_sentence)
{
    struct xd_fault fault;
    unsigned char buf[8];

    ck_assert_str_eq(xd_hv_error(f.hv), "");
    ck_assert_int_eq(xd_guest_load(f.v1, f.v1->regs.rsp - 8, buf, 0, &fault), XD_ACCESS_FAULT);
    ck_assert_ptr_nonnull(strstr(xd_hv_error(f.hv), "an access of 0 bytes"));
    ck_assert_ptr_null(xd_frame_contents(f.hv, f.hv->frames));
    ck_assert_ptr_null(xd_domain_find(f.hv, XD_DOMID_IO));
    ck_assert_ptr_null(xd_domain_find(f.hv, 0x10001)); /* no cutting to 16 bits */
    ck_assert_ptr_null(xd_vcpu_at(f.d1, 3));
    ck_assert_ptr_eq(xd_vcpu_domain(f.v1b), f.d1);
    ck_assert_ptr_eq(xd_domain_hv(f.d1), f.hv);
}
END_TEST

static void on_bug(void *ctx, struct xd_hv *hv)
{
    (void)ctx;
    XD_INVARIANT(hv, !"a bug in the hook itself"); /* must not come back here */
}

START_TEST(a_bug_ends_the_process_after_its_hook)
{
    struct xd_hooks hooks = {.bug = on_bug};

    xd_hooks_set(f.hv, &hooks);
    XD_INVARIANT(f.hv, f.hv == NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hv");
    TCase *t = tcase_create("machines");

    tcase_add_loop_test(t, impossible_configurations_are_told, 0, (int)XD_ARRAY_SIZE(configs));
    tcase_add_test(t, fields_that_must_not_be_zero);
    tcase_add_test(t, a_big_machine_costs_what_it_touches);
    if (LIMITABLE)
        tcase_add_test(t, the_host_may_run_out_of_address_space);
    tcase_add_test(t, frames_of_a_fresh_machine);
    suite_add_tcase(suite, t);
    t = tcase_create("state");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, the_digest_tells_states_apart, 0, 9);
    tcase_add_test(t, records_and_addresses_are_no_state);
    tcase_add_test(t, misuse_has_a_sentence);
    tcase_add_test_raise_signal(t, a_bug_ends_the_process_after_its_hook, SIGABRT);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
