/* SPDX-License-Identifier: MIT */
/*
 * explain.c: why the last call was refused, in words: the request decoded, the rule, the state that
 * broke it, and who holds the frame or port concerned. Nothing here is on the path of a call: a
 * refusal records numbers only.
 */
#include "abi/command.h"
#include "abi/errno.h"
#include "abi/show.h"
#include "hv/evtchn.h"
#include "hv/frame.h"
#include "hv/holders.h"
#include "hv/lever.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_domid(struct xd_str *out, uint64_t id)
{
    if (id == XD_DOMID_NONE)
        xd_str_add(out, "nobody");
    else if (id == XD_DOMID_IO)
        xd_str_add(out, "DOMID_IO, the owner of I/O memory");
    else if (id == XD_DOMID_XEN)
        xd_str_add(out, "DOMID_XEN, the owner of Xen's shared memory");
    else
        xd_show_value(out, XD_K_DOMID, id);
}

/* One {xN} of a sentence. */
static void add_argument(struct xd_str *out, char what, uint64_t value)
{
    switch (what) {
    case 't': xd_str_add(out, xd_type_name((enum xd_type)value)); break;
    case 'd':
    case 'p': xd_str_addf(out, "%" PRId64, (int64_t)value); break;
    case 'o': add_domid(out, value); break;
    case 'e': xd_show_value(out, XD_K_PTE, value); break;
    case 'r':
        xd_str_add(out, xd_errno_name((int64_t)value) ? xd_errno_name((int64_t)value) : "?");
        break;
    default: xd_str_addf(out, "%#" PRIx64, value); break;
    }
}

static void add_sentence(struct xd_str *out, const char *s, const uint64_t *arg)
{
    for (; *s; s++) {
        if (s[0] == '{' && s[1] && s[2] >= '0' && s[2] < '0' + XD_REJECT_ARGS && s[3] == '}') {
            add_argument(out, s[1], arg[s[2] - '0']);
            s += 3;
        } else {
            xd_str_addc(out, *s);
        }
    }
}

static void add_item(struct xd_str *out, const struct xd_record *rec)
{
    const struct xd_call *call = xd_call_at(rec->nr);
    const struct xd_op *op;

    if (!rec->batch || !call)
        return;
    xd_str_addf(out, "  request %u: ", rec->index);
    if (call->shape == XD_SHAPE_MMU) {
        op = xd_op_at(&xd_group_mmu, rec->item[0] & 7);
        xd_str_addf(out, "%s: %s %#" PRIx64 "[%" PRIu64 "] = ", op ? op->name : "?",
                    (rec->item[0] & 7) == 1 ? "M2P of the frame of" : "entry",
                    rec->item[0] >> XD_PAGE_SHIFT, rec->item[0] / 8 % XD_PT_SLOTS);
        xd_show_value(out, (rec->item[0] & 7) == 1 ? XD_K_U64 : XD_K_PTE, rec->item[1]);
    } else {
        struct xd_abi_mmuext_op copy = {(uint32_t)rec->item[0], 0, rec->item[1], rec->item[2]};

        op = xd_op_at(&xd_group_mmuext, rec->item[0]);
        xd_str_addf(out, "%s", op ? op->name : "an unknown command");
        if (op)
            xd_show_fields(out, op, &copy, XD_IN);
    }
    xd_str_addc(out, '\n');
}

/* The operation of the last call that takes a struct that can be shown; NULL: none. */
static const struct xd_op *operation(const struct xd_record *rec)
{
    const struct xd_call *call = xd_call_at(rec->nr);
    const struct xd_op *op = NULL;
    uint64_t nr;

    if (call && call->shape == XD_SHAPE_OPS && xd_command_asked(call, rec->arg, NULL, NULL, &nr))
        op = xd_op_at(call->group, nr);
    return op && op->size && op->size <= XD_OPERAND_MAX ? op : NULL;
}

/* Its command lies in memory: then that is what can be shown. */
static bool commanded_in_memory(const struct xd_call *call)
{
    struct xd_commands of;

    return call && xd_commands_of(call, &of) &&
           (of.place == XD_CMD_STRUCT || of.place == XD_CMD_BUFFER);
}

bool xd_operand_look(struct xd_vcpu *v, unsigned char copy[XD_OPERAND_MAX])
{
    const struct xd_call *call = xd_call_at(v->rec.nr);
    const struct xd_op *op = operation(&v->rec);
    uint64_t cmd;

    if (op || !commanded_in_memory(call))
        return op && xd_look(v, copy, v->rec.arg[1], op->size);
    if (!xd_command_asked(call, v->rec.arg, xd_look_command, v, &cmd))
        return false;
    memcpy(copy, &cmd, sizeof(cmd));
    return true;
}

static void add_command(struct xd_str *out, const struct xd_call *call, const void *operand)
{
    const char *name;
    uint64_t cmd;

    memcpy(&cmd, operand, sizeof(cmd));
    name = xd_command_name(call, cmd);
    if (name)
        xd_str_addf(out, "  %s\n", name);
    else
        xd_str_addf(out, "  command %" PRIu64 "\n", cmd);
}

/* The operation and its struct: as it was at the end of the call, if it could be read then, where linked code made it,
 * whose stack is another's by now; else as the guest's memory holds it still. */
static void add_operands(struct xd_str *out, struct xd_vcpu *v)
{
    const struct xd_op *op = operation(&v->rec);
    unsigned char copy[XD_OPERAND_MAX];
    const void *operand = copy;

    if (v->rec.operand_kept)
        operand = v->hv->host->linked.operand(v);
    else if (v->rec.stack_kept || !xd_operand_look(v, copy))
        return;
    if (!op) {
        add_command(out, xd_call_at(v->rec.nr), operand);
        return;
    }
    xd_str_addf(out, "  %s", op->name);
    xd_show_fields(out, op, operand, XD_IN);
    xd_str_addc(out, '\n');
}

static void add_request(struct xd_str *out, struct xd_vcpu *v)
{
    xd_str_addf(out, "d%uv%u: ", v->domain->domid, v->id);
    if (v->rec.nr == XD_NR_NONE) {
        xd_str_addf(out, "an entry of its kernel; now at %#" PRIx64 " in %s mode\n", v->regs.rip,
                    v->kernel_mode ? "kernel" : "user");
        return;
    }
    xd_show_call(out, v->rec.nr, v->rec.arg);
    xd_str_addc(out, '\n');
    add_item(out, &v->rec);
    add_operands(out, v);
}

static void add_rule(struct xd_str *out, const struct xd_reject *r)
{
    const struct xd_why_row *row = xd_why_row(r->why);
    uint64_t err = row->subject == XD_SUBJECT_LEVER ? r->arg[1] : (uint64_t)row->err;
    const char *err_name = err ? xd_errno_name((int64_t)err) : NULL;
    char name[XD_WHY_NAME_MAX];

    xd_str_add(out, "  refused: ");
    if (err && !err_name)
        xd_str_addf(out, "-%" PRIu64, err);
    xd_str_addf(out, "%s, %s: ",
                err_name ? err_name
                : err    ? ""
                         : "no error number",
                xd_why_name(r->why, name));
    add_sentence(out, row->sentence, r->arg);
    if (row->xen[0])
        xd_str_addf(out, " [Xen: %s]", row->xen);
    xd_str_addc(out, '\n');
    if (r->also) {
        xd_str_add(out, "  nor is it a linear entry: ");
        add_sentence(out, xd_why_row(r->also)->sentence, r->also_arg);
        xd_str_addc(out, '\n');
    }
    for (unsigned int i = 0; i < r->via_nr; i++)
        xd_str_addf(out,
                    "  found in slot %u of L%u table %#" PRIx64 ", which was being validated\n",
                    r->via[i].slot, r->via[i].level, r->via[i].mfn);
}

static void explain_domain(struct xd_hv *hv, uint64_t domid, struct xd_str *out)
{
    struct xd_domain *d = xd_domain_find(hv, (uint32_t)domid);

    if (!d)
        return;
    xd_str_addf(
        out,
        "  d%u: %s, %u vCPUs, %u pages of at most %u, %u ports in use, the highest it may have is %u%s\n",
        d->domid, d->privileged ? "the control domain" : "unprivileged", d->vcpus, d->pages,
        d->pages_max, d->ports_active, d->port_max,
        d->shut_down ? ", shut down"
        : d->pauses  ? ", paused"
                     : "");
}

static void explain_heap(const struct xd_hv *hv, struct xd_str *out)
{
    uint32_t left = xd_frames_left(hv);

    xd_str_addf(out, "  heap: %u frames to hand out", left);
    if (left < hv->frames_free)
        xd_str_addf(out, ", %u more that the host keeps back (xd_frames_scarce)",
                    hv->frames_free - left);
    if (hv->claimed)
        xd_str_addf(out, ", %u of them claimed for domains", hv->claimed);
    xd_str_addc(out, '\n');
}

char *xd_explain(struct xd_vcpu *v)
{
    const struct xd_reject *r;
    struct xd_str out = {0};
    struct xd_domain *d;

    if (!v)
        return xd_strdup(
            "there is no vCPU whose call could be explained: this thread is none (xd_enter)\n");
    r = &v->rec.reject;
    if (r->why == XD_WHY_NONE)
        return xd_strdup("");
    add_request(&out, v);
    add_rule(&out, r);
    switch (xd_why_row(r->why)->subject) {
    case XD_SUBJECT_FRAME: xd_explain_frame(v->hv, xd_mfn_of(r->arg[0]), &out); break;
    case XD_SUBJECT_PORT:
        d = xd_domain_by_id(v->hv, (uint16_t)r->arg[1]);
        xd_explain_port(d ? d : v->domain, (uint32_t)r->arg[0], &out);
        break;
    case XD_SUBJECT_DOMAIN: explain_domain(v->hv, r->arg[0], &out); break;
    case XD_SUBJECT_HEAP: explain_heap(v->hv, &out); break;
    case XD_SUBJECT_LEVER: xd_explain_lever(v->hv, r->arg[0], &out); break;
    default: break;
    }
    if (v->rec.stack_kept)
        v->hv->host->linked.tell_caller(v, &out);
    return out.text;
}

const char *xd_why_text(unsigned int why, char *buf, size_t size)
{
    char name[XD_WHY_NAME_MAX];

    snprintf(buf, size, "%s", xd_why_name(why < XD_WHYS ? (enum xd_why)why : XD_WHY_NONE, name));
    return buf;
}

unsigned int xd_why_find(const char *name)
{
    return xd_why_named(name, strlen(name));
}
