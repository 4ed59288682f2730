/* SPDX-License-Identifier: MIT */
/*
 * test-oracle_known.c: oracles that compare memory with what they have seen say the same as oracles that look at all of it.
 *
 * Each bit that a look may depend on is turned by hand, round the journal and all rules, one at a time.
 */
#include "mm.h"

#include "base/rng.h"
#include "fuzz/oracles.h"
#include "hv/pagetype.h"

#include <stdlib.h>
#include <string.h>

#define TURNS 1500u

static struct xd_fixture f;
static struct xd_oracles *o;
static uint64_t chance;

static void setup(void)
{
    fixture_setup(&f);
    o = xd_oracles_new(XD_ORACLE_ALL, 1);
    xd_oracles_start(o);
    chance = 0;
}

static void teardown(void)
{
    xd_oracles_free(o);
    fixture_teardown(&f);
}

static uint64_t below(uint64_t n)
{
    return xd_rng_next(&chance) % n;
}

/* Turns bit (bit) of the byte at (at); the same, by oracles that know nothing, and by those that do? Then it is turned back. */
static bool turn(unsigned char *at, unsigned int bit, const char *what)
{
    struct xd_oracles *fresh = xd_oracles_new(XD_ORACLE_ALL, 1);
    const char *said, *all;
    bool noticed;

    xd_oracles_start(o);
    ck_assert_ptr_null(xd_oracles_step(o, f.hv));
    xd_oracles_start(fresh);
    *at = (unsigned char)(*at ^ 1u << bit);
    said = xd_oracles_step(o, f.hv);
    all = xd_oracles_step(fresh, f.hv);
    ck_assert_msg(!said == !all && (!said || strcmp(said, all) == 0),
                  "%s, bit %u of byte 0x%zx: said: %s; a look at everything: %s", what, bit,
                  (size_t)(at - (unsigned char *)f.hv), said ? said : "(nothing)",
                  all ? all : "(nothing)");
    noticed = said;
    *at = (unsigned char)(*at ^ 1u << bit);
    xd_oracles_free(fresh);
    return noticed;
}

static uint32_t some_frame(bool table)
{
    uint32_t mfn;

    do
        mfn = f.hv->heap_first + (uint32_t)below(f.hv->frames - f.hv->heap_first);
    while (table && !xd_type_is_table(f.hv->frame[mfn].type) &&
           f.hv->frame[mfn].type != XD_TYPE_SEG_DESC);
    return mfn;
}

START_TEST(records_are_compared)
{
    unsigned int noticed = 0;

    for (unsigned int i = 0; i < TURNS; i++) {
        struct xd_frame *r = &f.hv->frame[some_frame(below(2))];

        noticed += turn((unsigned char *)r + below(sizeof(*r)), (unsigned int)below(8), "a record");
    }
    ck_assert_uint_gt(noticed, TURNS / 2);
}
END_TEST

START_TEST(contents_of_tables_are_compared)
{
    unsigned int noticed = 0;

    for (unsigned int i = 0; i < TURNS; i++) {
        uint64_t *e = xd_frame_words(f.hv, xd_mfn_of(some_frame(true)));
        uint64_t slot = below(XD_PT_SLOTS);

        for (unsigned int k = 0; k < XD_PT_SLOTS && !e[slot]; k++)
            slot = (slot + 1) % XD_PT_SLOTS;
        noticed += turn((unsigned char *)&e[slot] + below(8), (unsigned int)below(8), "an entry");
    }
    ck_assert_uint_gt(noticed, TURNS / 4);
}
END_TEST

struct place {
    const char *name;
    void *at;
    size_t n; /* bytes */
    unsigned int
        bits; /* of each that may be turned: flags have one, numbers of frames stay frames */
};

START_TEST(what_domains_and_vcpus_hold_is_compared)
{
    struct xd_hv *hv = f.hv;
    struct xd_domain *d = f.d1;
    struct xd_vcpu *v = f.v1;
    const struct place place[] = {
#define ALL(x) {#x, &(x), sizeof(x), 8}
#define LOW(x)         \
    {                  \
#x, &(x), 1, 8 \
    }
#define FLAG(x)        \
    {                  \
#x, &(x), 1, 1 \
    }
        ALL(hv->free_list),   ALL(hv->scrub_list), ALL(hv->frames_free),
        ALL(hv->heap_taken),  ALL(hv->heap_early), ALL(hv->claimed),
        LOW(hv->m2p_l3),      ALL(hv->mmio_ro),    ALL(d->domid),
        ALL(d->pages),        LOW(d->shared_info), ALL(d->perdomain),
        ALL(d->vm_assist),    ALL(d->claimed),     ALL(d->iomem.range[0]),
        ALL(d->eoi_map),      FLAG(d->privileged), ALL(d->ioport.range[1]),
        ALL(d->fifo.page),    LOW(d->fifo.pages),  ALL(v->cr3),
        ALL(v->user_cr3),     ALL(v->info_mfn),    FLAG(v->info_moved),
        FLAG(v->initialised), ALL(v->gdt_ents),    ALL(v->gdt_frame),
        ALL(v->ldt_frame),    ALL(v->fifo.mfn),    FLAG(f.v1b->initialised),
        ALL(f.v1b->cr3),
    };

    d->iomem.nr = 1;
    d->ioport.nr = 2;
    for (size_t i = 0; i < XD_ARRAY_SIZE(place); i++)
        for (unsigned int k = 0; k < 24; k++)
            turn((unsigned char *)place[i].at + below(place[i].n),
                 (unsigned int)below(place[i].bits), place[i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_known");
    TCase *t = tcase_create("as a look at everything");

    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, records_are_compared);
    tcase_add_test(t, contents_of_tables_are_compared);
    tcase_add_test(t, what_domains_and_vcpus_hold_is_compared);
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
