/* SPDX-License-Identifier: MIT */
/* record_value.c: numbers, frames and texts in the words of the language. */
#include "guest/record.h"

#include "abi/show.h"

#include <inttypes.h>

void xd_say_number(struct xd_str *out, uint64_t value)
{
    xd_str_addf(out, value > 9999 ? "%#" PRIx64 : "%" PRIu64, value);
}

static void domain_dot(struct xd_str *out, const struct xd_vcpu *v, uint16_t domid)
{
    if (!v || v->domain->domid != domid)
        xd_str_addf(out, "d%u.", domid);
}

void xd_say_word(struct xd_str *out, uint64_t value)
{
    xd_str_addf(out, value ? "%#" PRIx64 : "%" PRIu64, value);
}

/* The domain whose shared_info it is, or NULL. One that a guest created has no name in a recording. */
static const struct xd_domain *sharer(const struct xd_recorder *r, uint64_t mfn)
{
    for (uint32_t i = 0; i < r->hv->config.domains_max; i++)
        if (r->hv->domain[i].used && r->hv->domain[i].start.pages &&
            r->hv->domain[i].shared_info.v == mfn)
            return &r->hv->domain[i];
    return NULL;
}

bool xd_is_shared_info(const struct xd_recorder *r, uint64_t mfn)
{
    return sharer(r, mfn) != NULL;
}

void xd_say_frame(struct xd_recorder *r, const struct xd_vcpu *v, uint64_t mfn, struct xd_str *out)
{
    const struct xd_domain *d = sharer(r, mfn);

    if (d) {
        domain_dot(out, v, d->domid);
        xd_str_add(out, "shared_info()");
        return;
    }
    if (mfn < r->hv->frames && r->frame[mfn].named) {
        domain_dot(out, v, r->frame[mfn].domid);
        xd_str_addf(out, "page(%u)", r->frame[mfn].page);
        return;
    }
    xd_say_word(out, mfn);
}

void xd_say_pte(struct xd_recorder *r, const struct xd_vcpu *v, uint64_t pte, struct xd_str *out)
{
    uint64_t mfn = xd_pte_mfn(pte).v, flags = pte & ~(mfn * XD_PAGE_SIZE);

    if (!(pte & XD_PTE_P) || !mfn || mfn >= r->hv->frames || /* a number, and no entry */
        flags & UINT64_C(0x7fe0000000000000)) {              /* bits that have no name */
        xd_say_word(out, pte);
        return;
    }
    xd_str_add(out, "pte(");
    xd_say_frame(r, v, mfn, out);
    xd_str_add(out, ", ");
    xd_show_pte_flags(out, flags);
    xd_str_addc(out, ')');
}

static void say_domid(struct xd_recorder *r, uint64_t value, struct xd_str *out)
{
    for (uint32_t i = 0; i < r->hv->config.domains_max; i++)
        if (r->known[i].used && r->known[i].domid == value) {
            xd_str_addf(out, "d%u", (unsigned int)value);
            return;
        }
    xd_say_number(out, value);
}

void xd_say_value(struct xd_recorder *r, const struct xd_vcpu *v, unsigned int kind, uint64_t value,
                  struct xd_str *out)
{
    const struct xd_const *c = xd_const_of((enum xd_kind)kind, value);

    if (c)
        xd_str_add(out, c->name);
    else if (kind == XD_K_MFN)
        xd_say_frame(r, v, value, out);
    else if (kind == XD_K_PTE)
        xd_say_pte(r, v, value, out);
    else if (kind == XD_K_DOMID)
        say_domid(r, value, out);
    else if (value && (kind == XD_K_VA || kind == XD_K_PTR || kind == XD_K_DESC ||
                       kind == XD_K_ENTRIES || kind == XD_K_PORTS || kind == XD_K_MADDR))
        xd_str_addf(out, "%#" PRIx64, value);
    else
        xd_say_number(out, value);
}

void xd_say_text(struct xd_str *out, const void *bytes, size_t n)
{
    const unsigned char *s = bytes;

    xd_str_addc(out, '"');
    for (size_t i = 0; i < n; i++)
        if (s[i] == '"' || s[i] == '\\')
            xd_str_addf(out, "\\%c", s[i]);
        else if (s[i] == '\n' || s[i] == '\t' || s[i] == '\r')
            xd_str_add(out, s[i] == '\n' ? "\\n" : s[i] == '\t' ? "\\t" : "\\r");
        else if (s[i] < ' ' || s[i] >= 0x7f)
            xd_str_addf(out, "\\x%02x", s[i]);
        else
            xd_str_addc(out, (char)s[i]);
    xd_str_addc(out, '"');
}

void xd_say_rc(struct xd_str *out, int64_t rc)
{
    const char *name = rc < 0 && rc > -4096 ? xd_errno_name(rc) : NULL;

    if (name)
        xd_str_add(out, name);
    else if (rc < 0)
        xd_str_addf(out, "%" PRId64, rc);
    else
        xd_say_number(out, (uint64_t)rc);
}
