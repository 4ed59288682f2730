/* SPDX-License-Identifier: MIT */
/* counts.c: see counts.h. */
#include "cli/counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH        100u
#define HC_MEMORY_OP 12u
#define HC_IRET      23u
#define MEMORY_CMDS  63u /* above: where a call goes on that was cut short */

/* ---- Operations have one number among all ---- */

/* Calls with plain arguments that have commands: which argument it is, and how the names of its values are called. */
static const struct {
    uint8_t nr, arg;
    enum xd_kind kind;
} commanded[] = {{18, 0, XD_K_CONSOLE_CMD},
                 {21, 1, XD_K_ASSIST_TYPE},
                 {24, 0, XD_K_VCPU_CMD},
                 {25, 0, XD_K_SEGBASE}};

uint32_t xd_operation_of(const struct xd_group *g, const struct xd_op *op)
{
    uint32_t number = 0;

    for (const struct xd_group *const *at = xd_groups(); *at && *at != g; at++)
        number += (uint32_t)(*at)->nr;
    number += (uint32_t)(op - g->ops);
    XD_ALWAYS(number < XD_OPERATIONS_MAX);
    return number;
}

const struct xd_const *xd_command_at(uint32_t i, const struct xd_call **call)
{
    for (size_t k = 0; k < XD_ARRAY_SIZE(commanded); k++)
        for (const struct xd_const *c = xd_consts(); c->name; c++)
            if (c->kind == commanded[k].kind && i-- == 0) {
                *call = xd_call_at(commanded[k].nr);
                return c;
            }
    return NULL;
}

static uint32_t command_of(uint64_t nr, const uint64_t arg[XD_CALL_ARGS])
{
    uint32_t number = 0;

    for (const struct xd_group *const *at = xd_groups(); *at; at++)
        number += (uint32_t)(*at)->nr;
    for (size_t i = 0; i < XD_ARRAY_SIZE(commanded); i++)
        for (const struct xd_const *c = xd_consts(); c->name; c++) {
            if (c->kind != commanded[i].kind)
                continue;
            XD_ALWAYS(number < XD_OPERATIONS_MAX);
            if (nr == commanded[i].nr && c->value == (uint32_t)arg[commanded[i].arg])
                return number;
            number++;
        }
    return XD_NO_OPERATION;
}

uint32_t xd_operation_called(uint64_t nr, const uint64_t arg[XD_CALL_ARGS])
{
    const struct xd_call *call = xd_call_at(nr);
    const struct xd_op *op;

    if (!call || call->shape == XD_SHAPE_PLAIN)
        return call ? command_of(nr, arg) : XD_NO_OPERATION;
    if (call->shape != XD_SHAPE_OPS)
        return XD_NO_OPERATION;
    op = xd_op_at(call->group, nr == HC_MEMORY_OP ? arg[0] & MEMORY_CMDS : arg[0]);
    return op ? xd_operation_of(call->group, op) : XD_NO_OPERATION;
}

bool xd_operation_at(uint32_t number, const char **group, const char **name)
{
    const struct xd_const *command;
    const struct xd_call *call;

    for (const struct xd_group *const *at = xd_groups(); *at; at++) {
        if (number < (*at)->nr) {
            *group = (*at)->name;
            *name = (*at)->ops[number].name;
            return true;
        }
        number -= (uint32_t)(*at)->nr;
    }
    command = xd_command_at(number, &call);
    if (!command)
        return false;
    *group = call->name;
    *name = command->name;
    return true;
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
    for (size_t i = 0; i < XD_OPERATIONS_MAX; i++)
        sum->op[i] += one->op[i] != 0;
}

/* ---- Counting ---- */

/* The elements of a batch that were looked at: Xen stops at the first that it refuses. */
static void count_elements(struct xd_counts *c, const struct xd_program *p, const struct xd_made *m,
                           const struct xd_step *s, const struct xd_encoded *e, int64_t rc)
{
    const struct xd_group *g = s->call->group;
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
        const struct xd_op *op;

        if (it->key != XD_KEY_ELEMENT)
            continue;
        op = s->call->shape == XD_SHAPE_MMUEXT ? it->op
             : it->cmd < XD_CMD_RAW            ? xd_op_at(g, it->cmd)
                                               : NULL;
        if (op)
            c->op[xd_operation_of(g, op)]++;
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
    uint32_t number;

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
        number = s->op && s->call == call ? xd_operation_of(call->group, s->op)
                                          : xd_operation_called(e->nr, e->arg);
        if (number != XD_NO_OPERATION)
            c->op[number]++;
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

/* Of a call with plain arguments, as far as they are numbers. */
static uint32_t command_asked(const struct xd_program *p, const struct xd_step *s)
{
    uint64_t arg[XD_CALL_ARGS];

    memset(arg, 0xff, sizeof(arg));
    for (xd_at i = s->in; i; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);
        const struct xd_expr *e = xd_expr_at(p, it->value);

        if (it->key < XD_CALL_ARGS && (e->op == XD_EX_NUM || e->op == XD_EX_CONST))
            arg[it->key] = e->num;
    }
    return xd_operation_called(s->call->nr, arg);
}

void xd_count_asked(struct xd_counts *c, const struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];
        uint32_t number;

        if (s->kind != XD_STEP_CALL || s->raw)
            continue;
        c->call[s->call->nr]++;
        number = s->op                              ? xd_operation_of(s->call->group, s->op)
                 : s->call->shape == XD_SHAPE_PLAIN ? command_asked(p, s)
                                                    : XD_NO_OPERATION;
        if (number != XD_NO_OPERATION)
            c->op[number]++;
        for (xd_at k = s->in; k; k = xd_item_at(p, k)->next) {
            const struct xd_item *it = xd_item_at(p, k);
            bool mmu = s->call->shape == XD_SHAPE_MMU;
            const struct xd_op *op = mmu ? xd_op_at(&xd_group_mmu, it->cmd) : it->op;

            if (it->key == XD_KEY_ELEMENT && op)
                c->op[xd_operation_of(mmu ? &xd_group_mmu : &xd_group_mmuext, op)]++;
        }
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
    struct rows rows = {.row = xd_zalloc((XD_CALLS + XD_OPERATIONS_MAX) * sizeof(struct row))};
    const char *group, *name;

    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr))
            add(&rows, "", xd_call_at(nr)->name, c->call[nr]);
    for (uint32_t i = 0; xd_operation_at(i, &group, &name); i++)
        add(&rows, group, name, c->op[i]);
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
