/* SPDX-License-Identifier: MIT */
/*
 * trace.c: what happens, in the words of the language but with the numbers of this machine.
 *
 * Decoded from registers and guest memory alone, at the moment of the call, so that it shows what
 * Xen saw.
 */
#include "program/runner.h"

#include "abi/command.h"
#include "abi/reject.h"
#include "abi/show.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 16u /* elements of a list */

void xd_show(struct xd_str *out, unsigned int kind, uint64_t value)
{
    if (kind == XD_K_RC)
        xd_show_rc(out, (int64_t)value);
    else
        xd_show_value(out, (enum xd_kind)kind, value);
}

void xd_show_rc(struct xd_str *out, int64_t rc)
{
    const char *name = rc < 0 && rc > -4096 ? xd_errno_name(rc) : NULL;

    if (name)
        xd_str_add(out, name);
    else if (rc < 0)
        xd_str_addf(out, "%lld", (long long)rc);
    else
        xd_str_addf(out, rc > 9999 ? "0x%llx" : "%lld", (long long)rc);
}

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size && i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static void show_text(struct xd_str *out, const unsigned char *text, size_t n)
{
    xd_str_addc(out, '"');
    for (size_t i = 0; i < n && i < 64; i++)
        if (text[i] == '\n')
            xd_str_add(out, "\\n");
        else if (text[i] < ' ' || text[i] > 0x7e || text[i] == '"' || text[i] == '\\')
            xd_str_addf(out, "\\x%02x", text[i]);
        else
            xd_str_addc(out, (char)text[i]);
    xd_str_add(out, n > 64 ? "\"..." : "\"");
}

/* A list of frame numbers or ports in guest memory. */
static void show_list(struct xd_str *out, struct xd_vcpu *v, unsigned int kind, uint64_t at,
                      uint64_t nr)
{
    size_t size = kind == XD_K_PORTS ? 4 : 8;
    unsigned char bytes[8];

    if (!at || !nr || !xd_look(v, bytes, at, size)) {
        xd_show(out, XD_K_PTR, at);
        return;
    }
    xd_str_addc(out, '[');
    for (uint64_t i = 0; i < nr; i++) {
        if (i == SHOWN || !xd_look(v, bytes, at + i * size, size)) {
            xd_str_addf(out, ", ...%llu more", (unsigned long long)(nr - i));
            break;
        }
        if (i)
            xd_str_add(out, ", ");
        xd_show(out, kind == XD_K_PORTS ? XD_K_PORT : XD_K_MFN, get_number(bytes, size));
    }
    xd_str_addc(out, ']');
}

static void show_fields(struct xd_str *out, struct xd_vcpu *v, const struct xd_op *op,
                        const unsigned char *bytes, unsigned int dir)
{
    const struct xd_field *f = op->fields ? op->fields() : NULL;

    for (unsigned int i = 0; f && f[i].name; i++) {
        uint64_t value = get_number(bytes + f[i].off, f[i].size), nr = 0;

        if (!(f[i].dir & dir))
            continue;
        xd_str_addf(out, " %s=", f[i].name);
        if (f[i].kind == XD_K_TEXT) {
            size_t n = 0;

            while (n < f[i].size && bytes[f[i].off + n])
                n++;
            show_text(out, bytes + f[i].off, n);
        } else if (f[i].kind == XD_K_ENTRIES || f[i].kind == XD_K_PORTS) {
            nr = f[i + 1].name ? get_number(bytes + f[i + 1].off, f[i + 1].size) : 0;
            show_list(out, v, f[i].kind, value, nr);
        } else {
            xd_show(out, f[i].kind, value);
        }
    }
}

static uint64_t op_number(const struct xd_call *c, const uint64_t *arg)
{
    return c->group == &xd_group_memory ? arg[0] & 63 : (uint32_t)arg[0];
}

/* Where the struct of a sub-operation lies, and which it is; NULL: unknown number or unreadable. */
static const struct xd_op *find_op(const struct xd_call *c, struct xd_vcpu *v, const uint64_t *arg,
                                   uint64_t *nr, uint64_t *at)
{
    unsigned char cmd[4];

    *nr = op_number(c, arg);
    *at = arg[1];
    if (c->shape == XD_SHAPE_COMPAT) {
        if (!xd_look(v, cmd, arg[0], sizeof(cmd)))
            return NULL;
        *nr = get_number(cmd, sizeof(cmd));
        *at = arg[0] + 4;
    }
    return xd_op_at(c->group, *nr);
}

static void show_operation(struct xd_str *out, const struct xd_call *c, struct xd_vcpu *v,
                           const uint64_t *arg)
{
    unsigned char bytes[1024];
    uint64_t nr, at;
    const struct xd_op *op = find_op(c, v, arg, &nr, &at);

    if (op)
        xd_str_addf(out, " %s", op->name);
    else
        xd_str_addf(out, " op=%llu", (unsigned long long)nr);
    if (c->group == &xd_group_memory && arg[0] >> 6)
        xd_str_addf(out, " start=%llu", (unsigned long long)(arg[0] >> 6));
    if (!op || (op->size && !xd_look(v, bytes, at, op->size)))
        xd_str_addf(out, " arg=0x%llx", (unsigned long long)at);
    else if (op->size)
        show_fields(out, v, op, bytes, XD_IN);
}

static void show_mmu_element(struct xd_str *out, const unsigned char *bytes)
{
    uint64_t ptr = get_number(bytes, 8), val = get_number(bytes + 8, 8);
    unsigned int cmd = ptr & 7;

    if (cmd > 3)
        xd_str_addf(out, "raw 0x%llx = ", (unsigned long long)ptr);
    else if (cmd == 1)
        xd_str_addf(out, "machphys 0x%llx = ", (unsigned long long)(ptr / XD_PAGE_SIZE));
    else
        xd_str_addf(out, "%s%s0x%llx[%llu] = ", cmd ? xd_op_at(&xd_group_mmu, cmd)->name : "",
                    cmd ? " " : "", (unsigned long long)(ptr / XD_PAGE_SIZE),
                    (unsigned long long)(ptr % XD_PAGE_SIZE / 8));
    xd_show(out, cmd == 1 ? XD_K_U64 : XD_K_PTE, val);
}

static void show_mmuext_element(struct xd_str *out, struct xd_vcpu *v, const unsigned char *bytes)
{
    const struct xd_op *op = xd_op_at(&xd_group_mmuext, get_number(bytes, 4));

    if (op) {
        xd_str_add(out, op->name);
        show_fields(out, v, op, bytes, XD_IN);
    } else {
        xd_str_addf(out, "cmd=%llu arg1=0x%llx arg2=0x%llx",
                    (unsigned long long)get_number(bytes, 4),
                    (unsigned long long)get_number(bytes + 8, 8),
                    (unsigned long long)get_number(bytes + 16, 8));
    }
}

static void show_batch(struct xd_str *out, const struct xd_call *c, struct xd_vcpu *v,
                       const uint64_t *arg)
{
    bool mmu = c->shape == XD_SHAPE_MMU;
    size_t size = mmu ? sizeof(struct xd_abi_mmu_update) : sizeof(struct xd_abi_mmuext_op);
    uint32_t nr = (uint32_t)arg[1] & 0x7fffffffu, foreign = (uint32_t)arg[3];
    unsigned char bytes[24];

    xd_str_add(out, " [");
    for (uint32_t i = 0; i < nr; i++) {
        if (i == SHOWN || !xd_look(v, bytes, arg[0] + i * size, size)) {
            xd_str_addf(out, "%s...%u more", i ? ", " : "", nr - i);
            break;
        }
        if (i)
            xd_str_add(out, ", ");
        if (mmu)
            show_mmu_element(out, bytes);
        else
            show_mmuext_element(out, v, bytes);
    }
    xd_str_addc(out, ']');
    if (nr != (uint32_t)arg[1])
        xd_str_addf(out, " count=0x%x", (uint32_t)arg[1]);
    if ((foreign & 0xffff) != XD_DOMID_SELF || (!mmu && foreign != XD_DOMID_SELF)) {
        xd_str_add(out, " fd=");
        xd_show(out, XD_K_DOMID, mmu ? foreign & 0xffff : foreign);
    }
    if (mmu && foreign >> 16)
        xd_str_addf(out, " pfd=d%u", (foreign >> 16) - 1);
}

/* A command that lies in memory stands behind what points there. */
static void show_plain(struct xd_str *out, const struct xd_call *c, struct xd_vcpu *v,
                       const uint64_t *arg)
{
    struct xd_commands of;
    bool pointed = xd_commands_of(c, &of) && of.place != XD_CMD_REGISTER;
    uint64_t cmd;

    for (unsigned int i = 0; i < XD_CALL_ARGS && c->arg[i].name; i++) {
        xd_str_addc(out, ' ');
        xd_show(out, c->arg[i].kind, arg[i]);
        if (pointed && i == of.arg && xd_command_asked(c, arg, xd_look_command, v, &cmd) &&
            xd_command_name(c, cmd))
            xd_str_addf(out, "(%s)", xd_command_name(c, cmd));
    }
}

void xd_trace_call(struct xd_runner *r, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                   unsigned int depth)
{
    const struct xd_call *c = xd_call_at(nr);
    struct xd_str *out = &r->line[depth ? 1 : 0];

    xd_str_clear(out);
    xd_str_addf(out, depth ? "  " : "d%u.%u ", v->domain->domid, v->id);
    if (!c) {
        xd_str_addf(out, "hypercall %llu", (unsigned long long)nr);
        for (unsigned int i = 0; i < XD_CALL_ARGS; i++)
            xd_str_addf(out, " 0x%llx", (unsigned long long)arg[i]);
        return;
    }
    xd_str_add(out, c->name);
    switch ((enum xd_shape)c->shape) {
    case XD_SHAPE_PLAIN: show_plain(out, c, v, arg); break;
    case XD_SHAPE_OPS:
    case XD_SHAPE_COMPAT: show_operation(out, c, v, arg); break;
    case XD_SHAPE_MMU:
    case XD_SHAPE_MMUEXT: show_batch(out, c, v, arg); break;
    case XD_SHAPE_MULTI:
        if (depth) {
            xd_str_addf(out, " calls=0x%llx nr_calls=%llu", (unsigned long long)arg[0],
                        (unsigned long long)arg[1]);
        } else {
            xd_str_add(out, " {\n");
            r->opt->tell(r->opt->ctx, xd_str_text(out));
            xd_str_clear(out);
            xd_str_addc(out, '}');
        }
        break;
    }
}

static void show_answers(struct xd_str *out, const struct xd_call *c, struct xd_vcpu *v,
                         const uint64_t *arg, int64_t rc)
{
    unsigned char bytes[1024];
    uint64_t nr, at;
    const struct xd_op *op;

    if (c->shape == XD_SHAPE_MMU || c->shape == XD_SHAPE_MMUEXT) {
        if (arg[2] && xd_look(v, bytes, arg[2], 4) && get_number(bytes, 4) != XD_DONE_PRESET)
            xd_str_addf(out, " done=%llu", (unsigned long long)get_number(bytes, 4));
        return;
    }
    if (rc < 0 || !c->group || (c->shape != XD_SHAPE_OPS && c->shape != XD_SHAPE_COMPAT))
        return;
    op = find_op(c, v, arg, &nr, &at);
    if (op && op->dir & XD_OUT && xd_look(v, bytes, at, op->size))
        show_fields(out, v, op, bytes, XD_OUT);
}

void xd_trace_ret(struct xd_runner *r, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                  int64_t rc, unsigned int depth)
{
    const struct xd_call *c = xd_call_at(nr);
    struct xd_str *out = &r->line[depth ? 1 : 0];
    char why[XD_WHY_NAME_MAX];

    xd_str_add(out, " = ");
    if (xd_continuing(v) && !depth)
        xd_str_add(out, "(suspended)");
    else
        xd_show_rc(out, rc);
    if (c)
        show_answers(out, c, v, arg, rc);
    if (xd_why(v) &&
        !(c && c->shape == XD_SHAPE_MULTI && !depth && rc == 0)) /* entries told of theirs */
        xd_str_addf(out, " why=%s", xd_why_name((enum xd_why)xd_why(v), why));
    if (!depth && xd_vcpu_state(v) == XD_STATE_BLOCKED)
        xd_str_add(out, " blocked");
    xd_str_addc(out, '\n');
    r->opt->tell(r->opt->ctx, xd_str_text(out));
}

void xd_tell_refusal(struct xd_runner *r, struct xd_vcpu *v)
{
    struct xd_str out = {0};
    char *text = xd_explain(v);

    for (const char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        xd_str_add(&out, "    ");
        xd_str_addn(&out, line, (size_t)(end - line));
    }
    if (out.len && out.text[out.len - 1] != '\n')
        xd_str_addc(&out, '\n');
    r->opt->tell(r->opt->ctx, xd_str_text(&out));
    xd_str_free(&out);
    free(text);
}

void xd_trace_step(struct xd_runner *r, uint32_t at, const char *ending)
{
    struct xd_str out = {0};

    xd_step_print(r->p, at, &out);
    xd_str_addf(&out, "%s\n", ending);
    r->opt->tell(r->opt->ctx, xd_str_text(&out));
    xd_str_free(&out);
}

void xd_trace_access(struct xd_runner *r, struct xd_vcpu *v, enum xd_access how,
                     const struct xd_fault *f)
{
    const struct xd_program_cpu *c = &r->cpu;
    bool load = c->what == XD_DO_LOAD;
    uint64_t value = get_number(c->bytes, c->size);
    char why[XD_WHY_NAME_MAX];
    struct xd_str out = {0};

    xd_str_addf(&out, "d%u.%u %s 0x%llx", v->domain->domid, v->id, load ? "load" : "store",
                (unsigned long long)c->va);
    if (!load)
        xd_str_addf(&out, " 0x%llx", (unsigned long long)value);
    if (c->size != 8)
        xd_str_addf(&out, " size=%u", c->size);
    if (load && how == XD_ACCESS_OK)
        xd_str_addf(&out, " = 0x%llx", (unsigned long long)value);
    else
        xd_str_addf(&out, " = %s", xd_access_words[how]);
    if (how == XD_ACCESS_FAULT || how == XD_ACCESS_GP)
        xd_str_addf(&out, " error=0x%x", f->error);
    if (f->why)
        xd_str_addf(&out, " why=%s", xd_why_name((enum xd_why)f->why, why));
    xd_str_addc(&out, '\n');
    r->opt->tell(r->opt->ctx, xd_str_text(&out));
    xd_str_free(&out);
}
