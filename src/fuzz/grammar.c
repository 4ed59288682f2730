/* SPDX-License-Identifier: MIT */
/* grammar.c: from rules to text. */
#include "fuzz/grammar.h"

#include "base/rng.h"

#include <string.h>

static const struct xd_rule *const lists[] = {
    xd_rules_common, xd_rules_mm,    xd_rules_tables,  xd_rules_desc,   xd_rules_memory,
    xd_rules_events, xd_rules_misc,  xd_rules_control, xd_rules_cpu,    xd_rules_host,
    xd_rules_enter,  xd_rules_traps, xd_rules_spoil,   xd_rules_sysctl, xd_rules_policy,
};

uint32_t xd_gen_below(struct xd_gen *g, uint32_t n)
{
    return (uint32_t)((xd_rng_next(&g->chance) >> 32) * n >> 32);
}

bool xd_gen_percent(struct xd_gen *g, unsigned int percent)
{
    return xd_gen_below(g, 100) < percent;
}

struct xd_gen_domain *xd_gen_here(struct xd_gen *g)
{
    return &g->domain[g->at];
}

/* ---- Names ---- */

static const struct xd_rule **find(struct xd_gen *g, const char *name, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    for (uint32_t i = hash % XD_GEN_NAMES;; i = (i + 1) % XD_GEN_NAMES)
        if (!g->name[i] ||
            (strncmp(g->name[i]->name, name, len) == 0 && g->name[i]->name[len] == '\0'))
            return &g->name[i];
}

void xd_gen_names(struct xd_gen *g)
{
    unsigned int nr = 0;

    for (size_t i = 0; i < XD_ARRAY_SIZE(lists); i++)
        for (const struct xd_rule *r = lists[i]; r->name; r++) {
            const struct xd_rule **at = find(g, r->name, strlen(r->name));

            XD_ALWAYS(!*at && ++nr < XD_GEN_NAMES * 3 / 4);
            *at = r;
        }
}

/* ---- Expansion ---- */

static void expand(struct xd_gen *g, const char *text, size_t len, struct xd_str *out);

static bool possible(const struct xd_gen *g, unsigned int when)
{
    switch (when) {
    case XD_IF_TWO: return g->ask->two_domains;
    case XD_IF_ALONE: return !g->ask->two_domains;
    case XD_IF_CONTROL: return g->at == 0;
    case XD_IF_GUEST: return g->at == 1;
    case XD_IF_CONTROL_TWO: return g->at == 0 && g->ask->two_domains;
    default: return true;
    }
}

static void make(struct xd_gen *g, const struct xd_rule *r, struct xd_str *out)
{
    uint32_t sum = 0, draw;

    XD_ALWAYS(g->depth++ < XD_GEN_DEPTH_MAX);
    if (r->make) {
        r->make(g, r->arg, out);
        g->depth--;
        return;
    }
    for (unsigned int i = 0; i < r->alts; i++)
        if (possible(g, r->alt[i].when))
            sum += r->alt[i].weight;
    draw = xd_gen_below(g, sum);
    for (unsigned int i = 0; i < r->alts; i++) {
        if (!possible(g, r->alt[i].when))
            continue;
        if (draw < r->alt[i].weight) {
            expand(g, r->alt[i].text, strlen(r->alt[i].text), out);
            break;
        }
        draw -= r->alt[i].weight;
    }
    g->depth--;
}

/* The first (c) of the text outside of all < >, or its end. */
static const char *find_outside(const char *text, const char *end, char c)
{
    unsigned int depth = 0;

    for (; text < end; text++) {
        if (*text == c && depth == 0)
            return text;
        depth += *text == '<';
        depth -= *text == '>';
    }
    return end;
}

static void one_of(struct xd_gen *g, const char *text, const char *end, struct xd_str *out)
{
    uint32_t nr = 1;

    for (const char *at = text; (at = find_outside(at, end, '/')) < end; at++)
        nr++;
    for (nr = xd_gen_below(g, nr); nr; nr--)
        text = find_outside(text, end, '/') + 1;
    end = find_outside(text, end, '/');
    expand(g, text, (size_t)(end - text), out);
}

static void named(struct xd_gen *g, const char *text, const char *end, struct xd_str *out)
{
    const char *slot = memchr(text, '@', (size_t)(end - text));
    const char *name_end = slot ? slot : end;
    size_t before = out->len;
    const struct xd_rule *r;
    char *keep = NULL;

    if (slot) {
        XD_ALWAYS((unsigned int)(slot[1] - '0') < XD_GEN_REMEMBER);
        keep = g->remember[slot[1] - '0'];
    }
    if (name_end == text) {
        xd_str_add(out, keep);
        return;
    }
    r = *find(g, text, (size_t)(name_end - text));
    XD_ALWAYS(r);
    make(g, r, out);
    if (keep) {
        XD_ALWAYS(out->len - before < XD_GEN_TEXT);
        memcpy(keep, out->text + before, out->len - before);
        keep[out->len - before] = '\0';
    }
}

/* What stands between < and >. */
static void mark(struct xd_gen *g, const char *text, const char *end, struct xd_str *out)
{
    const char *at = text;
    unsigned int percent = 0;

    while (at < end && *at >= '0' && *at <= '9')
        percent = percent * 10 + (unsigned int)(*at++ - '0');
    if (at < end && at > text && *at == '%') {
        if (xd_gen_percent(g, percent))
            expand(g, at + 1, (size_t)(end - at - 1), out);
    } else if (find_outside(text, end, '/') < end) {
        one_of(g, text, end, out);
    } else {
        named(g, text, end, out);
    }
}

static void expand(struct xd_gen *g, const char *text, size_t len, struct xd_str *out)
{
    const char *end = text + len;

    while (text < end) {
        const char *open = memchr(text, '<', (size_t)(end - text)), *close;

        xd_str_addn(out, text, (size_t)((open ? open : end) - text));
        if (!open)
            return;
        close = find_outside(open + 1, end, '>');
        XD_ALWAYS(close < end);
        mark(g, open + 1, close, out);
        text = close + 1;
    }
}

void xd_gen_expand(struct xd_gen *g, const char *text, struct xd_str *out)
{
    expand(g, text, strlen(text), out);
}

void xd_gen_rule(struct xd_gen *g, const char *name, struct xd_str *out)
{
    const struct xd_rule *r = *find(g, name, strlen(name));

    XD_ALWAYS(r);
    make(g, r, out);
}
