/* SPDX-License-Identifier: MIT */
/* test-mutate.c: what the mutator makes decodes, fits, follows from the seed, and goes everywhere. */
#include "fixture.h"

#include "base/rng.h"
#include "fuzz/mutate.h"
#include "program/bytes.h"

#include <stdlib.h>
#include <string.h>

#define MAX 2048u

static const char program[] =
    "machine frames=2048\ndomain d0\ndomain d1\nlet t = page(3)\n@d1.0\n"
    "event_channel_op alloc_unbound dom=SELF remote_dom=d0 = 0 port=$p\n"
    "mmu_update [t[0] = pte(page(1), P|RW|US), t[1] = 0] = EBUSY done=1\n"
    "mmuext_op [PIN_L1_TABLE mfn=t, INVLPG_LOCAL linear_addr=va(0)] = 0\n"
    "expect frame t type=l1\n"
    "multicall { xen_version version = 0x40011 ; event_channel_op send port=99 = EINVAL } = 0\n"
    "memory_op decrease_reservation extent_start=[page(15)] domid=SELF = 1\n"
    "store va(0) 17 = pf\n"
    "update_va_mapping va(0) pte(t, P|RW) UVMF_INVLPG = EINVAL why=none\n";

static struct xd_str bytes_of(const char *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);
    struct xd_str out = {0};

    ck_assert_msg(p, "%s", error);
    xd_program_to_bytes(p, &out);
    xd_program_free(p);
    return out;
}

static struct xd_str text_of(const struct xd_str *bytes)
{
    struct xd_program *p = xd_program_from_bytes("f", xd_str_text(bytes), bytes->len);
    struct xd_str out = {0};

    xd_program_print(p, &out);
    xd_program_free(p);
    return out;
}

static void check_reads_back(const struct xd_str *bytes)
{
    struct xd_str text = text_of(bytes);
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", xd_str_text(&text), text.len, &error);

    ck_assert_msg(p, "%s%s", xd_str_text(&text), error);
    xd_program_free(p);
    xd_str_free(&text);
}

static bool equal(const struct xd_str *a, const struct xd_str *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->text, b->text, a->len));
}

START_TEST(results_are_programs_of_the_size_wanted_and_follow_from_the_seed)
{
    struct xd_str now = bytes_of(program), next = {0}, again = {0};

    for (uint64_t seed = 0; seed < 3000; seed++) {
        uint64_t one = seed, two = seed;
        size_t max = seed % 3 ? MAX : seed % 200;

        xd_str_clear(&next);
        xd_str_clear(&again);
        xd_mutate(&one, xd_str_text(&now), now.len, max, &next);
        xd_mutate(&two, xd_str_text(&now), now.len, max, &again);
        ck_assert_uint_le(next.len, max);
        ck_assert(equal(&next, &again));
        ck_assert_uint_eq(one, two);
        check_reads_back(&next);
        if (max == MAX && seed % 50) { /* go on from here, for a while */
            struct xd_str t = now;

            now = next;
            next = t;
        } else {
            xd_str_free(&now);
            now = bytes_of(program);
        }
    }
    xd_str_free(&now);
    xd_str_free(&next);
    xd_str_free(&again);
}
END_TEST

/* The share of mutants that differ, and what can be found in their text. */
START_TEST(every_kind_of_change_is_made)
{
    static const struct {
        const char *text;
        bool there;
    } wanted[] = {
        {"send port=$p", true},  /* a port in play takes the place of a number */
        {"remote_dom=d1", true}, /* another domain */
        {"expect ", false},      /* checks are of no use */
        {" done=", false},       /* neither are answers */
        {"mmuext_op [UNPIN_TABLE", true} /* another operation */,
        {"domain d2", true},                  /* another world */
        {"profile=debug", true},              /* ... with a debug build */
        {"iret [0, 1, 2, 0, 0x1000, ", true}, /* in a list */
        {"memory_op exchange", true},         /* a new step, or another operation */
        {"count=", true},                     /* a key that was not there */
        {"reqs=va(", true},                   /* requests in memory that the program writes */
    };
    struct xd_str from = bytes_of(program), to = {0};
    unsigned int seen[XD_ARRAY_SIZE(wanted)] = {0}, same = 0;

    for (uint64_t seed = 0; seed < 4000; seed++) {
        uint64_t chance = seed;
        struct xd_str text;

        xd_str_clear(&to);
        xd_mutate(&chance, xd_str_text(&from), from.len, MAX, &to);
        text = text_of(&to);
        for (size_t i = 0; i < XD_ARRAY_SIZE(wanted); i++)
            seen[i] += strstr(xd_str_text(&text), wanted[i].text) != NULL;
        same += equal(&from, &to);
        xd_str_free(&text);
    }
    for (size_t i = 0; i < XD_ARRAY_SIZE(wanted); i++)
        ck_assert_msg((seen[i] > 0) == wanted[i].there, "\"%s\": %u times", wanted[i].text,
                      seen[i]);
    ck_assert_uint_lt(same, 400);
    xd_str_free(&from);
    xd_str_free(&to);
}
END_TEST

START_TEST(children_have_steps_of_both)
{
    struct xd_str a = bytes_of(program), b = bytes_of("domain d0\nsched_op yield\nvm_assist 0 2\n");
    struct xd_str child = {0}, again = {0};
    unsigned int both = 0;

    for (uint64_t seed = 0; seed < 500; seed++) {
        uint64_t one = seed, two = seed;
        struct xd_str text;

        xd_str_clear(&child);
        xd_str_clear(&again);
        xd_crossover(&one, a.text, a.len, b.text, b.len, MAX, &child);
        xd_crossover(&two, a.text, a.len, b.text, b.len, MAX, &again);
        ck_assert_uint_le(child.len, MAX);
        ck_assert(equal(&child, &again));
        check_reads_back(&child);
        text = text_of(&child);
        both += strstr(xd_str_text(&text), "alloc_unbound") &&
                (strstr(xd_str_text(&text), "yield") || strstr(xd_str_text(&text), "vm_assist"));
        xd_str_free(&text);
    }
    ck_assert_uint_gt(both, 200);
    xd_str_free(&a);
    xd_str_free(&b);
    xd_str_free(&child);
    xd_str_free(&again);
}
END_TEST

START_TEST(nothing_and_noise_are_something_to_begin_with)
{
    struct xd_str out = {0};
    uint64_t chance = 7;

    xd_mutate(&chance, "", 0, MAX, &out);
    ck_assert_uint_gt(out.len, 0);
    for (unsigned int i = 0; i < 2000; i++) {
        unsigned char noise[64];
        size_t n = xd_rng_next(&chance) % sizeof(noise);

        for (size_t k = 0; k < n; k++)
            noise[k] = (unsigned char)(xd_rng_next(&chance) >> 13);
        xd_str_clear(&out);
        if (i % 2)
            xd_mutate(&chance, noise, n, 100, &out);
        else
            xd_crossover(&chance, noise, n, noise, n / 2, 100, &out);
        ck_assert_uint_le(out.len, 100);
        check_reads_back(&out);
    }
    xd_str_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mutate");
    TCase *tc = tcase_create("mutate");

    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, results_are_programs_of_the_size_wanted_and_follow_from_the_seed);
    tcase_add_test(tc, every_kind_of_change_is_made);
    tcase_add_test(tc, children_have_steps_of_both);
    tcase_add_test(tc, nothing_and_noise_are_something_to_begin_with);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
