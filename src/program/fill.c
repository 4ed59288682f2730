/* SPDX-License-Identifier: MIT */
/* fill.c: writes what happened into the program, where it says nothing. */
#include "program/runner.h"

#include "abi/reject.h"

#include <string.h>

static xd_ex number(struct xd_program *p, uint64_t value, bool hex)
{
    return xd_program_expr(
        p, (struct xd_expr){.op = XD_EX_NUM, .sub = hex ? 16 : 10, .depth = 1, .num = value});
}

static xd_ex named(struct xd_program *p, enum xd_expr_op op, const char *name, uint64_t value)
{
    return xd_program_expr(p, (struct xd_expr){.op = (uint8_t)op,
                                               .depth = 1,
                                               .a = xd_program_text(p, name, strlen(name)),
                                               .num = value});
}

static void append(struct xd_program *p, uint32_t at, unsigned int key, xd_ex value)
{
    xd_at item = xd_program_item(p, (struct xd_item){.key = (uint8_t)key, .value = value});
    xd_at *last = &p->step[at].out;

    while (*last)
        last = &p->item[*last].next;
    *last = item;
}

void xd_fill_result(struct xd_runner *r, uint32_t at, uint64_t value, bool is_rc)
{
    struct xd_program *p = r->opt->fill;
    int64_t rc = (int64_t)value;
    const char *name = is_rc && rc < 0 && rc > -4096 ? xd_errno_name(rc) : NULL;

    if (name)
        p->step[at].result = named(p, XD_EX_ERRNO, name, value);
    else
        p->step[at].result = number(p, value, value > 9999);
}

void xd_fill_word(struct xd_runner *r, uint32_t at, const char *word)
{
    r->opt->fill->step[at].result = named(r->opt->fill, XD_EX_WORD, word, 0);
}

void xd_fill_item(struct xd_runner *r, uint32_t at, unsigned int key, unsigned int kind,
                  uint64_t value)
{
    struct xd_program *p = r->opt->fill;
    const struct xd_const *c = xd_const_of((enum xd_kind)kind, value);
    bool hex = kind == XD_K_MFN || kind == XD_K_MADDR || kind == XD_K_VA || kind == XD_K_PTE ||
               kind == XD_K_PTR;

    append(p, at, key,
           c ? named(p, XD_EX_CONST, c->name, value) : number(p, value, hex || value > 9999));
}

void xd_fill_text(struct xd_runner *r, uint32_t at, unsigned int key, const char *text, size_t len)
{
    struct xd_program *p = r->opt->fill;
    xd_ex e;

    if (!text) {
        append(p, at, key, named(p, XD_EX_WORD, "none", 0));
        return;
    }
    e = xd_program_expr(
        p, (struct xd_expr){
               .op = XD_EX_TEXT, .depth = 1, .a = xd_program_text(p, text, len), .num = len});
    append(p, at, key, e);
}

void xd_fill_why(struct xd_runner *r, uint32_t at, unsigned int key, unsigned int why)
{
    char name[XD_WHY_NAME_MAX];

    append(r->opt->fill, at, key,
           named(r->opt->fill, XD_EX_WORD, xd_why_name((enum xd_why)why, name), why));
}
