/* SPDX-License-Identifier: MIT */
/* save.c: a machine becomes a file: state.h says what it looks like. */
#include "base/arena.h"
#include "base/file.h"
#include "hv/state.h"

#include <string.h>

static void put(struct xd_str *out, uint64_t value, unsigned int size)
{
    char bytes[8];

    for (unsigned int i = 0; i < size; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    xd_str_addn(out, bytes, size);
}

static uint64_t get(const unsigned char *bytes, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* A number of the host's byte order. */
static uint64_t fetch(const unsigned char *from, unsigned int size)
{
    uint64_t w64;
    uint32_t w32;
    uint16_t w16;

    switch (size) {
    case 1: return *from;
    case 2: memcpy(&w16, from, size); return w16;
    case 4: memcpy(&w32, from, size); return w32;
    default: memcpy(&w64, from, size); return w64;
    }
}

static void put_rows(struct xd_str *out, const struct xd_state_row *row, const void *from)
{
    const unsigned char *base = from;

    for (; row->name; row++)
        for (uint32_t i = 0; i < row->nr; i++)
            put(out, fetch(base + row->at + (size_t)i * row->stride, row->size), row->size);
}

/* ---- Sections ---- */

/* Its length and hash are xd_state_seal's. */
static size_t section(struct xd_str *out, const char *name)
{
    size_t at = out->len;

    xd_str_addn(out, name, 4);
    put(out, 0, 4);
    put(out, 0, 8);
    put(out, 0, 8);
    return at;
}

static void store(unsigned char *to, uint64_t value, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * i & 0xff);
}

static void set_length(struct xd_str *out, size_t at)
{
    store((unsigned char *)out->text + at + 8, out->len - at - XD_STATE_SECTION, 8);
}

void xd_state_seal(unsigned char *file, size_t n)
{
    for (size_t at = XD_STATE_HEAD; at <= n && n - at >= XD_STATE_SECTION;) {
        uint64_t length = get(file + at + 8, 8);

        if (length > n - at - XD_STATE_SECTION) {
            length = n - at - XD_STATE_SECTION;
            store(file + at + 8, length, 8);
        }
        store(file + at + 16,
              xd_hash64(xd_hash64(0, file + at, 16), file + at + XD_STATE_SECTION, (size_t)length),
              8);
        at += XD_STATE_SECTION + (size_t)length;
    }
}

/* ---- What is in them ---- */

static void put_rights(struct xd_str *out, const struct xd_rights *r)
{
    for (uint32_t i = 0; i < r->nr; i++)
        put_rows(out, xd_state_range, &r->range[i]);
}

static void put_domain(struct xd_str *out, const struct xd_domain *d, uint32_t slot)
{
    put(out, slot, 4);
    put_rows(out, xd_state_domain, d);
    for (uint32_t id = 0; id < d->vcpus; id++)
        put_rows(out, xd_state_vcpu, &d->vcpu[id]);
    for (uint32_t i = 0; i < d->e820_nr; i++)
        put_rows(out, xd_state_e820, &d->e820[i]);
    if (d->vnuma.nodes)
        put_rows(out, xd_state_vnuma, &d->vnuma);
    put_rights(out, &d->iomem);
    put_rights(out, &d->ioport);
    if (d->policy.own)
        put_rows(out, xd_state_policy, &d->policy);
    for (uint32_t port = 0; port < d->ports_valid; port++)
        put_rows(out, xd_state_port, &d->port[port]);
}

static void put_frames(struct xd_str *out, const struct xd_hv *hv)
{
    for (uint32_t mfn = 0, run; mfn < hv->frames; mfn += run) {
        for (run = 1; mfn + run < hv->frames &&
                      !memcmp(&hv->frame[mfn], &hv->frame[mfn + run], sizeof(struct xd_frame));)
            run++;
        put(out, run, 4);
        put_rows(out, xd_state_frame, &hv->frame[mfn]);
    }
}

/* The first word from (slot) on that is (blank) or that is not; XD_PT_SLOTS if there is none. */
static unsigned int next_word(const uint64_t *w, unsigned int slot, uint64_t blank, bool is_blank)
{
    while (slot < XD_PT_SLOTS && (w[slot] == blank) != is_blank)
        slot++;
    return slot;
}

/* Pieces of a frame: mfn:4 first word:2 how many:2, then the words. */
static void put_frame(struct xd_str *out, struct xd_hv *hv, uint32_t mfn)
{
    const uint64_t *w = xd_frame_words(hv, xd_mfn_of(mfn)), blank = xd_state_blank(hv, mfn);

    for (unsigned int at = next_word(w, 0, blank, false), end; at < XD_PT_SLOTS;
         at = next_word(w, end, blank, false)) {
        end = next_word(w, at, blank, true);
        put(out, mfn, 4);
        put(out, at, 2);
        put(out, end - at, 2);
        for (unsigned int i = at; i < end; i++)
            put(out, w[i], 8);
    }
}

static void put_memory(struct xd_str *out, struct xd_hv *hv)
{
    for (uint32_t mfn = 0; mfn < hv->frames; mfn++)
        if (xd_frame_ever_used(hv, xd_mfn_of(mfn)))
            put_frame(out, hv, mfn);
}

void xd_state_write(struct xd_hv *hv, struct xd_str *out)
{
    size_t start = out->len, at;

    xd_str_addn(out, "xendoubl", 8);
    put(out, XD_STATE_VERSION, 4);
    put(out, 0, 4);
    at = section(out, "MACH");
    put_rows(out, xd_state_machine, hv);
    set_length(out, at);
    for (uint32_t i = 0; i < hv->config.domains_max; i++) {
        if (!hv->domain[i].used)
            continue;
        at = section(out, "DOM ");
        put_domain(out, &hv->domain[i], i);
        set_length(out, at);
    }
    at = section(out, "FRAM");
    put_frames(out, hv);
    set_length(out, at);
    at = section(out, "MEM ");
    put_memory(out, hv);
    set_length(out, at);
    section(out, "END ");
    xd_state_seal((unsigned char *)out->text + start, out->len - start);
}

static bool in_a_list(const struct xd_hv *hv)
{
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        for (uint32_t id = 0; hv->domain[i].used && id < hv->domain[i].vcpus; id++)
            if (hv->domain[i].vcpu[id].in_multicall)
                return true;
    return false;
}

/* Why what is in this process can't be left behind; NULL: it can. */
static const char *tied(const struct xd_hv *hv)
{
    const struct xd_host *h = hv->host;

    if (h->in_call || in_a_list(hv))
        return "a guest's call is under way";
    if (h->linked.guest)
        return "its guests are linked: their memory and code lie in this process";
    if (h->hooks.read || h->hooks.write)
        return "the hooks read and write give its guests memory outside of it";
    if (h->place)
        return "the host says which frames its heap hands out";
    return NULL;
}

int xd_save(struct xd_hv *hv, const char *path)
{
    const char *why = tied(hv);
    struct xd_str file = {0};
    int err;

    if (why)
        return xd_hv_misuse(hv, XD_HOST_EINVAL, "the machine can't be saved: %s", why);
    xd_state_write(hv, &file);
    err = xd_file_write(path, file.text, file.len);
    xd_str_free(&file);
    return err ? xd_hv_misuse(hv, -err, "%s: %s", path, xd_file_error(err)) : 0;
}
