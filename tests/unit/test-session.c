/* SPDX-License-Identifier: MIT */
/*
 * test-session.c: programs that share a beginning run in a session as they run alone: same counts,
 * same failures, same state of the machine after the last step.
 */
#include "fixture.h"

#include "base/rng.h"
#include "fuzz/generate.h"
#include "program/edit.h"
#include "program/runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS    8u
#define VARIANTS 12u

struct seen {
    const struct xd_program *p;
    uint64_t digest;
    struct xd_str failures;
};

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct seen *s = ctx;

    if (at + r->p->step[at].parts + 1 == r->p->steps)
        s->digest = xd_digest(r->hv);
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct seen *s = ctx;

    xd_str_addf(&s->failures, "%u %d %s %s %s\n", f->at, (int)f->verdict, f->step, f->details,
                f->explain);
}

static struct xd_run_result run(const struct xd_program *p, struct xd_session *session,
                                bool keep_going, struct seen *s)
{
    static const struct xd_run_watch watch = {.stepped = stepped};
    const struct xd_run_options opt = {
        .keep_going = keep_going, .watch = &watch, .session = session, .ctx = s, .failed = failed};
    struct xd_run_result result;

    *s = (struct seen){.p = p};
    xd_program_run(p, &opt, &result);
    return result;
}

static void ck_same_run(const struct xd_program *p, struct xd_session *session, bool keep_going,
                        uint64_t seed)
{
    struct seen alone, shared;
    struct xd_run_result a = run(p, NULL, keep_going, &alone),
                         b = run(p, session, keep_going, &shared);

    ck_assert_msg(!strcmp(xd_str_text(&alone.failures), xd_str_text(&shared.failures)),
                  "seed %" PRIu64 ": alone\n%s\nin a session\n%s", seed,
                  xd_str_text(&alone.failures), xd_str_text(&shared.failures));
    ck_assert_uint_eq(alone.digest, shared.digest);
    ck_assert_int_eq(a.verdict, b.verdict);
    ck_assert_uint_eq(a.steps, b.steps);
    ck_assert_uint_eq(a.calls, b.calls);
    ck_assert_uint_eq(a.not_modelled, b.not_modelled);
    ck_assert_uint_eq(a.checks, b.checks);
    ck_assert_uint_eq(a.failures, b.failures);
    xd_str_free(&alone.failures);
    xd_str_free(&shared.failures);
}

static struct xd_program *parse(const char *text)
{
    char *error;
    struct xd_program *p = xd_program_parse("test", text, strlen(text), &error);

    ck_assert_msg(p != NULL, "%s", error);
    return p;
}

static struct xd_program *generated(uint64_t seed)
{
    const struct xd_generate g = {.seed = seed,
                                  .steps = 30,
                                  .two_domains = true,
                                  .groups = XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST};
    struct xd_str text = {0};
    struct xd_program *p;

    xd_generate_text(&g, &text);
    p = parse(xd_str_text(&text));
    xd_str_free(&text);
    return p;
}

/* (p) without some of its steps; NULL if what is left can't be read. */
static struct xd_program *without_some(const struct xd_program *p, uint64_t *rng)
{
    bool *gone = xd_zalloc(p->steps * sizeof(*gone));
    struct xd_program *q = xd_program_clone(p), *small;
    uint32_t from = (uint32_t)(xd_rng_next(rng) % p->steps);

    for (uint32_t i = from ? from : 1; i < p->steps && i < from + 3; i++)
        gone[i] = true;
    xd_program_drop_steps(q, gone);
    free(gone);
    small = xd_program_compact(q);
    xd_program_free(q);
    if (xd_program_sound(small))
        return small;
    xd_program_free(small);
    return NULL;
}

START_TEST(variants_run_as_alone)
{
    uint64_t seed = (uint64_t)_i + 1, rng = seed;
    struct xd_session *session = xd_session_new((uint32_t)_i % 4 * 3); /* 0: one place only */
    struct xd_program *p = generated(seed), *q = generated(seed + 1000), *variant;

    for (unsigned int i = 0; i < VARIANTS; i++) {
        ck_same_run(i % 5 == 4 ? q : p, session, i % 2, seed);
        variant = without_some(p, &rng);
        if (!variant)
            continue;
        ck_same_run(variant, session, i % 2, seed);
        xd_program_free(variant);
    }
    xd_program_free(p);
    xd_program_free(q);
    xd_session_free(session);
}
END_TEST

/* What the runner itself remembers goes back too. */
START_TEST(the_runners_own_state_goes_back)
{
    static const char head[] =
        "machine frames=4096\ndomain d1 pages=20\ndomain d2 pages=20 vcpus=2\n"
        "let a = 5\nconsole_io write 3 text(\"one\")\n";
    static const char *const tail[] = {
        "event_channel_op alloc_unbound dom=SELF remote_dom=SELF = 0 port=$p\n"
        "inject xen_version version error=EPERM\n"
        "xen_version version = EPERM\nlet b = $p + a\nload va(0) = b\n",
        "inject xen_version version error=EPERM\nxen_version version = EPERM\n"
        "xen_version version = 0x40011\n",
        "xen_version version = 0x40011\n",
        "@d2.0\nevent_channel_op bind_ipi vcpu=0 = 0 port=$q\n"
        "sched_op poll ports=[$q] timeout=0 = 0 blocked\ndestroy d2\nxen_version version\n",
        "@d1.0\ndestroy d2\nxen_version version = 0x40012\n",
        "@d2.0\nxen_version version = 0x40012\n",
    };
    struct xd_session *session = xd_session_new(1);

    for (unsigned int i = 0; i < 40; i++) {
        struct xd_str text = {0};
        struct xd_program *p;

        xd_str_add(&text, head);
        xd_str_add(&text, tail[i * 7 % 11 % XD_ARRAY_SIZE(tail)]);
        p = parse(xd_str_text(&text));
        ck_same_run(p, session, i % 3 == 0, i);
        xd_program_free(p);
        xd_str_free(&text);
    }
    xd_session_free(session);
}
END_TEST

/* Going on from a place that xd_session_prepare made. */
START_TEST(prepared)
{
    struct xd_session *session = xd_session_new(2);
    struct xd_program *p = generated(5);
    struct seen s = {.p = p};
    const struct xd_run_options opt = {.session = session, .ctx = &s, .failed = failed};
    struct xd_run_result result;

    for (uint32_t end = 1; end < p->steps; end += 1 + p->step[end].parts) {
        xd_session_prepare(p, end, &opt, &result);
        ck_assert_uint_lt(result.steps, p->steps);
        if (end % 3 == 0)
            ck_same_run(p, session, false, 5);
    }
    xd_str_free(&s.failures);
    xd_program_free(p);
    xd_session_free(session);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *t = tcase_create("session");

    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, variants_run_as_alone, 0, SEEDS);
    tcase_add_test(t, the_runners_own_state_goes_back);
    tcase_add_test(t, prepared);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
