/* SPDX-License-Identifier: MIT */
/* fixture.c: see fixture.h. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define HC_UPDATE_VA_MAPPING 14
#define FRAMES               12288u
#define PADDING_PAGES        64u /* what tests use of it; the page after stands for shared_info */

static void hear_console(void *ctx, struct xd_domain *d, const char *text, size_t n)
{
    struct xd_fixture *f = ctx;

    (void)d;
    ck_assert_uint_le(f->console_nr + n, sizeof(f->console));
    memcpy(f->console + f->console_nr, text, n);
    f->console_nr += n;
    f->console_writes++;
}

static struct xd_domain *make_domain(struct xd_hv *hv, const struct xd_domain_config *config)
{
    struct xd_domain *d;

    ck_assert_msg(xd_domain_create(hv, config, &d) == 0, "%s", xd_hv_error(hv));
    return d;
}

void fixture_setup(struct xd_fixture *f)
{
    fixture_setup_large(f, FRAMES);
}

void fixture_setup_large(struct xd_fixture *f, uint32_t frames)
{
    struct xd_config machine = XD_CONFIG_DEFAULT;
    struct xd_domain_config c0 = XD_DOMAIN_CONFIG_DEFAULT, c1 = c0, c2 = c0;
    struct xd_hooks hooks = {.ctx = f, .console = hear_console};

    memset(f, 0, sizeof(*f));
    machine.frames = frames;
    ck_assert_int_eq(xd_hv_create(&f->hv, &machine), 0);
    xd_hooks_set(f->hv, &hooks);
    c0.domid = 0;
    c0.privileged = true;
    c0.order = XD_ORDER_DOM0;
    c1.domid = 1;
    c1.vcpus = 3;
    c1.vcpus_online = 2;
    c2.domid = 2;
    f->d0 = make_domain(f->hv, &c0);
    f->d1 = make_domain(f->hv, &c1);
    f->d2 = make_domain(f->hv, &c2);
    f->v0 = xd_vcpu_at(f->d0, 0);
    f->v1 = xd_vcpu_at(f->d1, 0);
    f->v1b = xd_vcpu_at(f->d1, 1);
    f->v1down = xd_vcpu_at(f->d1, 2);
    f->v2 = xd_vcpu_at(f->d2, 0);
}

void fixture_audit(struct xd_hv *hv)
{
    char *report = NULL;
    unsigned int found = xd_audit(hv, &report);

    ck_assert_msg(found == 0, "%s", report);
    free(report);
}

void fixture_teardown(struct xd_fixture *f)
{
    fixture_audit(f->hv);
    xd_hv_destroy(f->hv);
    f->hv = NULL;
}

void fixture_store(struct xd_vcpu *v, uint64_t va, const void *data, size_t n)
{
    const unsigned char *from = data;
    struct xd_fault fault;

    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(xd_guest_store(v, va + i, from + i, 1, &fault), XD_ACCESS_OK);
}

void fixture_load(struct xd_vcpu *v, uint64_t va, void *data, size_t n)
{
    unsigned char *to = data;
    struct xd_fault fault;

    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(xd_guest_load(v, va + i, to + i, 1, &fault), XD_ACCESS_OK);
}

uint64_t fixture_place(struct xd_fixture *f, struct xd_vcpu *v, const void *data, size_t n)
{
    uint64_t va = xd_domain_start(xd_vcpu_domain(v))->padding_va + f->used;
    unsigned char *zeros = NULL;

    f->used += (n + 15) & ~(size_t)15;
    ck_assert_uint_le(f->used, PADDING_PAGES * XD_PAGE_SIZE);
    if (!data)
        data = zeros = calloc(1, n);
    fixture_store(v, va, data, n);
    free(zeros);
    return va;
}

uint64_t fixture_hole(struct xd_vcpu *v)
{
    const struct xd_start *s = xd_domain_start(xd_vcpu_domain(v));

    return s->virt_base + s->mapped_pages * XD_PAGE_SIZE;
}

long fixture_op(struct xd_fixture *f, struct xd_vcpu *v, uint64_t nr, uint64_t cmd, void *op,
                size_t n)
{
    uint64_t va = fixture_place(f, v, op, n);
    long rc = fixture_call(v, nr, cmd, va);

    fixture_load(v, va, op, n);
    return rc;
}

uint64_t fixture_map_shared_info(struct xd_vcpu *v)
{
    const struct xd_start *s = xd_domain_start(xd_vcpu_domain(v));
    uint64_t va = s->padding_va + PADDING_PAGES * XD_PAGE_SIZE;
    uint64_t pte = s->shared_info_mfn << XD_PAGE_SHIFT | XD_PTE_P | XD_PTE_RW | XD_PTE_US;

    ck_ok(v, fixture_call(v, HC_UPDATE_VA_MAPPING, va, pte));
    return va;
}

const struct xd_abi_shared_info *fixture_shared_info(struct xd_domain *d)
{
    return xd_frame_contents(xd_domain_hv(d), xd_domain_start(d)->shared_info_mfn);
}

const struct xd_abi_vcpu_info *fixture_vcpu_info(struct xd_vcpu *v)
{
    return &fixture_shared_info(xd_vcpu_domain(v))->vcpu_info[v->id];
}

const char *fixture_why(const struct xd_vcpu *v)
{
    return xd_why_row(xd_why(v))->name;
}

int fixture_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
