/* SPDX-License-Identifier: MIT */
/* show.c: values, structs and calls as people read them. */
#include "abi/show.h"

#include "abi/errno.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    uint64_t bit;
    const char *name;
} pte_flags[] = {
    {0x001, "P"},
    {0x002, "RW"},
    {0x004, "US"},
    {0x008, "PWT"},
    {0x010, "PCD"},
    {0x020, "A"},
    {0x040, "D"},
    {0x080, "PAT"},
    {0x100, "G"},
    {0x200, "AV0"},
    {0x400, "AV1"},
    {0x800, "AV2"},
    {UINT64_C(1) << 52, "GK"},
    {UINT64_C(1) << 63, "NX"},
};

void xd_show_pte_flags(struct xd_str *out, uint64_t pte)
{
    const char *sep = "";

    for (size_t i = 0; i < XD_ARRAY_SIZE(pte_flags); i++) {
        if (!(pte & pte_flags[i].bit))
            continue;
        xd_str_addf(out, "%s%s", sep, pte_flags[i].name);
        sep = "|";
        pte &= ~pte_flags[i].bit;
    }
    pte &= ~UINT64_C(0x000ffffffffff000);
    if (pte || !*sep)
        xd_str_addf(out, "%s%#" PRIx64, sep, pte);
}

static void show_foreign(struct xd_str *out, uint64_t value)
{
    xd_show_value(out, XD_K_DOMID, value & 0xffff);
    if (value >> 16) {
        xd_str_add(out, "/tables of ");
        xd_show_value(out, XD_K_DOMID, (value >> 16) - 1);
    }
}

void xd_show_value(struct xd_str *out, enum xd_kind kind, uint64_t value)
{
    unsigned int bits = xd_kind_bits(kind);
    const struct xd_const *c;

    if (bits && bits < 64)
        value &= (UINT64_C(1) << bits) - 1;
    c = xd_const_of(kind, value);
    if (c) {
        xd_str_add(out, c->name);
        return;
    }
    switch (kind) {
    case XD_K_DOMID: xd_str_addf(out, "d%" PRIu64, value); break;
    case XD_K_FOREIGN: show_foreign(out, value); break;
    case XD_K_S32: xd_str_addf(out, "%" PRId32, (int32_t)value); break;
    case XD_K_PTE:
        xd_str_addf(out, "pte(%#" PRIx64 ", ", (value & UINT64_C(0x000ffffffffff000)) >> 12);
        xd_show_pte_flags(out, value);
        xd_str_addc(out, ')');
        break;
    case XD_K_U8:
    case XD_K_U16:
    case XD_K_U32:
    case XD_K_PORT:
    case XD_K_VIRQ:
    case XD_K_VCPU:
    case XD_K_CMD: xd_str_addf(out, "%" PRIu64, value); break;
    default: xd_str_addf(out, "%#" PRIx64, value); break;
    }
}

void xd_show_fields(struct xd_str *out, const struct xd_op *op, const void *copy, enum xd_dir dir)
{
    if (!op->fields)
        return;
    for (const struct xd_field *f = op->fields(); f->name; f++) {
        const unsigned char *at = (const unsigned char *)copy + f->off;
        uint64_t value = 0;

        if (!(f->dir & dir))
            continue;
        xd_str_addf(out, " %s=", f->name);
        if (f->kind == XD_K_TEXT) {
            xd_str_addf(out, "\"%.*s\"", (int)f->size, (const char *)at);
            continue;
        }
        memcpy(&value, at, f->size < sizeof(value) ? f->size : sizeof(value));
        xd_show_value(out, (enum xd_kind)f->kind, value);
    }
}

void xd_show_call(struct xd_str *out, uint64_t nr, const uint64_t *arg)
{
    const struct xd_call *call = xd_call_at(nr);
    const struct xd_op *op;

    if (!call) {
        xd_str_addf(out, "hypercall %" PRIu64, nr);
        return;
    }
    xd_str_addf(out, "%s(", call->name);
    for (unsigned int i = 0; i < XD_CALL_ARGS && call->arg[i].name; i++) {
        xd_str_addf(out, "%s%s=", i ? ", " : "", call->arg[i].name);
        op = i == 0 && call->shape == XD_SHAPE_OPS ? xd_op_at(call->group, arg[0] & 0x3f) : NULL;
        if (op && (arg[0] == op->nr))
            xd_str_add(out, op->name);
        else
            xd_show_value(out, (enum xd_kind)call->arg[i].kind, arg[i]);
    }
    xd_str_addc(out, ')');
}
