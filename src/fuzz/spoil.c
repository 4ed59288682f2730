/* SPDX-License-Identifier: MIT */
/*
 * spoil.c: steps that were right go wrong in one place: a domain, a pointer, a count, a frame or a flag is replaced by one
 * near the edge of what is allowed, wherever a call takes one.
 *
 * Left alone are steps that a guest's kernel stands on (slot 511 of an L4, base pointers), and stories that wait for events.
 */
#include "fuzz/grammar.h"

#include <string.h>

#define PLACES_MAX 64u

/* In calls (call), what follows (key) becomes what (rule) makes; no key: (rule) goes behind the call. */
static const struct {
    const char *call, *key, *rule;
    bool adds; /* what (rule) makes goes behind what is there */
} rows[] = {
    {"event_channel_op ", " port=", "odd-port", false},
    {"event_channel_op ", " remote_port=", "odd-port", false},
    {"event_channel_op ", " dom=", "domid", false},
    {"event_channel_op ", " remote_dom=", "domid", false},
    {"event_channel_op ", " vcpu=", "odd-vcpu", false},
    {"event_channel_op ", " virq=", "odd-virq", false},
    {"memory_op ", " domid=", "domid", false},
    {"memory_op ", " in_domid=", "domid", false},
    {"memory_op ", " out_domid=", "domid", false},
    {"memory_op ", " in=[", "bad-frame", false},
    {"update_va_mapping ", "mapping ", "odd-va", false},
    {"update_va_mapping ", " UVMF_", "odd-flush", false},
    {"update_va_mapping ", " pte(", "flip", true},
    {"update_va_mapping_otherdomain ", " UVMF_INVLPG ", "domid", false},
    {"mmu_update ", " pte(", "flip", true},
    {"mmu_update ", "[page(", "odd-place", false},
    {"mmu_update ", ", page(", "odd-place", false},
    {"mmu_update ", NULL, "mmu-edge", false},
    {"mmu_update ", NULL, "mmu-edge", false},
    {"mmuext_op ", " mfn=", "stranger", false},
    {"mmuext_op ", " src_mfn=", "stranger", false},
    {"mmuext_op ", " linear_addr=", "odd-va", false},
    {"mmuext_op ", " nr_ents=", "odd-entries", false},
    {"mmuext_op ", NULL, "ext-edge", false},
    {"set_gdt ", "[page(", "bad-frame", false},
    {"set_gdt ", ", page(", "stranger", false},
    {"set_gdt ", "] ", "odd-gdt", false},
    {"vm_assist ", "assist ", "odd-assist", false},
    {"update_descriptor ", "descriptor ", "odd-maddr", false},
    {"update_descriptor ", " 0x", "odd-descriptor", false},
};

struct place {
    size_t at, end; /* what is replaced */
    unsigned int row;
};

/* The end of the value at (at): what is in brackets belongs to it. */
static size_t value_end(const char *line, size_t at, size_t len)
{
    unsigned int depth = 0;

    for (; at < len; at++) {
        char c = line[at];

        if (depth == 0 && strchr(" ,];", c))
            break;
        depth += c == '(' || c == '[';
        depth -= depth && (c == ')' || c == ']');
    }
    return at;
}

static bool starts(const char *line, size_t len, const char *with)
{
    return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static bool has(const char *line, size_t len, const char *what)
{
    for (size_t at = 0; at + strlen(what) <= len; at++)
        if (!memcmp(line + at, what, strlen(what)))
            return true;
    return false;
}

static unsigned int find(const char *line, size_t len, struct place *place)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < XD_ARRAY_SIZE(rows); i++) {
        size_t n = rows[i].key ? strlen(rows[i].key) : 0;

        if (!starts(line, len, rows[i].call))
            continue;
        if (!rows[i].key && line[len - 1] == ']' && nr < PLACES_MAX)
            place[nr++] = (struct place){len, len, i};
        for (size_t at = 0; n && at + n <= len && nr < PLACES_MAX; at++) {
            size_t value = at + n, end;

            if (memcmp(line + at, rows[i].key, n))
                continue;
            while (strchr(" =", rows[i].key[n - 1]) == NULL && value > at + 1 &&
                   line[value - 1] != ' ' && line[value - 1] != '[')
                value--; /* the key ends within the value */
            end = value_end(line, value, len);
            place[nr++] = (struct place){rows[i].adds ? end : value, end, i};
        }
    }
    return nr;
}

static void line_of(struct xd_gen *g, const char *line, size_t len, struct xd_str *out)
{
    struct place place[PLACES_MAX], *p;
    unsigned int nr = find(line, len, place);

    if (!nr || has(line, len, "[511] = ") || has(line, len, "NEW_BASEPTR") ||
        !xd_gen_percent(g, XD_GEN_SPOIL_PERCENT)) {
        xd_str_addn(out, line, len);
        return;
    }
    p = &place[xd_gen_below(g, nr)];
    xd_str_addn(out, line, p->at);
    xd_gen_rule(g, rows[p->row].rule, out);
    xd_str_addn(out, line + p->end, len - p->end);
}

void xd_gen_spoil(struct xd_gen *g, struct xd_str *story)
{
    struct xd_str out = {0};

    if (strstr(xd_str_text(story), "sched_op poll"))
        return;
    for (const char *line = xd_str_text(story); *line;) {
        size_t len = strcspn(line, "\n");

        line_of(g, line, len, &out);
        line += len;
        if (*line) {
            xd_str_addc(&out, '\n');
            line++;
        }
    }
    xd_str_free(story);
    *story = out;
}

/* ---- What goes wrong ---- */

static const struct xd_alt odd_vcpu[] = {A(2, "1"),    A(1, "2"),          A(1, "31"),
                                         A(1, "32"),   A(1, "128"),        A(1, "8191"),
                                         A(1, "8192"), A(1, "0x7fffffff"), A(1, "0xffffffff")};
static const struct xd_alt odd_virq[] = {
    A(1, "0"),  A(1, "1"),  A(1, "11"),         A(1, "22"),         A(1, "23"),
    A(2, "24"), A(1, "25"), A(1, "0x7fffffff"), A(1, "0x80000000"), A(1, "0xffffffff")};
static const struct xd_alt odd_va[] = {A(2, "0"),
                                       A(1, "0x7ffffffff000"),
                                       A(1, "0x800000000000"),
                                       A(1, "0xffff7ffffffff000"),
                                       A(1, "0xffff800000000000"),
                                       A(1, "0xffff87fffffff000"),
                                       A(1, "0xffff880000000000"),
                                       A(1, "0xfffffffffffff000"),
                                       A(1, "va(1023)+4096"),
                                       A(1, "va(512)"),
                                       A(1, "<alias>"),
                                       A(1, "va(17)+<1/8/4095>")};
/* Not every one flushes, and a translation that is no more must not be used. */
static const struct xd_alt odd_flush[] = {
    A(1, "<0/3/4/7/8>\n<flush>"), A(2, "UVMF_TLB_FLUSH|<mask-pointer>\n<flush>"),
    A(2, "UVMF_INVLPG|<mask-pointer>\n<flush>"), A(1, "UVMF_TLB_FLUSH|<bad-in>\n<flush>")};
static const struct xd_alt flip[] = {A(1, "^<bit>")};
static const struct xd_alt odd_place[] = {A(3, "<stranger>"), A(2, "<alien>"), A(1, "<page>")};
static const struct xd_alt odd_entries[] = {A(1, "0"), A(1, "8192"), A(2, "8193"), A(1, "0x10000"),
                                            A(1, "0xffffffff")};
static const struct xd_alt odd_gdt[] = {A(1, "0"),         A(1, "513"),  A(1, "1025"),
                                        A(1, "7168"),      A(1, "7169"), A(1, "0x80000000"),
                                        A(1, "0xffffffff")};
static const struct xd_alt odd_assist[] = {A(1, "2"), A(1, "3"), A(1, "0x80000000"),
                                           A(1, "0xffffffff")};
static const struct xd_alt odd_maddr[] = {A(2, "mach(<alien>)"),
                                          A(2, "mach(<stranger>)+8"),
                                          A(1, "mach(<seg>)+<1/4/7>"),
                                          A(1, "mach(<l1>)+8"),
                                          A(1, "0"),
                                          A(1, "0xffffffffffffffff")};
static const struct xd_alt mmu_edge[] = {A(6, " fd=<domid>"),
                                         A(2, " pfd=<<domid>/SELF/0/7>"),
                                         A(2, " count=<count>"),
                                         A(2, " pdone=<bad-out>"),
                                         A(2, " reqs=<bad-in> count=<1/2>"),
                                         A(1, " count=0x80000001 pdone=ptr4(<0/1/0xfffffffe>)")};
static const struct xd_alt ext_edge[] = {
    A(6, " fd=<domid>"), A(2, " count=<count>"), A(2, " pdone=<bad-out>"),
    A(2, " ops=<bad-in> count=<1/2>"), A(1, " count=0x80000001 pdone=ptr4(<0/1/0xfffffffe>)")};

const struct xd_rule xd_rules_spoil[] = {
    RULE("odd-vcpu", odd_vcpu),
    RULE("odd-virq", odd_virq),
    RULE("odd-va", odd_va),
    RULE("odd-flush", odd_flush),
    RULE("flip", flip),
    RULE("odd-place", odd_place),
    RULE("odd-maddr", odd_maddr),
    RULE("odd-entries", odd_entries),
    RULE("mmu-edge", mmu_edge),
    RULE("ext-edge", ext_edge),
    RULE("odd-gdt", odd_gdt),
    RULE("odd-assist", odd_assist),
    {0},
};
