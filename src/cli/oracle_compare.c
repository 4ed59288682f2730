/* SPDX-License-Identifier: MIT */
/*
 * oracle_compare.c: finds the first step that went differently, and shows it.
 *
 * Both sides tell a block of lines for each step, equal byte for byte or different. A domain that
 * ends ends the comparison: both must end it in the same step and for the same reason.
 */
#define _GNU_SOURCE /* memmem */
#include "cli/oracle.h"

#include <stdlib.h>
#include <string.h>

#define LEAK       16u /* docs/DIFFERENCES.md */
#define HELD       28u
#define COLUMN_MIN 24u
#define COLUMN_MAX 64u
#define LINES_MAX  4096u /* of a block that is shown */
#define SHOWN_MAX  24u   /* of its rows */

#define SUBJECTS_MAX   64u
#define SUBJECT_LENGTH 48u

static size_t line_length(const char *s)
{
    const char *end = strchr(s, '\n');

    return end ? (size_t)(end - s) : strlen(s);
}

static const char *next_line(const char *s)
{
    s += line_length(s);
    return *s ? s + 1 : s;
}

/* Behind the block that begins at (s). */
static const char *block_end(const char *s)
{
    do
        s = next_line(s);
    while (*s == ' ');
    return s;
}

/* The line at (s), (n) bytes long, is in (block), too. */
static bool has_line(const char *block, const char *s, size_t n)
{
    for (const char *t = next_line(block); *t == ' '; t = next_line(t))
        if (line_length(t) == n && !memcmp(t, s, n))
            return true;
    return false;
}

/* Lines of a block that the other side's has not. */
struct alone {
    bool half;  /* of an L2 with users that is not validated */
    bool words; /* of entries' results and of words of memory */
    bool other; /* of anything else but what is counted for frames */
};

static struct alone alone(const char *block, const char *other)
{
    struct alone a = {0};

    for (const char *s = next_line(block); *s == ' '; s = next_line(s)) {
        size_t n = line_length(s);
        const char *table = memmem(s, n, " l", 2);

        if (has_line(other, s, n))
            continue;
        if (!memmem(s, n, " pfn ", 5) || !memmem(s, n, ": refs=", 7)) {
            bool words = !strncmp(s, "  entry ", 8) ||
                         (memmem(s, n, " pfn ", 5) && memmem(s, n, " word ", 6));

            a.words |= words;
            a.other |= !words;
            continue;
        }
        if (table && table[2] >= '1' && table[2] <= '4' && table[3] == '=' &&
            !memmem(s, n, " validated", 10)) {
            a.half |= table[2] == '2';
            a.other |= table[2] != '2';
        }
    }
    return a;
}

/* Several calls in one step: those behind the first may meet what it left. */
static bool is_list(const char *block)
{
    const char *text = memchr(block, ' ', line_length(block));

    return text && !strncmp(text, " multicall", 10);
}

/* Can the step have had a table audited as an L4, in vain? */
static bool audits_root(const char *block)
{
    static const char *const calls[] = {" PIN_L4_TABLE ", "[PIN_L4_TABLE ", "_BASEPTR ",
                                        " vcpu_op ", " hypercall "};
    const char *result = next_line(block);
    bool any = is_list(block);

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls) && !any; i++)
        any = memmem(block, line_length(block), calls[i], strlen(calls[i])) != NULL;
    return any && (is_list(block) || (!strncmp(result, "  result=E", 10)));
}

/*
 * Xen loses track of an L2 that a failed audit of an L4 leaves half validated: an L2 with users that is not validated is seen
 * on no other occasion once a call is over. All else that the step did must be equal, but in a list of calls
 * their results and what they wrote.
 */
static bool leaked(const char *xen, const char *dbl)
{
    struct alone x = alone(xen, dbl), y = alone(dbl, xen);

    return audits_root(xen) && x.half && !y.half && !x.other && !y.other &&
           (is_list(xen) || (!x.words && !y.words));
}

/* The number behind " refs=" of the line at (s), which is one of what is counted for a frame of no type; else 0. */
static uint64_t untyped_refs(const char *s)
{
    const size_t n = line_length(s);
    const char *refs = memmem(s, n, ": refs=", 7);

    return refs && memmem(s, n, " pfn ", 5) && memmem(s, n, " none=0 ", 8)
               ? strtoull(refs + 7, NULL, 10)
               : 0;
}

/* The only line of (block) that (other) has not. NULL: there is none, or more than one (*more). */
static const char *only_line(const char *block, const char *other, bool *more)
{
    const char *only = NULL;

    for (const char *s = next_line(block); *s == ' '; s = next_line(s)) {
        if (has_line(other, s, line_length(s)))
            continue;
        *more |= only != NULL;
        only = s;
    }
    return *more ? NULL : only;
}

/* The lines at (a) and (b) count the references of the same frame. */
static bool same_frame(const char *a, const char *b)
{
    const size_t n = strcspn(a, ":");

    return !strncmp(a, b, n) && !strncmp(b + n, ": refs=", 7);
}

/* How many references the frame of line (x) had before (block), by the last line from (all) on that tells; free frames have one. */
static uint64_t refs_before(const char *all, const char *block, const char *x)
{
    uint64_t refs = 1;

    for (const char *s = all; s < block; s = next_line(s))
        if (*s == ' ' && same_frame(x, s))
            refs = strtoull(s + strcspn(s, ":") + 7, NULL, 10);
    return refs;
}

/*
 * An audit of a root that Xen interrupted, and that failed when it went on, leaves a reference to the L3 that was audited: one
 * frame has one more than here, and nothing else differs. (all) is what the double told from the beginning.
 */
static bool held(const char *xen, const char *dbl, const char *all)
{
    bool more = false;
    const char *x = only_line(xen, dbl, &more), *y = only_line(dbl, xen, &more);

    if (more || !x || !untyped_refs(x) || !audits_root(xen) ||
        (y && !(untyped_refs(y) && same_frame(x, y))))
        return false;
    return untyped_refs(x) == 1 + (y ? untyped_refs(y) : refs_before(all, dbl, x));
}

static unsigned int explained(const char *xen, const char *dbl, const char *all)
{
    if (!*xen || !*dbl)
        return 0;
    return leaked(xen, dbl) ? LEAK : held(xen, dbl, all) ? HELD : 0;
}

static bool report(struct xd_difference *d, const char *what, const char *xen, const char *dbl,
                   const char *all)
{
    d->what = what;
    d->xen = xen;
    d->dbl = dbl;
    d->line = (uint32_t)strtoul(*xen ? xen : dbl, NULL, 10);
    d->known = what ? 0 : explained(xen, dbl, all);
    d->by_chance = d->known == HELD;
    return true;
}

/* Is (block) the one in which a domain ended? */
static bool ended(const char *block, const char *end)
{
    return memmem(block, (size_t)(end - block), " ended: reason ", 15) != NULL;
}

bool xd_oracle_differ(const struct xd_answer *a, const struct xd_doubled *dbl,
                      struct xd_difference *d)
{
    const char *x = xd_str_text(&a->steps), *y = xd_str_text(&dbl->steps), *x_end, *y_end;
    const char *x_last = x, *y_last = y;
    bool x_ended = false;

    for (; *x || *y; x_last = x, y_last = y, x = x_end, y = y_end) {
        bool y_ended;

        x_end = block_end(x);
        y_end = block_end(y);
        x_ended = ended(x, x_end);
        y_ended = ended(y, y_end);
        if (x_end - x == y_end - y && !memcmp(x, y, (size_t)(x_end - x)))
            continue;
        return report(
            d,
            x_ended && !y_ended && *y   ? "Xen ended the domain in this step; the double went on"
            : y_ended && !x_ended && *x ? "the double ended the domain in this step; Xen went on"
                                        : NULL,
            x, y, xd_str_text(&dbl->steps));
    }
    if (a->kind == XD_ANSWER_DIED && !x_ended)
        return report(d, "a domain ended on Xen, and nobody says in which step", x_last, y_last,
                      xd_str_text(&dbl->steps));
    return false;
}

/* ---- What it is about ---- */

/* What lines are about, in order, each once. */
struct subjects {
    char name[SUBJECTS_MAX][SUBJECT_LENGTH];
    unsigned int nr;
};

/* The words of the line at (s) up to the first ':' or '=', but for numbers: "d1 pfn word". An entry of a list is like a call. */
static void subject(const char *s, size_t n, char side, char name[SUBJECT_LENGTH])
{
    size_t end = 0, at = 0;

    while (end < n && s[end] != ':' && s[end] != '=')
        end++;
    name[at++] = side;
    for (size_t i = 0, word; i < end; i += word) {
        word = strcspn(s + i, " :=\n");
        word = word < end - i ? word : end - i;
        if (word && !(s[i] >= '0' && s[i] <= '9') && at + word + 2 < SUBJECT_LENGTH) {
            name[at++] = ' ';
            memcpy(name + at, s + i, word);
            at += word;
        }
        word += word < end - i;
    }
    name[at] = '\0';
    if (!strcmp(name + 1, " entry"))
        memcpy(name + 1, " result", sizeof(" result"));
}

static void add_subject(struct subjects *all, const char name[SUBJECT_LENGTH])
{
    unsigned int i = 0;

    while (i < all->nr && strcmp(all->name[i], name) < 0)
        i++;
    if (all->nr == SUBJECTS_MAX || (i < all->nr && !strcmp(all->name[i], name)))
        return;
    memmove(all->name[i + 1], all->name[i], (all->nr - i) * sizeof(*all->name));
    memcpy(all->name[i], name, SUBJECT_LENGTH);
    all->nr++;
}

/* The result that (block) tells: the first that (other) does not, else the last, which is that of the step. */
static void add_result(const char *block, const char *other, struct xd_str *out)
{
    const char *found = NULL;

    for (const char *s = *block ? next_line(block) : block; *s == ' '; s = next_line(s)) {
        const char *result = memmem(s, line_length(s), "result=", 7);

        if (!result)
            continue;
        found = result;
        if (!*other || !has_line(other, s, line_length(s)))
            break;
    }
    xd_str_addf(out, "%.*s\n", found ? (int)strcspn(found, " \n") : 1, found ? found : "-");
}

void xd_oracle_about(const struct xd_difference *d, struct xd_str *out)
{
    const char *const block[2] = {d->xen, d->dbl};
    struct subjects all = {.nr = 0};
    char name[SUBJECT_LENGTH];

    for (unsigned int i = 0; i < 2; i++)
        for (const char *s = *block[i] ? next_line(block[i]) : block[i]; *s == ' ';
             s = next_line(s)) {
            if (*block[!i] && has_line(block[!i], s, line_length(s)))
                continue;
            subject(s, line_length(s), "XD"[i], name);
            add_subject(&all, name);
        }
    for (unsigned int i = 0; i < all.nr; i++)
        xd_str_addf(out, "%s\n", all.name[i]);
    add_result(d->xen, d->dbl, out);
    add_result(d->dbl, d->xen, out);
}

/* ---- Side by side ---- */

/* The lines of a block behind its first, without the blanks in front. */
struct lines {
    const char *text[LINES_MAX];
    size_t len[LINES_MAX];
    unsigned int nr;
};

static void split(struct lines *l, const char *block)
{
    l->nr = 0;
    if (!*block)
        return;
    for (const char *s = next_line(block); *s == ' ' && l->nr < LINES_MAX; s = next_line(s)) {
        size_t n = line_length(s);

        while (n && *s == ' ') {
            s++;
            n--;
        }
        l->text[l->nr] = s;
        l->len[l->nr++] = n;
    }
}

static bool same(const struct lines *a, unsigned int i, const struct lines *b, unsigned int k)
{
    return a->len[i] == b->len[k] && !memcmp(a->text[i], b->text[k], a->len[i]);
}

/* Do the lines tell of one thing? They do if they are alike up to the first ':' or '='. */
static bool akin(const struct lines *a, unsigned int i, const struct lines *b, unsigned int k)
{
    for (size_t at = 0; at < a->len[i] && at < b->len[k] && a->text[i][at] == b->text[k][at]; at++)
        if (a->text[i][at] == ':' || a->text[i][at] == '=')
            return true;
    return false;
}

/* The first line of (b) from (k) on that is the same as line (i) of (a), or b->nr. */
static unsigned int find(const struct lines *a, unsigned int i, const struct lines *b,
                         unsigned int k)
{
    while (k < b->nr && !same(a, i, b, k))
        k++;
    return k;
}

struct table {
    struct xd_str *out;
    const char *margin;
    unsigned int width, shown, left_out;
};

static void row(struct table *t, const char *left, size_t nl, const char *right, size_t nr)
{
    if (t->shown == SHOWN_MAX) {
        t->left_out++;
        return;
    }
    t->shown++;
    xd_str_add(t->out, t->margin);
    if (nl > t->width) { /* too long for the column: each its own line */
        xd_str_addf(t->out, "%.*s\n%s%*s | %.*s\n", (int)nl, left, t->margin, (int)t->width, "",
                    (int)nr, right);
        return;
    }
    xd_str_addf(t->out, "%-*.*s | %.*s\n", (int)t->width, (int)nl, left, (int)nr, right);
}

static void rows(struct table *t, const struct lines *x, const struct lines *y)
{
    unsigned int i = 0, k = 0;

    while (i < x->nr || k < y->nr) {
        bool both = i < x->nr && k < y->nr;

        if (both && same(x, i, y, k)) {
            if (i == 0) /* how the step ended is always worth a look */
                row(t, x->text[i], x->len[i], y->text[k], y->len[k]);
            i++, k++;
        } else if (both && akin(x, i, y, k)) {
            row(t, x->text[i], x->len[i], y->text[k], y->len[k]);
            i++, k++;
        } else if (i < x->nr && (k == y->nr || find(x, i, y, k) == y->nr)) {
            row(t, x->text[i], x->len[i], "-", 1);
            i++;
        } else {
            row(t, "-", 1, y->text[k], y->len[k]);
            k++;
        }
    }
}

void xd_oracle_show(const struct xd_difference *d, const char *margin, struct xd_str *out)
{
    struct table t = {.out = out, .margin = margin, .width = COLUMN_MIN};
    struct lines *both = xd_zalloc(2 * sizeof(*both)), *x = both, *y = both + 1;

    split(x, d->xen);
    split(y, d->dbl);
    for (unsigned int i = 0; i < x->nr; i++)
        if (x->len[i] > t.width && find(x, i, y, 0) == y->nr)
            t.width = x->len[i] < COLUMN_MAX ? (unsigned int)x->len[i] : COLUMN_MAX;
    row(&t, "Xen", 3, "double", 6);
    rows(&t, x, y);
    if (t.left_out)
        xd_str_addf(out, "%s(and %u line%s more)\n", margin, t.left_out,
                    t.left_out == 1 ? "" : "s");
    free(both);
}
