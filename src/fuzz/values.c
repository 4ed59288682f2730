/* SPDX-License-Identifier: MIT */
/*
 * values.c: rules of what all groups name: pages by role, table entries, flags, addresses, domains.
 *
 * va(0)..va(5) map RAM of the domain and are read and written; va(6) and va(8) map the page of call
 * lists, va(8) read-only; va(7) maps nothing; va(9) maps shared_info; what may be at va(16) and up
 * is never touched.
 */
#include "fuzz/grammar.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    uint8_t first, nr;
} role_pages[XD_ROLES] = {
    [XD_ROLE_L4] = {0, 2},    [XD_ROLE_L3] = {2, 2},
    [XD_ROLE_L2] = {4, 2},    [XD_ROLE_L1] = {6, 3},
    [XD_ROLE_SEG] = {9, 2},   [XD_ROLE_PLAIN] = {11, 4},
    [XD_ROLE_GONE] = {15, 3}, [XD_ROLE_CALLS] = {XD_GEN_CALLS, 1},
};

/* Now and then a page has another role than its own: so frames change their types. */
#define OFF_ROLE_PERCENT 8
#define LIVE_PERCENT     98 /* at each page that a search for a live table passes */

static unsigned int draw_page(struct xd_gen *g, unsigned int role)
{
    if (role < XD_ROLE_CALLS && xd_gen_percent(g, OFF_ROLE_PERCENT))
        return xd_gen_below(g, XD_GEN_PAGES);
    return role_pages[role].first + xd_gen_below(g, role_pages[role].nr);
}

static void page(struct xd_gen *g, unsigned int role, struct xd_str *out)
{
    xd_str_addf(out, "page(%u)", draw_page(g, role));
}

static void strict_page(struct xd_gen *g, unsigned int role, struct xd_str *out)
{
    xd_str_addf(out, "page(%u)", role_pages[role].first + xd_gen_below(g, role_pages[role].nr));
}

/* A table of a tree below its root, of whatever role: never one that can be a base pointer. */
static void tree_page(struct xd_gen *g, unsigned int role, struct xd_str *out)
{
    unsigned int k = draw_page(g, role);

    xd_str_addf(out, "page(%u)", k < role_pages[XD_ROLE_L3].first ? role_pages[role].first : k);
}

static void any_page(struct xd_gen *g, unsigned int pfn, struct xd_str *out)
{
    xd_str_addf(out, pfn ? "pfn(%u)" : "page(%u)", xd_gen_below(g, XD_GEN_PAGES));
}

/* A page of the other domain; what is no page of the caller's if there is none. */
static void their_page(struct xd_gen *g, unsigned int role, struct xd_str *out)
{
    if (g->ask->two_domains)
        xd_str_addf(out, "d%u.page(%u)", 1 - g->at, draw_page(g, role));
    else
        xd_gen_rule(g, "alien", out);
}

static void other_domain(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    xd_str_add(out, !g->ask->two_domains ? "7" : g->at ? "d0" : "d1");
}

static void own_domain(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    (void)arg;
    xd_str_add(out, g->at ? "d1" : "d0");
}

/* A name of the caller's own tables, from the head of the program. */
static void own_table(struct xd_gen *g, unsigned int level, struct xd_str *out)
{
    xd_str_addf(out, "%s%u", g->at ? "y" : "x", level);
}

/* page(k)[slot]: the place of an entry in a table of that role, mostly one that Xen watches. */
static void place(struct xd_gen *g, unsigned int role, struct xd_str *out)
{
    unsigned int k = draw_page(g, role), level = 4 - role, from = xd_gen_below(g, XD_GEN_PAGES);

    for (unsigned int i = 0; i < XD_GEN_PAGES && xd_gen_percent(g, LIVE_PERCENT); i++)
        if (xd_gen_here(g)->pinned[(from + i) % XD_GEN_PAGES] == level) {
            k = (from + i) % XD_GEN_PAGES;
            break;
        }
    xd_str_addf(out, "page(%u)[", k);
    xd_gen_rule(g, k < role_pages[XD_ROLE_L3].first ? "slot4" : "slot", out);
    xd_str_addc(out, ']');
}

static void flags(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    static const struct {
        const char *name;
        uint8_t percent;
    } flag[] = {{"P", 92},  {"RW", 60}, {"US", 55}, {"A", 15}, {"D", 10},  {"PWT", 3}, {"PCD", 3},
                {"PAT", 2}, {"G", 4},   {"NX", 10}, {"GK", 4}, {"AV0", 3}, {"AV1", 2}, {"AV2", 2}};
    const char *sep = "";

    (void)arg;
    for (size_t i = 0; i < XD_ARRAY_SIZE(flag); i++)
        if (xd_gen_percent(g, flag[i].percent)) {
            xd_str_addf(out, "%s%s", sep, flag[i].name);
            sep = "|";
        }
    if (!*sep)
        xd_str_addc(out, '0');
    if (xd_gen_percent(g, 3))
        xd_str_addf(out, "|0x%llx", 1ull << (52 + xd_gen_below(g, 11)));
}

/* One bit of an entry, of any kind but those of the frame's number. */
static void flag_bit(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    unsigned int bit = xd_gen_below(g, 24);

    (void)arg;
    xd_str_addf(out, "0x%llx", 1ull << (bit < 12 ? bit : bit + 40));
}

/* 64 random bits. */
static void wild(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    uint32_t high = xd_gen_below(g, UINT32_MAX), low = xd_gen_below(g, UINT32_MAX);

    (void)arg;
    xd_str_addf(out, "0x%lx%08lx", (unsigned long)high, (unsigned long)low);
}

/* ---- Pins ---- */

static void pin(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    static const uint8_t levels[] = {1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4};
    struct xd_gen_domain *d = xd_gen_here(g);
    unsigned int level = levels[xd_gen_below(g, XD_ARRAY_SIZE(levels))], k;

    (void)arg;
    xd_str_addf(out, "PIN_L%u_TABLE mfn=", level);
    if (xd_gen_percent(g, 12)) {
        xd_gen_rule(g, "stranger", out);
        return;
    }
    k = draw_page(g, XD_ROLE_L4 + 4 - level);
    for (int i = 0; i < 4 && d->pinned[k] && xd_gen_percent(g, 70); i++)
        k = draw_page(g, XD_ROLE_L4 + 4 - level);
    xd_str_addf(out, "page(%u)", k);
}

static void unpin(struct xd_gen *g, unsigned int arg, struct xd_str *out)
{
    struct xd_gen_domain *d = xd_gen_here(g);
    unsigned int from = xd_gen_below(g, XD_GEN_PAGES), k = from;

    (void)arg;
    xd_str_add(out, "UNPIN_TABLE mfn=");
    for (unsigned int i = 0; i < XD_GEN_PAGES && !d->pinned[k]; i++)
        k = (k + 1) % XD_GEN_PAGES;
    if (xd_gen_percent(g, d->pinned[k] ? 20 : 70)) {
        xd_gen_rule(g, "stranger", out);
        return;
    }
    xd_str_addf(out, "page(%u)", k);
}

void xd_gen_note(struct xd_gen *g, const char *line, size_t len)
{
    static const char pinned[] = "PIN_L?_TABLE mfn=page(", unpinned[] = "UNPIN_TABLE mfn=page(";
    const char *end = line + len, *at = line;

    while ((at = memchr(at, 'P', (size_t)(end - at))) != NULL) {
        bool is_pin = strncmp(at, pinned, 5) == 0;
        const char *page = is_pin ? at + sizeof(pinned) - 1 : at - 2 + sizeof(unpinned) - 1;
        unsigned int k;

        if (is_pin || (at - line > 2 && strncmp(at - 2, unpinned, sizeof(unpinned) - 1) == 0)) {
            k = (unsigned int)strtoul(page, NULL, 10);
            if (page < end && page[-1] == '(' && k < XD_GEN_PAGES)
                xd_gen_here(g)->pinned[k] = is_pin ? (uint8_t)(at[5] - '0') : 0;
        }
        at++;
    }
}

/* ---- Tables of rules ---- */

static const struct xd_alt slot[] = {
    A(8, "0"),   A(6, "1"),   A(5, "2"),   A(4, "3"),   A(2, "5"),   A(1, "255"), A(1, "256"),
    A(1, "260"), A(1, "271"), A(1, "272"), A(1, "300"), A(1, "510"), A(2, "511")};
static const struct xd_alt slot4[] = {
    A(8, "0"),   A(4, "2"),   A(3, "3"),   A(2, "5"),   A(1, "200"), A(2, "255"), A(1, "256"),
    A(1, "258"), A(1, "260"), A(1, "271"), A(2, "272"), A(1, "273"), A(1, "300"), A(1, "510")};

/* Frames that are not the caller's. */
static const struct xd_alt alien[] = {
    A(4, "frames()"),    A(1, "frames()+1"),      A(2, "0xb0"),
    A(1, "0xa0"),        A(1, "0x1000000"),       A(2, "0xffffffffff"),
    A(1, "0xfffffffff"), TWO(8, "<their-plain>"), TWO(3, "<their-l1>")};
/* Frames that a call about a page may not expect. */
static const struct xd_alt stranger[] = {
    A(5, "<page>"), A(6, "<alien>"), A(1, "<x1>"), A(1, "<x2>"),
    A(1, "<x3>"),   A(1, "<x4>"),    A(1, "0"),    A(1, "0xffffffffffffffff")};

static const struct xd_alt table_flags[] = {A(42, "P|RW|US"),
                                            A(14, "P|RW"),
                                            A(6, "P"),
                                            A(5, "P|US|NX"),
                                            A(3, "P|RW|US|A|D"),
                                            A(12, "<flags>"),
                                            A(3, "P|RW|US|<PSE/PCD/PWT/G>"),
                                            A(1, "0")};
static const struct xd_alt ram_flags[] = {A(50, "P|RW"), A(20, "P|RW|US"), A(10, "P"),
                                          A(6, "P|US"),  A(8, "<flags>"),  A(3, "P|RW|A|D")};

/* Entries for what the program reads and writes: RAM of its own, or none. */
static const struct xd_alt ram[] = {A(26, "pte(<plain>, <ram-flags>)"),
                                    A(10, "pte(<l1>, P)"),
                                    A(16, "pte(<l1>, P|RW)"),
                                    A(6, "pte(<l2>, <P/P|RW>)"),
                                    A(4, "pte(<l3>, <P/P|RW>)"),
                                    A(4, "pte(<l4>, <P/P|RW>)"),
                                    A(3, "pte(<seg>, <P/P|RW>)"),
                                    A(4, "pte(<page>, <flags>)"),
                                    A(30, "pte(<<x1>/<x2>/<x3>/<x4>>, P|RW)"),
                                    A(6, "0")};
/* Entries of L1 tables that nothing is accessed through. */
static const struct xd_alt leaf[] = {A(24, "<ram>"),
                                     A(4, "pte(shared_info(), P<20%|PCD>)"),
                                     A(14, "pte(<alien>, <flags>)"),
                                     A(6, "pte(<stranger>, P)"),
                                     A(12, "pte(<<x1>/<x2>/<x3>/<x4>>, P<60%|RW>)"),
                                     A(6, "pte(<page>, P|RW)^<bit>"),
                                     A(2, "pte(0xb0, P|RW<20%|PCD><20%|PWT>)"),
                                     A(1, "pte(0, P|<bit>)"),
                                     A(3, "<0/1/0xfff/0x63/0x8000000000000000>")};
/* Entries of upper tables, right in level or not. */
static const struct xd_alt node1[] = {
    A(10, "pte(<l1>, <table-flags>)"),   A(8, "pte(<l2>, <P/P|RW>)"),
    A(10, "pte(<page>, <table-flags>)"), A(2, "pte(<x1>, P|RW|US)"),
    A(10, "pte(<stranger>, P|RW|US)"),   A(4, "pte(<l1>, P|RW)^<bit>"),
    A(10, "pte(<plain>, P|RW)"),         A(5, "0")};
static const struct xd_alt node2[] = {
    A(10, "pte(<l2>, <table-flags>)"),   A(8, "pte(<l3>, <P/P|RW>)"),
    A(10, "pte(<page>, <table-flags>)"), A(2, "pte(<x2>, P|RW|US)"),
    A(10, "pte(<stranger>, P|RW|US)"),   A(4, "pte(<l2>, P|RW)^<bit>"),
    A(10, "pte(<plain>, P|RW)"),         A(5, "0")};
static const struct xd_alt node3[] = {A(10, "pte(<l3>, <table-flags>)"),
                                      A(8, "pte(<l4>, <P/P|RW>)"),
                                      A(10, "pte(<page>, <table-flags>)"),
                                      A(2, "pte(<x3>, P|RW|US)"),
                                      A(10, "pte(<stranger>, P|RW|US)"),
                                      A(4, "pte(<l3>, P|RW)^<bit>"),
                                      A(10, "pte(<plain>, P|RW)"),
                                      A(5, "pte(<x4>, P)"),
                                      A(5, "0")};

static const struct xd_alt domid[] = {
    A(8, "SELF"), A(2, "0"), A(2, "IO"),     A(2, "XEN"),    A(1, "COW"),       A(1, "INVALID"),
    A(1, "IDLE"), A(2, "7"), A(1, "0x7fef"), A(1, "0xffff"), TWO(6, "<other>"), TWO(2, "<own>")};

static const struct xd_alt mask_pointer[] = {A(4, "ptr(1)"), A(1, "ptr(0)"), A(1, "ptr(3)"),
                                             A(1, "<bad-in>")};
/* Addresses that can't be read; the last bytes before the hole at va(7). */
static const struct xd_alt bad_in[] = {A(3, "0"),
                                       A(3, "va(7)"),
                                       A(2, "0x800000000000"),
                                       A(1, "0xffff7fffffffffff"),
                                       A(2, "0xffff830000000000"),
                                       A(1, "0xffff87fffffffff8"),
                                       A(1, "0xffffffffffffffff"),
                                       A(3, "va(7)-<1/2/4/7/8>"),
                                       A(1, "va(1000)+8")};
/* ... or not written. */
static const struct xd_alt bad_out[] = {A(4, "<bad-in>"), A(4, "va(8)+<0/8/4088/4092>")};

static const struct xd_alt flush[] = {A(8, "mmuext_op [TLB_FLUSH_LOCAL]"),
                                      A(1, "mmuext_op [TLB_FLUSH_ALL]")};
static const struct xd_alt window[] = {A(3, "va(0)"), A(3, "va(1)"), A(2, "va(2)"),
                                       A(2, "va(3)"), A(1, "va(4)"), A(1, "va(5)")};
static const struct xd_alt map_flags[] = {A(40, "UVMF_INVLPG"), A(6, "UVMF_TLB_FLUSH"),
                                          A(3, "UVMF_INVLPG|UVMF_ALL"),
                                          A(3, "UVMF_TLB_FLUSH|UVMF_ALL")};
static const struct xd_alt count[] = {A(3, "0"),          A(3, "1"),          A(2, "2"),
                                      A(1, "3"),          A(1, "0x7fffffff"), A(1, "0x80000000"),
                                      A(1, "0x80000001"), A(1, "0x80000002"), A(1, "0xffffffff"),
                                      A(1, "0x40000000")};

const struct xd_rule xd_rules_common[] = {
    MAKE("l4", page, XD_ROLE_L4),
    MAKE("l3", page, XD_ROLE_L3),
    MAKE("l2", page, XD_ROLE_L2),
    MAKE("l1", page, XD_ROLE_L1),
    MAKE("seg", page, XD_ROLE_SEG),
    MAKE("plain", page, XD_ROLE_PLAIN),
    MAKE("tree3", tree_page, XD_ROLE_L3),
    MAKE("tree2", tree_page, XD_ROLE_L2),
    MAKE("tree1", tree_page, XD_ROLE_L1),
    MAKE("L4", strict_page, XD_ROLE_L4),
    MAKE("L3", strict_page, XD_ROLE_L3),
    MAKE("L2", strict_page, XD_ROLE_L2),
    MAKE("L1", strict_page, XD_ROLE_L1),
    MAKE("PLAIN", strict_page, XD_ROLE_PLAIN),
    MAKE("SEG", strict_page, XD_ROLE_SEG),
    MAKE("CALLS", strict_page, XD_ROLE_CALLS),
    MAKE("page", any_page, 0),
    MAKE("pfn", any_page, 1),
    MAKE("their-l4", their_page, XD_ROLE_L4),
    MAKE("their-l2", their_page, XD_ROLE_L2),
    MAKE("their-l1", their_page, XD_ROLE_L1),
    MAKE("their-plain", their_page, XD_ROLE_PLAIN),
    MAKE("their-gone", their_page, XD_ROLE_GONE),
    MAKE("other", other_domain, 0),
    MAKE("own", own_domain, 0),
    MAKE("x1", own_table, 1),
    MAKE("x2", own_table, 2),
    MAKE("x3", own_table, 3),
    MAKE("x4", own_table, 4),
    MAKE("at1", place, XD_ROLE_L1),
    MAKE("at2", place, XD_ROLE_L2),
    MAKE("at3", place, XD_ROLE_L3),
    MAKE("at4", place, XD_ROLE_L4),
    MAKE("flags", flags, 0),
    MAKE("bit", flag_bit, 0),
    MAKE("wild", wild, 0),
    MAKE("pin", pin, 0),
    MAKE("unpin", unpin, 0),
    RULE("slot", slot),
    RULE("slot4", slot4),
    RULE("alien", alien),
    RULE("stranger", stranger),
    RULE("table-flags", table_flags),
    RULE("ram-flags", ram_flags),
    RULE("ram", ram),
    RULE("leaf", leaf),
    RULE("node1", node1),
    RULE("node2", node2),
    RULE("node3", node3),
    RULE("domid", domid),
    RULE("mask-pointer", mask_pointer),
    RULE("bad-in", bad_in),
    RULE("bad-out", bad_out),
    RULE("flush", flush),
    RULE("window", window),
    RULE("map-flags", map_flags),
    RULE("count", count),
    {0},
};
