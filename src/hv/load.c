/* SPDX-License-Identifier: MIT */
/*
 * load.c: a file becomes a machine: state.h says what it looks like.
 *
 * Nothing in the file is believed. Every field is held against its row before it is stored, so that the audit
 * can look at the machine; the audit says whether the fields go together; and what only a file can get wrong,
 * such as records of frames that are Xen's for ever, is compared with a new machine's here.
 */
#include "base/arena.h"
#include "base/file.h"
#include "base/rng.h"
#include "hv/pagetype.h"
#include "hv/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 8 /* of an audit's report */

struct reader {
    const unsigned char *file;
    size_t at, end; /* of the section that is read */
    size_t size;    /* of the file */
    struct xd_hv *hv;
    struct xd_str *error;
    char who[32]; /* "d1v0 ": whose fields are read */
};

static bool refuse_at(struct reader *r, size_t at, const char *fmt, ...) XD_PRINTF(3, 4);

static bool refuse_at(struct reader *r, size_t at, const char *fmt, ...)
{
    va_list ap;

    xd_str_addf(r->error, "byte %zu: ", at);
    va_start(ap, fmt);
    xd_str_vaddf(r->error, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- Numbers ---- */

static uint64_t number(struct reader *r, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = size; i-- > 0;)
        value = value << 8 | r->file[r->at + i];
    r->at += size;
    return value;
}

static bool has(struct reader *r, size_t n, const char *what)
{
    if (r->end - r->at >= n)
        return true;
    return refuse_at(r, r->at, "%s%s is not there: its section ends at byte %zu", r->who, what,
                     r->end);
}

static void assign(unsigned char *to, uint64_t value, unsigned int size)
{
    const uint8_t w8 = (uint8_t)value;
    const uint16_t w16 = (uint16_t)value;
    const uint32_t w32 = (uint32_t)value;

    switch (size) {
    case 1: memcpy(to, &w8, size); break;
    case 2: memcpy(to, &w16, size); break;
    case 4: memcpy(to, &w32, size); break;
    default: memcpy(to, &value, size); break;
    }
}

static bool allowed(struct reader *r, const struct xd_state_row *row, uint64_t value)
{
    size_t at = r->at - row->size;

    switch ((enum xd_state_rule)row->rule) {
    case XD_STATE_MAX:
        return value <= row->limit ||
               refuse_at(r, at, "%s%s is %" PRIu64 ", and can be %" PRIu64 " at most", r->who,
                         row->name, value, row->limit);
    case XD_STATE_BITS:
        return !(value & ~row->limit) ||
               refuse_at(r, at, "%s%s is %#" PRIx64 ", and can have the bits %#" PRIx64 " only",
                         r->who, row->name, value, row->limit);
    case XD_STATE_MFN:
        return value < r->hv->frames ||
               refuse_at(r, at, "%s%s is frame %#" PRIx64 ", and the machine has %#x", r->who,
                         row->name, value, r->hv->frames);
    case XD_STATE_VA:
        return xd_va_canonical(value) ||
               refuse_at(r, at, "%s%s is %#" PRIx64 ", which is not canonical", r->who, row->name,
                         value);
    case XD_STATE_OK:
        return xd_va_ok(value) ||
               refuse_at(r, at, "%s%s is %#" PRIx64 ", which is no guest's address", r->who,
                         row->name, value);
    }
    return false;
}

/* The fields of a struct. */
static bool rows(struct reader *r, const struct xd_state_row *row, void *into)
{
    unsigned char *base = into;

    for (; row->name; row++)
        for (uint32_t i = 0; i < row->nr; i++) {
            uint64_t value;

            if (!has(r, row->size, row->name))
                return false;
            value = number(r, row->size);
            if (!allowed(r, row, value))
                return false;
            assign(base + row->at + (size_t)i * row->stride, value, row->size);
        }
    return true;
}

/* ---- The file and its sections ---- */

static bool is_machine(const char *file, size_t n)
{
    return n >= XD_STATE_HEAD && !memcmp(file, "xendoubl", 8);
}

static bool head(struct reader *r)
{
    uint64_t version;

    if (!is_machine((const char *)r->file, r->size))
        return refuse_at(r, 0,
                         "this is no machine of xendouble: it does not begin with \"xendoubl\"");
    r->at = 8;
    version = number(r, 4);
    if (version != XD_STATE_VERSION || number(r, 4))
        return refuse_at(
            r, 8, "the file is of version %" PRIu64 ", and this xendouble reads version %u only",
            version, XD_STATE_VERSION);
    return true;
}

static bool next_is(const struct reader *r, const char *name)
{
    return r->size - r->at >= XD_STATE_SECTION && !memcmp(r->file + r->at, name, 4);
}

/* Goes to what is in the section that must come next. */
static bool enter(struct reader *r, const char *name)
{
    size_t start = r->at;
    uint64_t length, hash;

    *r->who = '\0';
    r->end = r->size;
    if (r->size - r->at < XD_STATE_SECTION)
        return refuse_at(r, r->at, "the file ends where section \"%s\" begins: it was cut short",
                         name);
    if (!next_is(r, name))
        return refuse_at(r, r->at, "here begins something else than section \"%s\"", name);
    r->at += 8;
    length = number(r, 8);
    hash = number(r, 8);
    if (length > r->size - r->at)
        return refuse_at(r, start,
                         "section \"%s\" has %" PRIu64
                         " bytes, and %zu are there: the file was cut short",
                         name, length, r->size - r->at);
    if (hash != xd_hash64(xd_hash64(0, r->file + start, 16), r->file + r->at, (size_t)length))
        return refuse_at(r, start,
                         "section \"%s\", up to byte %zu, is damaged: its hash is another", name,
                         r->at + (size_t)length);
    r->end = r->at + (size_t)length;
    return true;
}

static bool leave(struct reader *r)
{
    if (r->at == r->end)
        return true;
    return refuse_at(r, r->at, "its section should end here, and has %zu bytes more",
                     r->end - r->at);
}

/* ---- What is in them ---- */

static bool machine(struct reader *r, int *rc)
{
    struct xd_hv probe = {.frames = UINT32_MAX};
    const char *bad;
    size_t start;
    bool read;

    if (!enter(r, "MACH"))
        return false;
    start = r->at;
    r->hv = &probe; /* the size that says which frames there are is read with the rest */
    read = rows(r, xd_state_machine, &probe);
    r->hv = NULL;
    if (!read)
        return false;
    bad = xd_config_error(&probe.config);
    if (bad)
        return refuse_at(r, start, "%s", bad);
    *rc = xd_hv_create(&r->hv, &probe.config);
    if (*rc)
        return refuse_at(r, start, "there is no memory for a machine of %" PRIu32 " frames",
                         probe.config.frames);
    r->at = start;
    return rows(r, xd_state_machine, r->hv) && leave(r);
}

/* Ranges in order, none empty, none beside another. */
static bool rights(struct reader *r, const struct xd_domain *d, const char *what,
                   struct xd_rights *list)
{
    for (uint32_t i = 0; i < list->nr; i++) {
        struct xd_range *is = &list->range[i];

        snprintf(r->who, sizeof(r->who), "d%u range %" PRIu32 " of %s's ", d->domid, i, what);
        if (!rows(r, xd_state_range, is))
            return false;
        if (is->first > is->last ||
            (i && (is[-1].last == UINT64_MAX || is->first <= is[-1].last + 1)))
            return refuse_at(r, r->at, "%sfields above: ranges ascend, and lie apart", r->who);
    }
    return true;
}

static bool domain(struct reader *r, uint32_t *next)
{
    struct xd_hv *hv = r->hv;
    struct xd_domain *d;
    uint32_t slot;

    if (!enter(r, "DOM ") || !has(r, 4, "its slot"))
        return false;
    slot = (uint32_t)number(r, 4);
    if (slot < *next || slot >= hv->config.domains_max)
        return refuse_at(r, r->at - 4,
                         "domain in slot %" PRIu32 ": slots ascend, and the machine has %" PRIu32,
                         slot, hv->config.domains_max);
    *next = slot + 1;
    d = &hv->domain[slot];
    snprintf(r->who, sizeof(r->who), "slot %" PRIu32 "'s ", slot);
    if (!rows(r, xd_state_domain, d))
        return false;
    snprintf(r->who, sizeof(r->who), "d%u's ", d->domid);
    if (d->vcpus_max == 0 || (d->vcpus && d->vcpus != d->vcpus_max) ||
        d->ports_valid % XD_PORT_BUCKET || xd_domain_by_id(hv, d->domid))
        return refuse_at(r, r->at,
                         "%sfields above: it has %" PRIu32 " of %" PRIu32 " vCPUs and %" PRIu32
                         " valid ports, and its number must be its own",
                         r->who, d->vcpus, d->vcpus_max, d->ports_valid);
    d->hv = hv;
    d->used = true;
    d->perdomain = xd_perdomain_of(d);
    d->l1_disallowed = xd_l1_disallowed(d);
    for (uint32_t id = 0; id < d->vcpus; id++) {
        d->vcpu[id].hv = hv;
        d->vcpu[id].domain = d;
        d->vcpu[id].id = id;
        snprintf(r->who, sizeof(r->who), "d%uv%" PRIu32 "'s ", d->domid, id);
        if (!rows(r, xd_state_vcpu, &d->vcpu[id]))
            return false;
    }
    for (uint32_t i = 0; i < d->e820_nr; i++) {
        snprintf(r->who, sizeof(r->who), "d%u memory map %" PRIu32 "'s ", d->domid, i);
        if (!rows(r, xd_state_e820, &d->e820[i]))
            return false;
    }
    snprintf(r->who, sizeof(r->who), "d%u's virtual nodes' ", d->domid);
    if (d->vnuma.nodes && !rows(r, xd_state_vnuma, &d->vnuma))
        return false;
    if (!rights(r, d, "I/O memory", &d->iomem) || !rights(r, d, "I/O ports", &d->ioport))
        return false;
    snprintf(r->who, sizeof(r->who), "d%u policy's ", d->domid);
    if (d->policy.own && !rows(r, xd_state_policy, &d->policy))
        return false;
    for (uint32_t port = 0; port < d->ports_valid; port++) {
        snprintf(r->who, sizeof(r->who), "d%u port %" PRIu32 "'s ", d->domid, port);
        if (!rows(r, xd_state_port, &d->port[port]))
            return false;
    }
    return leave(r);
}

/* Frames below the heap are what they are in every machine; only references to them come and go. */
static bool same_kind(const struct xd_frame *a, const struct xd_frame *b)
{
    return a->owner == b->owner && a->type == b->type && a->flags == b->flags;
}

static bool frames(struct reader *r)
{
    struct xd_hv *hv = r->hv;

    if (!enter(r, "FRAM"))
        return false;
    for (uint32_t mfn = 0; mfn < hv->frames;) {
        struct xd_frame as = {0};
        size_t at = r->at;
        uint32_t run;

        snprintf(r->who, sizeof(r->who), "frame %#" PRIx32 "'s ", mfn);
        if (!has(r, 4, "run"))
            return false;
        run = (uint32_t)number(r, 4);
        if (run == 0 || run > hv->frames - mfn)
            return refuse_at(r, at,
                             "%srun is of %" PRIu32 " frames, and the machine has %" PRIu32 " more",
                             r->who, run, hv->frames - mfn);
        if (!rows(r, xd_state_frame, &as))
            return false;
        for (; run; run--, mfn++) {
            if (mfn < hv->heap_first && !same_kind(&as, &hv->frame[mfn]))
                return refuse_at(r, at, "frame %#" PRIx32 " is Xen's own, and can't be this", mfn);
            hv->frame[mfn] = as;
        }
    }
    return leave(r);
}

static bool memory(struct reader *r)
{
    struct xd_hv *hv = r->hv;
    uint64_t word = 0; /* the first that may come */

    if (!enter(r, "MEM "))
        return false;
    while (r->at < r->end) {
        size_t at = r->at;
        uint64_t mfn, first, nr, *w;

        if (!has(r, 8, "piece"))
            return false;
        mfn = number(r, 4);
        first = number(r, 2);
        nr = number(r, 2);
        if (mfn >= hv->frames || nr == 0 || first + nr > XD_PT_SLOTS)
            return refuse_at(r, at,
                             "words %" PRIu64 " to %" PRIu64 " of frame %#" PRIx64 " do not exist",
                             first, first + nr, mfn);
        if (mfn * XD_PT_SLOTS + first < word)
            return refuse_at(r, at, "word %" PRIu64 " of frame %#" PRIx64 " was there already",
                             first, mfn);
        if (mfn >= hv->m2p_l3.v && mfn < hv->heap_first)
            return refuse_at(r, at, "frame %#" PRIx64 " is Xen's alone and holds nothing", mfn);
        if (!xd_frame_ever_used(hv, xd_mfn_of(mfn)))
            return refuse_at(r, at, "frame %#" PRIx64 " was never in use and holds nothing", mfn);
        if (!has(r, (size_t)nr * 8, "piece"))
            return false;
        word = mfn * XD_PT_SLOTS + first + nr;
        w = xd_frame_words(hv, xd_mfn_of(mfn));
        for (uint64_t i = first; i < first + nr; i++)
            w[i] = number(r, 8);
    }
    return leave(r);
}

/* What the heap has not handed out yet is as it was; xd_audit counts the rest. */
static bool heap(struct reader *r)
{
    struct xd_hv *hv = r->hv;
    uint32_t all = hv->frames - hv->heap_first;

    if (hv->heap_taken > all)
        return refuse_at(r, r->at, "the heap has handed out %" PRIu32 " frames of %" PRIu32,
                         hv->heap_taken, all);
    for (uint32_t i = hv->heap_taken, early = 0; i < all; i++) {
        xd_mfn mfn = xd_mfn_of(hv->heap_first + xd_rng_permute(hv->config.seed, all, i));

        if (xd_frame_ever_used(hv, mfn) && ++early > hv->heap_early)
            return refuse_at(r, r->at, "frame %#" PRIx64 " was never handed out, and is in use",
                             mfn.v);
    }
    return true;
}

static bool sound(struct reader *r)
{
    char *report = NULL, *line, *end;
    unsigned int found, lines = 0;

    if (!heap(r))
        return false;
    found = xd_audit(r->hv, &report);
    if (!found)
        return true;
    refuse_at(r, r->size, "all is read, and the machine is not sound:");
    for (line = report; line && *line && lines < LINES_MAX; line = end + 1, lines++) {
        end = strchr(line, '\n');
        xd_str_addf(r->error, "\n  %.*s", (int)(end - line), line);
    }
    if (found > lines)
        xd_str_addf(r->error, "\n  and %u more", found - lines);
    free(report);
    return false;
}

static bool all(struct reader *r, int *rc)
{
    uint32_t slot = 0;

    if (!head(r) || !machine(r, rc))
        return false;
    while (next_is(r, "DOM "))
        if (!domain(r, &slot))
            return false;
    if (!frames(r) || !memory(r) || !enter(r, "END ") || !leave(r))
        return false;
    if (r->at != r->size)
        return refuse_at(r, r->at, "the file should end here, and has %zu bytes more",
                         r->size - r->at);
    return sound(r);
}

int xd_state_read(struct xd_hv **hv, const void *file, size_t n, struct xd_str *error)
{
    struct reader r = {.file = file, .size = n, .error = error};
    int rc = 0;

    *hv = NULL;
    if (all(&r, &rc)) {
        *hv = r.hv;
        return 0;
    }
    xd_hv_destroy(r.hv);
    return rc ? rc : -XD_HOST_EINVAL;
}

int xd_load(struct xd_hv **hv, const char *path, char **error)
{
    struct xd_str file = {0}, says = {0};
    int rc = xd_file_read(path, is_machine, &file);

    *hv = NULL;
    xd_str_addf(&says, "%s: ", path);
    if (rc)
        xd_str_add(&says, xd_file_error(rc));
    else
        rc = xd_state_read(hv, xd_str_text(&file), file.len, &says);
    if (error)
        *error = rc ? xd_strdup(xd_str_text(&says)) : NULL;
    xd_str_free(&file);
    xd_str_free(&says);
    return rc;
}
