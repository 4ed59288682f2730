/* SPDX-License-Identifier: MIT */
/* test-state-travel.c: a machine that goes through files in the middle of what it does goes on in the same way. */
#include "fuzz/generate.h"
#include "program/runner.h"
#include "random.h"
#include "through-file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * A program is run twice, the second time on a machine that goes through a file in the middle, again and
 * again: all digests are equal.
 */
struct travel {
    uint64_t digest[512];
    uint32_t steps;
    bool second;
    uint64_t every;
    char what[64];
};

/* The runner goes on with (hv). */
static void move_to(struct xd_runner *r, struct xd_hv *hv)
{
    struct xd_hooks hooks = r->hv->host->hooks;

    for (uint32_t i = 0; i < r->p->domains; i++)
        if (r->env[i].d)
            r->env[i].d = xd_domain_find(hv, r->env[i].domid);
    for (struct xd_made *m = r->unfinished; m; m = m->later)
        m->v = same_vcpu(hv, m->v);
    if (r->explain)
        r->explain = same_vcpu(hv, r->explain);
    xd_hv_destroy(r->hv);
    r->hv = hv;
    xd_hooks_set(hv, &hooks);
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct travel *t = ctx;
    uint64_t digest;

    ck_assert_uint_lt(t->steps, XD_ARRAY_SIZE(t->digest));
    if (!r->hv)
        return;
    if (t->second && t->steps % t->every == 0)
        move_to((struct xd_runner *)(uintptr_t)r, through_a_file(r->hv, t->what));
    digest = xd_digest(r->hv);
    if (t->second)
        ck_assert_msg(t->digest[t->steps] == digest, "%s: step %" PRIu32 ": another digest",
                      t->what, at);
    t->digest[t->steps++] = digest;
}

static void ignore_failure(void *ctx, const struct xd_failure *f)
{
    (void)ctx;
    (void)f;
}

static void run(struct travel *t, const struct xd_program *p)
{
    const struct xd_run_watch watch = {.stepped = stepped};
    struct xd_run_options opt = {
        .keep_going = true, .watch = &watch, .ctx = t, .failed = ignore_failure};
    struct xd_run_result result;

    t->steps = 0;
    xd_program_run(p, &opt, &result);
    ck_assert_int_le(result.verdict, XD_FAILED);
    ck_assert_uint_gt(t->steps, 40);
}

START_TEST(programs_go_on_in_the_same_way)
{
    struct xd_generate g = {
        .seed = 7000 + (uint64_t)_i, .steps = 60, .frames = 4096, .two_domains = true};
    struct travel t = {.every = 2 + (uint64_t)_i};
    struct xd_str text = {0};
    struct xd_program *p;
    char *error = NULL;

    xd_generate_text(&g, &text);
    p = xd_program_parse("generated", text.text, text.len, &error);
    ck_assert_msg(p != NULL, "%s", error);
    snprintf(t.what, sizeof(t.what), "seed %" PRIu64, g.seed);
    run(&t, p);
    t.second = true;
    run(&t, p);
    xd_program_free(p);
    xd_str_free(&text);
}
END_TEST

START_TEST(anything_at_all_goes_on_in_the_same_way)
{
    struct random a, b;
    struct xd_hooks hooks = {.ctx = &b};

    random_init(&a, random_seed(100 + (uint64_t)_i));
    for (unsigned int i = 0; i < random_steps(300); i++) {
        random_step(&a);
        if (i % 40)
            continue;
        b = a;
        b.hv = through_a_file(a.hv, a.what);
        xd_hooks_set(b.hv, &hooks);
        for (unsigned int k = 0; k < 25; k++) {
            random_step(&a);
            random_step(&b);
            ck_assert_msg(xd_digest(a.hv) == xd_digest(b.hv), "seed %" PRIu64 ", step %u: %s",
                          a.seed, a.step, a.what);
        }
        ck_assert_uint_eq(xd_audit(b.hv, NULL), 0);
        xd_hv_destroy(b.hv);
    }
    random_fini(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state-travel");
    TCase *t = tcase_create("the same machine");

    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, programs_go_on_in_the_same_way, 0, 8);
    tcase_add_loop_test(t, anything_at_all_goes_on_in_the_same_way, 0, 2);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
