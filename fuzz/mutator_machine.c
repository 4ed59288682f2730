/* SPDX-License-Identifier: MIT */
/*
 * mutator_machine.c: files of machines for engines: single fields, words of memory and whole sections are
 * changed, and then lengths and hashes are mended, so that the checks behind them are reached.
 */
#include "target.h"

#include "base/arena.h"
#include "base/rng.h"
#include "hv/state.h"

#include <string.h>

#define SECTIONS 80u
#define TRIES    20u /* a field may get the value that it has */

struct part {
    size_t at, size; /* with its head */
};

struct file {
    uint8_t *bytes;
    size_t n, max;
    uint64_t chance;
    struct part part[SECTIONS];
    size_t parts;
};

static size_t below(struct file *f, size_t n)
{
    return n ? (size_t)(xd_rng_next(&f->chance) % n) : 0;
}

static uint64_t get(const uint8_t *from, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = size; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static void put(uint8_t *to, uint64_t value, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static void find_parts(struct file *f)
{
    size_t at = XD_STATE_HEAD;

    for (f->parts = 0; f->parts < SECTIONS && at <= f->n && f->n - at >= XD_STATE_SECTION;) {
        uint64_t length = get(f->bytes + at + 8, 8);

        if (length > f->n - at - XD_STATE_SECTION)
            length = f->n - at - XD_STATE_SECTION;
        f->part[f->parts++] = (struct part){at, XD_STATE_SECTION + (size_t)length};
        at += XD_STATE_SECTION + (size_t)length;
    }
}

static bool is(const struct file *f, size_t part, const char *name)
{
    return !memcmp(f->bytes + f->part[part].at, name, 4);
}

/* ---- Fields ---- */

static size_t all_of(const struct xd_state_row *row)
{
    size_t n = 0;

    for (; row->name; row++)
        n += (size_t)row->nr * row->size;
    return n;
}

/* What the field may hold, mostly: refusing the rest is soon explored. */
static uint64_t bring_in(struct file *f, const struct xd_state_row *row, uint64_t value)
{
    const uint64_t frames = get(f->bytes + XD_STATE_HEAD + XD_STATE_SECTION, 4);

    if (below(f, 40) == 0)
        return value;
    switch ((enum xd_state_rule)row->rule) {
    case XD_STATE_MAX: return row->limit == UINT64_MAX ? value : value % (row->limit + 1);
    case XD_STATE_BITS: return value & row->limit;
    case XD_STATE_MFN: return frames ? value % frames : value;
    case XD_STATE_VA:
    case XD_STATE_OK: return value & (UINT64_MAX >> 17);
    }
    return value;
}

/* Any field of a struct whose bytes begin at (at); one of the same struct, (other) bytes on, may lend its value. */
static void change_field(struct file *f, const struct xd_state_row *row, size_t at, size_t end,
                         size_t other)
{
    size_t rows = 0, which, i;
    uint64_t value;

    while (row[rows].name)
        rows++;
    which = below(f, rows);
    i = below(f, row[which].nr);
    for (size_t k = 0; k < which; k++)
        at += (size_t)row[k].nr * row[k].size;
    row += which;
    at += i * row->size;
    if (at + row->size > end)
        return;
    value = get(f->bytes + at, row->size);
    switch (below(f, 8)) {
    case 0: value = below(f, 20); break;
    case 1: value = row->limit + below(f, 3) - 1; break;
    case 2: value ^= UINT64_C(1) << below(f, 8u * row->size); break;
    case 3: value += below(f, 3) - 1; break;
    case 4: value = xd_rng_next(&f->chance); break;
    case 5: value = get(f->bytes + XD_STATE_HEAD + XD_STATE_SECTION, 4) - below(f, 4000); break;
    default:
        if (at + other + row->size <= end)
            value = get(f->bytes + at + other, row->size);
    }
    put(f->bytes + at, bring_in(f, row, value), row->size);
}

static void change_domain(struct file *f, size_t at, size_t end)
{
    const size_t own = all_of(xd_state_domain), vcpu = all_of(xd_state_vcpu),
                 port = all_of(xd_state_port), room = end - at;
    size_t vcpus, ports;

    at += 4;
    if (room < 4 + own + vcpu)
        return;
    vcpus = 1 + below(f, (room - 4 - own) / vcpu); /* some of the ports' bytes too: never mind */
    ports = (room - 4 - own) / port;
    switch (below(f, 5)) {
    case 0:
    case 1: change_field(f, xd_state_domain, at, end, 0); break;
    case 2:
        change_field(f, xd_state_port, end - port * (1 + below(f, ports < 64 ? ports : 64)), end,
                     port);
        break;
    default:
        change_field(f, xd_state_vcpu, at + own + (below(f, 3) ? 0 : vcpus - 1) * vcpu, end, vcpu);
    }
}

static void change_frames(struct file *f, size_t at, size_t end)
{
    const size_t run = 4 + all_of(xd_state_frame), runs = (end - at) / run;
    size_t a = at + below(f, runs) * run, b = at + below(f, runs) * run;
    uint32_t n;

    if (!runs)
        return;
    switch (below(f, 4)) {
    case 0: /* one frame more here, one less there */
        n = (uint32_t)get(f->bytes + a, 4);
        if (n < 2 || a == b)
            break;
        put(f->bytes + a, n - 1, 4);
        put(f->bytes + b, get(f->bytes + b, 4) + 1, 4);
        break;
    case 1: /* another's record */ memmove(f->bytes + a + 4, f->bytes + b + 4, run - 4); break;
    default: change_field(f, xd_state_frame, a + 4, end, b > a ? b - a : 0);
    }
}

/* Pieces' heads and words are of 8 bytes alike. */
static void change_memory(struct file *f, size_t at, size_t end)
{
    const size_t words = (end - at) / 8;
    uint8_t *a = f->bytes + at + below(f, words) * 8, *b = f->bytes + at + below(f, words) * 8;
    uint64_t value;

    if (!words)
        return;
    value = get(a, 8);
    switch (below(f, 6)) {
    case 0: value = get(b, 8); break;
    case 1: value = 0; break;
    case 2: value = xd_pte_make(xd_pte_mfn(get(b, 8)), value & ~XD_PTE_MFN); break;
    case 3: value = xd_rng_next(&f->chance); break;
    default: value ^= UINT64_C(1) << below(f, 64);
    }
    put(a, value, 8);
}

/* ---- Sections ---- */

static void cut(struct file *f, size_t at, size_t n)
{
    memmove(f->bytes + at, f->bytes + at + n, f->n - at - n);
    f->n -= n;
}

static void change_part(struct file *f, size_t i)
{
    const struct part p = f->part[i];
    size_t n;

    switch (below(f, 4)) {
    case 0: cut(f, p.at, p.size); break;
    case 1: /* once more */
        if (f->n + p.size > f->max)
            break;
        memmove(f->bytes + p.at + p.size, f->bytes + p.at, f->n - p.at);
        f->n += p.size;
        break;
    default: /* it loses a bit of its end */
        n = below(f, p.size - XD_STATE_SECTION < 64 ? p.size - XD_STATE_SECTION : 64);
        put(f->bytes + p.at + 8, p.size - XD_STATE_SECTION - n, 8);
        cut(f, p.at + p.size - n, n);
    }
    find_parts(f);
}

static void change(struct file *f)
{
    static const char often[][5] = {"MACH", "DOM ", "DOM ", "DOM ", "FRAM", "MEM "};
    const char *name = often[below(f, XD_ARRAY_SIZE(often))];
    size_t i = below(f, f->parts), at, end;

    for (size_t k = 0; k < f->parts && !is(f, i, name); k++)
        i = (i + 1) % f->parts;
    at = f->part[i].at + XD_STATE_SECTION;
    end = f->part[i].at + f->part[i].size;
    if (below(f, 100) == 0)
        change_part(f, i);
    else if (is(f, i, "MACH"))
        change_field(f, xd_state_machine, at, end, 0);
    else if (is(f, i, "DOM "))
        change_domain(f, at, end);
    else if (is(f, i, "FRAM"))
        change_frames(f, at, end);
    else if (is(f, i, "MEM "))
        change_memory(f, at, end);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    struct file f = {.bytes = data, .n = size, .max = max, .chance = seed};
    const uint64_t was = xd_hash64(0, data, size);
    size_t rounds, tries = TRIES;

    find_parts(&f);
    if (f.parts == 0 || below(&f, 20) == 0)
        f.n = LLVMFuzzerMutate(data, size, max);
    else
        for (rounds = 1 + below(&f, 3); f.parts && tries; tries--) {
            change(&f);
            rounds -= rounds > 0;
            if (!rounds && (f.n != size || xd_hash64(0, data, size) != was))
                break;
        }
    if (below(&f, 50))
        xd_state_seal(data, f.n);
    return f.n;
}

/* A section of (b) stands in the place of one of (a). */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t max, unsigned int seed)
{
    struct file to = {.bytes = out, .n = a_len, .max = max, .chance = seed}, from = {.n = b_len};
    struct part old, new;

    if (a_len > max)
        return 0;
    if (a_len)
        memcpy(out, a, a_len);
    from.bytes = (uint8_t *)(uintptr_t)b; /* only looked at */
    find_parts(&to);
    find_parts(&from);
    if (!to.parts || !from.parts)
        return 0;
    old = to.part[below(&to, to.parts)];
    new = from.part[below(&to, from.parts)];
    if (a_len - old.size + new.size > max)
        return 0;
    memmove(out + old.at + new.size, out + old.at + old.size, a_len - old.at - old.size);
    memcpy(out + old.at, b + new.at, new.size);
    xd_state_seal(out, a_len - old.size + new.size);
    return a_len - old.size + new.size;
}
