/* SPDX-License-Identifier: MIT */
/*
 * fuzz_load.c: any bytes are refused with a place, or they are a machine: then its own file is the same
 * machine, guests and host may do with it what they like without the audit ever disagreeing, and it can be
 * taken apart.
 */
#include "target.h"

#include "abi/table.h"
#include "base/arena.h"
#include "base/rng.h"
#include "hv/evtchn.h"
#include "hv/state.h"
#include "xendouble/levers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const enum fuzz_input fuzz_input = FUZZ_MACHINE;
const char fuzz_help[] =
    "Each input is a file of a machine: refused with a place, or its own file is the same machine, and what is done to it the audit\n"
    "never disagrees with. In the environment:\n"
    "  XENDOUBLE_FUZZ_DEEDS=N  things that are done to each (24; 0: it is read, written and taken apart)\n";

#define FRAMES_MAX 8192u /* more is no other test, only a slower one */
#define OPERAND    96u

static uint32_t deeds;

struct user {
    struct xd_hv *hv;
    uint64_t chance;
    char what[128]; /* the last deed, for people */
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    deeds = (uint32_t)fuzz_environment("XENDOUBLE_FUZZ_DEEDS", 0, UINT32_MAX, 24);
    return 0;
}

static uint64_t below(struct user *u, uint64_t n)
{
    return xd_rng_next(&u->chance) % n;
}

static void ck_sound(struct user *u)
{
    char *report = NULL;

    if (xd_audit(u->hv, &report))
        fuzz_wrong(NULL, "after %s the audit disagrees:\n%s", u->what, report);
}

/* A frame; mostly one that is, was or could be something more than plain memory. */
static uint64_t frame(struct user *u)
{
    uint64_t mfn = below(u, u->hv->frames);

    for (uint32_t i = 0; below(u, 100) && i < u->hv->frames; i++) {
        uint64_t at = (mfn + i) % u->hv->frames;
        uint8_t type = u->hv->frame[at].type;

        if (at >= u->hv->heap_first && type != XD_TYPE_NONE && type != XD_TYPE_WRITABLE)
            return at;
    }
    return mfn;
}

/* A number that means something: small, a frame, a machine address, an entry, an address of (d)'s. */
static uint64_t number(struct user *u, const struct xd_domain *d)
{
    const uint64_t mfn = below(u, 2) ? frame(u) : below(u, u->hv->frames),
                   va = d->start.virt_base + below(u, d->start.mapped_pages + 1) * XD_PAGE_SIZE;

    switch (below(u, 8)) {
    case 0: return mfn;
    case 1: return mfn * XD_PAGE_SIZE + below(u, 512) * 8;
    case 2: return mfn * XD_PAGE_SIZE | below(u, 8);
    case 3: return va;
    case 4: return XD_DOMID_SELF;
    case 5: return below(u, 2) ? UINT64_MAX : xd_rng_next(&u->chance);
    default: return below(u, 40);
    }
}

/* A page that the builder mapped writable, if all is as it was built. */
static uint64_t operand(struct user *u, struct xd_vcpu *v)
{
    const uint64_t va = v->domain->start.padding_va + below(u, 3) * 2040;
    uint64_t words[OPERAND / 8];

    for (size_t i = 0; i < XD_ARRAY_SIZE(words); i++) {
        words[i] = number(u, v->domain);
        if (below(u, 2))
            words[i] = below(u, 8) | below(u, 40) << 32;
    }
    (void)xd_guest_store(v, va, words, sizeof(words), NULL);
    return va;
}

static void call(struct user *u, struct xd_vcpu *v)
{
    uint64_t nr = below(u, XD_CALLS), arg[XD_CALL_ARGS];
    const struct xd_call *c = xd_call_at(nr);

    for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
        arg[i] = below(u, 3) ? number(u, v->domain) : below(u, 5);
    if (c && below(u, 4)) {
        const bool first = c->shape == XD_SHAPE_OPS && below(u, 8);

        arg[first] = operand(u, v);
        arg[!first] = below(u, first ? 32 : 3);
        arg[2] = 0;
        arg[3] = below(u, 3) ? XD_DOMID_SELF : arg[3];
    }
    snprintf(u->what, sizeof(u->what), "call %" PRIu64 " of d%uv%u", nr, v->domain->domid, v->id);
    xd_hypercall(v, nr, arg);
    if (xd_why(v))
        free(xd_explain(v));
}

static void access_memory(struct user *u, struct xd_vcpu *v)
{
    uint64_t va = number(u, v->domain), value = number(u, v->domain);

    snprintf(u->what, sizeof(u->what), "an access of d%uv%u to %#" PRIx64, v->domain->domid, v->id,
             va);
    if (below(u, 2))
        (void)xd_guest_store(v, va, &value, 8, NULL);
    else
        (void)xd_guest_load(v, va, &value, 8, NULL);
}

/* A new one takes many frames of the heap. */
static void make_domain(struct user *u)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;

    c.pages = 1024;
    snprintf(u->what, sizeof(u->what), "the making of a domain");
    if (xd_domain_create(u->hv, &c, &d) == 0)
        ck_sound(u);
}

static void outside(struct user *u, struct xd_vcpu *v)
{
    uint64_t n = below(u, 30);

    snprintf(u->what, sizeof(u->what), "a deed of the host, %" PRIu64 ", to d%uv%u", n,
             v->domain->domid, v->id);
    if (n < 10)
        xd_advance(u->hv, UINT64_C(1) << below(u, 40));
    else if (n < 16)
        (void)xd_event_raise(v->domain, (uint32_t)below(u, 12));
    else if (n < 18)
        xd_virq_raise(v, (uint32_t)below(u, XD_VIRQS));
    else if (n < 20)
        xd_upcall_spurious(v);
    else if (n < 22)
        (void)xd_console_input(u->hv, "xen", (size_t)below(u, 4));
    else if (n < 23)
        xd_domain_destroy(v->domain);
    else if (n < 25)
        make_domain(u);
}

static struct xd_domain *some_domain(struct user *u)
{
    uint64_t slot = below(u, u->hv->config.domains_max);

    for (uint32_t i = 0; i < u->hv->config.domains_max; i++) {
        struct xd_domain *d = &u->hv->domain[(slot + i) % u->hv->config.domains_max];

        if (d->used)
            return d;
    }
    return NULL;
}

static void deed(struct user *u)
{
    struct xd_domain *d = some_domain(u);
    struct xd_vcpu *v = d ? &d->vcpu[below(u, d->vcpus)] : NULL;

    if (!v) {
        make_domain(u);
        return;
    }
    if (xd_vcpu_state(v) != XD_STATE_RUNNING || below(u, 8) == 0)
        outside(u, v);
    else if (xd_continuing(v))
        xd_continue(v);
    else if (below(u, 6))
        call(u, v);
    else
        access_memory(u, v);
    ck_sound(u);
}

/* Its file is the same machine. */
static void ck_again(struct xd_hv *hv)
{
    struct xd_str file = {0}, error = {0};
    struct xd_hv *again;

    xd_state_write(hv, &file);
    if (xd_state_read(&again, file.text, file.len, &error))
        fuzz_wrong(NULL, "its own file is refused: %s", xd_str_text(&error));
    if (xd_digest(again) != xd_digest(hv))
        fuzz_wrong(NULL, "its own file is another machine");
    xd_hv_destroy(again);
    xd_str_free(&file);
    xd_str_free(&error);
}

static void take_apart(struct user *u)
{
    for (uint32_t i = 0; i < u->hv->config.domains_max; i++)
        if (u->hv->domain[i].used) {
            snprintf(u->what, sizeof(u->what), "the end of d%u", u->hv->domain[i].domid);
            xd_domain_destroy(&u->hv->domain[i]);
            ck_sound(u);
        }
    xd_hv_destroy(u->hv);
}

/* The first field says how large the machine is. */
static bool affordable(const uint8_t *data, size_t size)
{
    uint32_t frames;

    if (size < XD_STATE_HEAD + XD_STATE_SECTION + sizeof(frames))
        return true;
    memcpy(&frames, data + XD_STATE_HEAD + XD_STATE_SECTION, sizeof(frames));
    return frames <= FRAMES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct user u = {.chance = xd_hash64(0, data, size)};
    struct xd_str error = {0};

    if (!affordable(data, size))
        return 0;
    if (xd_state_read(&u.hv, data, size, &error)) {
        if (u.hv || strncmp(xd_str_text(&error), "byte ", 5) != 0)
            fuzz_wrong(NULL, "it is refused without a place: %s", xd_str_text(&error));
    } else {
        ck_again(u.hv);
        for (unsigned int i = 0; i < deeds; i++)
            deed(&u);
        ck_again(u.hv);
        take_apart(&u);
    }
    xd_str_free(&error);
    return 0;
}
