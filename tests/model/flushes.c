/* SPDX-License-Identifier: MIT */
/*
 * flushes.c: which TLBs a call must flush, and that it flushes no other.
 *
 * The machine counts, for each vCPU, flushes of everything and of one address. A call owes a number
 * of each; it may do more only where frames change their types on the way, for what is then undone
 * is flushed all the same.
 */
#include "book.h"

struct flushes {
    bool more;
    struct {
        uint64_t was[2]; /* [one address] */
        uint32_t owed[2];
    } of[DOMAINS][VCPUS];
};

struct flushes *flushes_new(void)
{
    return xd_zalloc(sizeof(struct flushes));
}

static uint64_t counted(const struct xd_vcpu *v, bool one_address)
{
    return one_address ? v->tlb_invlpgs : v->tlb_flushes;
}

void flushes_start(struct model *m)
{
    struct flushes *b = m->flushes;

    b->more = false;
    for (uint32_t i = 0; i < m->slots; i++)
        for (uint32_t id = 0; id < m->hv->domain[i].vcpus && id < VCPUS; id++)
            for (unsigned int one = 0; one < 2; one++) {
                b->of[i][id].was[one] = counted(&m->hv->domain[i].vcpu[id], one);
                b->of[i][id].owed[one] = 0;
            }
}

void flushes_owe(struct model *m, const struct xd_vcpu *v, bool one_address)
{
    uint32_t *owed = m->flushes->of[v->domain - m->hv->domain][v->id].owed;

    CHANGE(m, owed[one_address], owed[one_address] + 1);
}

void flushes_owe_domain(struct model *m, const struct xd_domain *d, uint64_t vcpus,
                        bool one_address)
{
    for (uint32_t id = 0; id < d->vcpus; id++)
        if (vcpus >> id & 1 && !d->vcpu[id].down)
            flushes_owe(m, &d->vcpu[id], one_address);
}

void flushes_retyped(struct model *m, mfn_t f, unsigned int type)
{
    const struct xd_domain *d = view_domain(m->hv, view_frame(m->hv, f)->owner);

    if (m->last[f] == type)
        return;
    m->flushes->more = true;
    if (m->last[f] != T_NONE && d)
        flushes_owe_domain(m, d, EVERY_VCPU, false);
    CHANGE(m, m->last[f], type);
}

void flushes_compare(struct model *m)
{
    static const char *const what[] = {"flushes of everything", "flushes of one address"};
    const struct flushes *b = m->flushes;

    for (uint32_t i = 0; i < m->slots; i++)
        for (uint32_t id = 0; id < m->hv->domain[i].vcpus && id < VCPUS; id++)
            for (unsigned int one = 0; one < 2; one++) {
                uint64_t done = counted(&m->hv->domain[i].vcpu[id], one) - b->of[i][id].was[one];
                uint32_t owed = b->of[i][id].owed[one];

                if (done < owed || (done > owed && !(b->more && !one)))
                    COMPLAIN(m, "domain %u, vCPU %u: %llu %s, and the call owed %u", i, id, N(done),
                             what[one], owed);
            }
}
