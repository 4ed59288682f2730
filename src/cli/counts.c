/* SPDX-License-Identifier: MIT */
/* counts.c: see counts.h. */
#include "cli/counts.h"

#include "abi/command.h"
#include "program/forms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   100u
#define HC_IRET 23u

uint32_t xd_operation_called(struct xd_vcpu *v, uint64_t nr, const uint64_t arg[XD_CALL_ARGS])
{
    const struct xd_call *call = xd_call_at(nr);
    uint64_t cmd;

    return call && xd_command_asked(call, arg, v ? xd_look_command : NULL, v, &cmd)
               ? xd_operation_of(call, cmd)
               : XD_NO_OPERATION;
}

/* ---- Adding up ---- */

#define NUMBERS (sizeof(struct xd_counts) / sizeof(uint64_t))

void xd_counts_add(struct xd_counts *sum, const struct xd_counts *more)
{
    uint64_t to[NUMBERS], from[NUMBERS];

    memcpy(to, sum, sizeof(to));
    memcpy(from, more, sizeof(from));
    for (size_t i = 0; i < NUMBERS; i++)
        to[i] += from[i];
    memcpy(sum, to, sizeof(to));
}

void xd_counts_add_met(struct xd_counts *sum, const struct xd_counts *one)
{
    for (size_t i = 0; i < XD_WHYS; i++)
        sum->why[i] += one->why[i] != 0;
    for (size_t i = 0; i < XD_CALLS; i++)
        sum->call[i] += one->call[i] != 0;
    for (size_t i = 0; i < XD_OPERATIONS; i++)
        sum->op[i] += one->op[i] != 0;
}

/* ---- Counting ---- */

static void count_op(struct xd_counts *c, uint32_t number)
{
    if (number != XD_NO_OPERATION)
        c->op[number]++;
}

static uint32_t element_op(const struct xd_step *s, const struct xd_item *it)
{
    if (s->call->shape == XD_SHAPE_MMUEXT)
        return it->op ? xd_operation_of(s->call, it->op->nr) : XD_NO_OPERATION;
    return it->cmd < XD_CMD_RAW ? xd_operation_of(s->call, it->cmd) : XD_NO_OPERATION;
}

/* The elements of a batch that were looked at: Xen stops at the first that it refuses. */
static void count_elements(struct xd_counts *c, const struct xd_program *p, const struct xd_made *m,
                           const struct xd_step *s, const struct xd_encoded *e, int64_t rc)
{
    unsigned char bytes[4];
    uint32_t looked_at;

    if (!e->done || !xd_look(m->v, bytes, e->done, 4))
        return;
    looked_at =
        bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if (looked_at == XD_DONE_PRESET)
        return;
    looked_at += rc < 0;
    for (xd_at i = s->in; i && looked_at; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);

        if (it->key != XD_KEY_ELEMENT)
            continue;
        count_op(c, element_op(s, it));
        looked_at--;
    }
}

static void count_why(struct xd_counts *c, unsigned int why, bool refused)
{
    if (!why || why >= XD_WHYS)
        return;
    c->refused += refused;
    c->why[why]++;
}

/* (answers): what it came back with is a result, and not RAX of the context that an iret goes to. */
static void count_call(struct xd_counts *c, const struct xd_program *p, const struct xd_made *m,
                       uint32_t k, int64_t rc, unsigned int why, bool answers)
{
    const struct xd_step *s = &p->step[m->step + k];
    const struct xd_encoded *e = &m->enc[k];
    const struct xd_call *call = xd_call_at(e->nr);

    c->calls++;
    c->guests += !m->v->domain->privileged;
    c->left += !answers;
    c->granted += answers && rc >= 0;
    count_why(c, why, answers);
    if (!call)
        return;
    c->call[e->nr]++;
    if (s->call == call && (call->shape == XD_SHAPE_MMU || call->shape == XD_SHAPE_MMUEXT) &&
        !s->raw) {
        count_elements(c, p, m, s, e, rc);
    } else {
        count_op(c, s->op && s->call == call ? xd_operation_of(call, s->op->nr)
                                             : xd_operation_called(m->v, e->nr, e->arg));
    }
}

void xd_count_called(struct xd_counts *c, const struct xd_runner *r, const struct xd_made *m,
                     int64_t rc)
{
    const struct xd_step *s = &r->p->step[m->step];
    unsigned int also = m->v->rec.reject.also;
    bool left = m->enc[0].nr == HC_IRET; /* by an entry, too */

    for (uint32_t k = 1; k <= s->parts; k += 1 + s[k].parts)
        if (s[k].kind == XD_STEP_CALL && m->seen[k].ran) {
            const bool answers = m->enc[k].nr != HC_IRET;

            count_call(c, r->p, m, k, m->seen[k].rc, m->seen[k].why, answers);
            left |= !answers;
        }
    /* The reason is that of the last refused entry, unless the multicall itself was refused. */
    count_call(c, r->p, m, 0, rc, s->parts && (left || rc >= 0) ? 0 : xd_why(m->v), !left);
    if (xd_why(m->v) && also < XD_WHYS)
        c->why[also] += also != XD_WHY_NONE;
}

void xd_count_accessed(struct xd_counts *c, const struct xd_fault *f)
{
    c->accesses++;
    count_why(c, f->why, true);
}

void xd_count_entered(struct xd_counts *c, unsigned int why)
{
    if (why && why < XD_WHYS)
        c->why[why]++;
}

static bool number_of(const struct xd_expr *e, uint64_t *number)
{
    *number = e->num;
    return e->op == XD_EX_NUM || e->op == XD_EX_CONST;
}

/* Of a call with plain arguments, as far as its command is a number: in a register, or first of the words of a struct. */
static uint32_t command_asked(const struct xd_program *p, const struct xd_step *s)
{
    struct xd_commands of;
    uint64_t cmd;

    if (!xd_commands_of(s->call, &of))
        return XD_NO_OPERATION;
    for (xd_at i = s->in; i; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);
        const struct xd_expr *e = xd_expr_at(p, it->value);

        if (it->key != of.arg)
            continue;
        if (of.place == XD_CMD_STRUCT && e->op == XD_EX_FN && e->sub == XD_FN_PTR4 && e->a)
            e = xd_expr_at(p, e->a);
        else if (of.place != XD_CMD_REGISTER)
            return XD_NO_OPERATION;
        return number_of(e, &cmd) ? xd_operation_of(s->call, cmd) : XD_NO_OPERATION;
    }
    return XD_NO_OPERATION;
}

void xd_count_asked(struct xd_counts *c, const struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        if (s->kind != XD_STEP_CALL || s->raw)
            continue;
        c->call[s->call->nr]++;
        if (s->op)
            count_op(c, xd_operation_of(s->call, s->op->nr));
        else if (s->call->shape == XD_SHAPE_PLAIN)
            count_op(c, command_asked(p, s));
        for (xd_at k = s->in; k; k = xd_item_at(p, k)->next)
            if (xd_item_at(p, k)->key == XD_KEY_ELEMENT)
                count_op(c, element_op(s, xd_item_at(p, k)));
    }
}

/* ---- Rows: a name, and how often ---- */

struct row {
    uint64_t count;
    char name[64];
};

static int most_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

struct rows {
    struct row *row;
    size_t nr, never;
};

static void add(struct rows *rows, const char *group, const char *name, uint64_t count)
{
    struct row *r = &rows->row[rows->nr++];

    r->count = count;
    snprintf(r->name, sizeof(r->name), "%s%s%s", group, *group ? " " : "", name);
    rows->never += count == 0;
}

static struct rows reasons(const struct xd_counts *c)
{
    struct rows rows = {.row = xd_zalloc(XD_WHYS * sizeof(struct row))};

    for (int why = 1; why < XD_WHYS; why++) {
        char name[XD_WHY_NAME_MAX];

        add(&rows, "", xd_why_name((enum xd_why)why, name), c->why[why]);
    }
    qsort(rows.row, rows.nr, sizeof(*rows.row), most_first);
    return rows;
}

static struct rows calls(const struct xd_counts *c)
{
    struct rows rows = {.row = xd_zalloc((XD_CALLS + XD_OPERATIONS) * sizeof(struct row))};
    const struct xd_call *call;
    const char *name;

    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr))
            add(&rows, "", xd_call_at(nr)->name, c->call[nr]);
    for (uint32_t i = 0; i < XD_OPERATIONS; i++)
        if ((name = xd_operation_at(i, &call)))
            add(&rows, i < xd_groups_ops() ? call->group->name : call->name, name, c->op[i]);
    qsort(rows.row, rows.nr, sizeof(*rows.row), most_first);
    return rows;
}

/* Words of a list, in lines of WIDTH. */
struct list {
    size_t column;
    const char *margin;
};

static void item(struct list *l, const char *text)
{
    size_t n = strlen(text);

    if (l->column && l->column + n + 2 > WIDTH) {
        printf(",\n");
        l->column = 0;
    }
    l->column += (size_t)printf("%s%s", l->column ? ", " : l->margin, text);
}

void xd_counts_print_reasons(const struct xd_counts *c)
{
    struct list l = {.margin = "  "};
    struct rows why = reasons(c);

    for (size_t i = 0; i < why.nr && why.row[i].count; i++) {
        char text[96];

        snprintf(text, sizeof(text), "%" PRIu64 " %s", why.row[i].count, why.row[i].name);
        item(&l, text);
    }
    putchar('\n');
    free(why.row);
}

static void table(const char *title, const char *done, struct rows rows)
{
    struct list l = {.margin = "  "};

    printf("\n%s: %zu of %zu %s\n", title, rows.nr - rows.never, rows.nr, done);
    for (size_t i = 0; i < rows.nr && rows.row[i].count; i++)
        printf("  %10" PRIu64 " %s\n", rows.row[i].count, rows.row[i].name);
    if (rows.never) {
        printf("%s never %s:\n", title, done);
        for (size_t i = rows.nr - rows.never; i < rows.nr; i++)
            item(&l, rows.row[i].name);
        putchar('\n');
    }
    free(rows.row);
}

void xd_counts_report(const struct xd_counts *c, const char *done)
{
    table("reasons", done, reasons(c));
    table("calls and operations", done, calls(c));
}
