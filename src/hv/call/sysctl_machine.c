/* SPDX-License-Identifier: MIT */
/* sysctl_machine.c: what sysctl tells of the machine: its memory, its one processor on its one node, its devices. */
#include "hv/call/policy.h"
#include "hv/call/sysctl.h"

#include "hv/cpupolicy.h"
#include "hv/pci.h"

#define CPUS         1u
#define NODES        1u
#define NR_ZONES     41u /* of 52 bits of address */
#define LOW_RAM      0x9fu
#define NO_CORE      UINT32_MAX /* Xen knows of no cores where a package has one */
#define DISTANCE     10u
#define INVALID_NODE UINT32_MAX
#define INVALID_DEV  0xfffffffeu

/* What a PC has below 1 MiB, and all above. */
static bool is_ram(const struct xd_hv *hv, uint64_t mfn)
{
    return mfn < hv->frames && (mfn < LOW_RAM || mfn >= XD_LOW_FRAMES);
}

/* ---- physinfo ---- */

#define CAP_PV        (1u << 1)
#define CAP_GNTTAB_V1 (1u << 8)
#define CAP_GNTTAB_V2 (1u << 9)

int64_t xd_sysctl_physinfo(struct xd_sysctl *c)
{
    const struct xd_hv *hv = c->v->hv;

    __builtin_memset(&c->op.u.physinfo, 0, sizeof(c->op.u.physinfo));
    c->op.u.physinfo.threads_per_core = c->op.u.physinfo.cores_per_socket = 1;
    c->op.u.physinfo.nr_cpus = CPUS;
    c->op.u.physinfo.max_cpu_id = CPUS - 1;
    c->op.u.physinfo.nr_nodes = NODES;
    c->op.u.physinfo.max_node_id = XD_NODES_MAX - 1;
    c->op.u.physinfo.cpu_khz = (uint32_t)hv->config.cpu_khz;
    c->op.u.physinfo.capabilities = CAP_PV | CAP_GNTTAB_V1 | CAP_GNTTAB_V2;
    c->op.u.physinfo.total_pages = hv->frames - XD_LOW_FRAMES + LOW_RAM;
    c->op.u.physinfo.free_pages = xd_frames_left(hv);
    c->op.u.physinfo.outstanding_pages = hv->claimed;
    c->op.u.physinfo.max_mfn = hv->frames - 1;
    xd_policy_hw_cap(c->op.u.physinfo.hw_cap);
    return 0;
}

/* ---- Processors ---- */

/* No time passes in which nobody runs but what xd_advance lets pass: none is counted as idle. */
int64_t xd_sysctl_cpuinfo(struct xd_sysctl *c)
{
    const struct xd_abi_cpuinfo info = {0};
    const uint32_t nr = c->op.u.cpuinfo.max_cpus < CPUS ? c->op.u.cpuinfo.max_cpus : CPUS;
    int64_t rc = nr ? xd_sysctl_write(c, c->op.u.cpuinfo.info, &info, sizeof(info)) : 0;

    c->op.u.cpuinfo.nr_cpus = nr;
    return rc;
}

int64_t xd_sysctl_cputopo(struct xd_sysctl *c)
{
    const struct xd_abi_cputopo topo = {.core = NO_CORE};
    uint32_t nr = CPUS;
    int64_t rc = 0;

    if (c->op.u.cputopo.cputopo) {
        nr = c->op.u.cputopo.num_cpus < nr ? c->op.u.cputopo.num_cpus : nr;
        rc = nr ? xd_sysctl_write(c, c->op.u.cputopo.cputopo, &topo, sizeof(topo)) : 0;
    }
    if (rc == 0 && c->op.u.cputopo.num_cpus != nr) {
        c->op.u.cputopo.num_cpus = nr;
        rc = xd_sysctl_tell(c, u.cputopo.num_cpus);
    }
    return rc;
}

/* ---- Memory ---- */

/* Zones by the highest bit of a frame's number. AS-XEN: bits_to_zone: a width that is negative as an int means the first. */
static unsigned int zone_of_width(uint32_t bits, unsigned int otherwise)
{
    const int32_t zone = bits < XD_PAGE_SHIFT + 1 ? 1 : (int32_t)(bits - XD_PAGE_SHIFT);

    if (!bits)
        return otherwise;
    if (zone < 1)
        return 1;
    return zone < (int32_t)NR_ZONES ? (unsigned int)zone : NR_ZONES - 1;
}

/* Free frames of the zones from (low) to (high). */
static uint64_t free_in(struct xd_hv *hv, unsigned int low, unsigned int high)
{
    uint64_t from = low > 1 ? UINT64_C(1) << (low - 1) : 0, to = UINT64_C(1) << high, n;

    from = from < hv->heap_first ? hv->heap_first : from;
    to = to > hv->frames ? hv->frames : to;
    if (low > high || from >= to)
        return 0;
    n = to - from;
    for (uint32_t mfn = xd_frame_next_used(hv, (uint32_t)from); mfn < to;
         mfn = xd_frame_next_used(hv, mfn + 1))
        n -= !xd_frame_is_free(&hv->frame[mfn]);
    return n < xd_frames_left(hv) ? n : xd_frames_left(hv);
}

int64_t xd_sysctl_availheap(struct xd_sysctl *c)
{
    const unsigned int low = zone_of_width(c->op.u.availheap.min_bitwidth, 1),
                       high = zone_of_width(c->op.u.availheap.max_bitwidth, NR_ZONES - 1);
    const bool here = c->op.u.availheap.node == -1 || c->op.u.availheap.node == 0;

    c->op.u.availheap.avail_bytes = here ? free_in(c->v->hv, low, high) << XD_PAGE_SHIFT : 0;
    return 0;
}

int64_t xd_sysctl_numainfo(struct xd_sysctl *c)
{
    const uint64_t meminfo = c->op.u.numa.meminfo, distance = c->op.u.numa.distance;
    const struct xd_abi_meminfo mem = {(uint64_t)c->v->hv->frames << XD_PAGE_SHIFT,
                                       (uint64_t)xd_frames_left(c->v->hv) << XD_PAGE_SHIFT};
    const uint32_t far = DISTANCE;
    uint32_t nr = NODES;
    int64_t rc = 0;

    if (meminfo || distance)
        nr = c->op.u.numa.num_nodes < nr ? c->op.u.numa.num_nodes : nr;
    if (nr && meminfo)
        rc = xd_sysctl_write(c, meminfo, &mem, sizeof(mem));
    if (rc == 0 && nr && distance)
        rc = xd_sysctl_write(c, distance, &far, sizeof(far));
    if (rc == 0 && c->op.u.numa.num_nodes != nr) {
        c->op.u.numa.num_nodes = nr;
        rc = xd_sysctl_tell(c, u.numa.num_nodes);
    }
    return rc;
}

/* ---- Frames that are to be used no more ---- */

enum { OFFLINE = 1, ONLINE, QUERY };
#define UNTOLD      0x01010101u /* AS-XEN: do_sysctl: PG_OFFLINE_INVALID in each byte */
#define IS_OFFLINE  0x2u        /* or was, and is online */
#define PENDING     0x4u
#define FAILED      0x8u
#define QUERY_LATER 0x8u /* as a query tells it */
#define XENS        0x100u
#define ANONYMOUS   0x400u
#define NO_RAM      0x800u
#define OWNED       0x1000u
#define OWNER(d)    ((uint32_t)(d) << 16)

/* Who has a frame that is to go out of use. What nobody has, and is in use, is said to have failed, and goes, too. */
static uint32_t who_has(const struct xd_frame *f)
{
    if (f->count && f->owner == XD_DOMID_XEN)
        return OWNED | PENDING | OWNER(f->owner);
    if (f->flags & XD_FRAME_XEN_HEAP)
        return XENS | PENDING | OWNER(XD_DOMID_XEN);
    return ANONYMOUS | FAILED | OWNER(XD_DOMID_NONE);
}

/*
 * Of a frame that a domain has Xen tells so, by way of a lock that it has not initialised for one that is PV, and hangs at one of the
 * next calls (p2m_pod_offline_or_broken_hit). Is there one before the first that is refused?
 */
static bool meets_domains(struct xd_hv *hv, uint64_t first, uint64_t nr)
{
    for (uint64_t mfn = first; mfn - first < nr && is_ram(hv, mfn); mfn++)
        if (hv->frame[mfn].count && hv->frame[mfn].owner < XD_DOMID_FIRST_RESERVED)
            return true;
    return false;
}

static int64_t offline_one(struct xd_sysctl *c, uint64_t mfn, uint32_t *status)
{
    struct xd_hv *hv = c->v->hv;
    const struct xd_frame *f = mfn < hv->frames ? &hv->frame[mfn] : NULL;

    switch (c->op.u.offline.cmd) {
    case OFFLINE:
        if (mfn >= hv->frames)
            return xd_reject(c->v, XD_WHY_OFFLINE_FRAME, mfn);
        *status = FAILED | NO_RAM;
        if (!is_ram(hv, mfn))
            return xd_reject(c->v, XD_WHY_OFFLINE_FRAME, mfn);
        xd_frame_offline(hv, xd_mfn_of(mfn));
        *status = xd_frame_is_offline(f) ? IS_OFFLINE : who_has(f);
        return 0;
    case ONLINE:
        /* AS-XEN: online_page: it tells errors as unsigned numbers, which become a large positive result. */
        if (mfn >= hv->frames)
            return (uint32_t)xd_reject(c->v, XD_WHY_OFFLINE_FRAME, mfn);
        *status = f->flags & XD_FRAME_OFFLINE ? IS_OFFLINE : 0;
        if (*status)
            xd_frame_online(hv, xd_mfn_of(mfn));
        return 0;
    case QUERY:
        if (!is_ram(hv, mfn))
            return xd_reject(c->v, XD_WHY_OFFLINE_FRAME, mfn);
        *status = xd_frame_is_offline(f)        ? IS_OFFLINE
                  : f->flags & XD_FRAME_OFFLINE ? QUERY_LATER
                                                : 0;
        return 0;
    default: return xd_reject(c->v, XD_WHY_OFFLINE_CMD, c->op.u.offline.cmd);
    }
}

/* Xen's room for the statuses comes in whole powers of two of pages, if they need more than one. */
static bool has_room(const struct xd_hv *hv, uint64_t nr)
{
    uint64_t pages = (nr * sizeof(uint32_t) + XD_PAGE_SIZE - 1) >> XD_PAGE_SHIFT, room = 1;

    while (room < pages)
        room *= 2;
    return room == 1 || room <= xd_frames_left(hv);
}

/*
 * The statuses up to the frame that was refused are told, and those behind it as if nobody knew. Where one can't be told, the rest is
 * done all the same.
 */
int64_t xd_sysctl_offline(struct xd_sysctl *c)
{
    const uint64_t first = c->op.u.offline.start, nr = (uint64_t)c->op.u.offline.end - first + 1;
    bool told = true;
    int64_t rc = 0;

    if (c->op.u.offline.end < first)
        return xd_reject(c->v, XD_WHY_OFFLINE_RANGE, first, c->op.u.offline.end);
    if (nr > UINT32_MAX) /* AS-XEN: do_sysctl counts to 0, and writes where nothing was set aside */
        return xd_reject(c->v, XD_WHY_XEN_ENDS, XD_HC_SYSCTL, c->op.cmd);
    if (!has_room(c->v->hv, nr))
        return xd_reject(c->v, XD_WHY_OFFLINE_ROOM, nr);
    c->copyback = XD_COPYBACK_NEVER;
    if (c->op.u.offline.cmd == OFFLINE && meets_domains(c->v->hv, first, nr))
        return xd_reject(c->v, XD_WHY_XEN_ENDS, XD_HC_SYSCTL, c->op.cmd);
    for (uint64_t i = 0; i < nr && (told || rc == 0); i++) {
        uint32_t status = UNTOLD;

        if (rc == 0)
            rc = offline_one(c, first + i, &status);
        told = told && !xd_sysctl_write(c, c->op.u.offline.status + i * sizeof(status), &status,
                                        sizeof(status));
    }
    return told ? rc
                : xd_reject(c->v, XD_WHY_COPY_OUT, c->op.u.offline.status, nr * sizeof(uint32_t));
}

/* ---- Devices: where those are that Xen was told of, nobody said ---- */

static int64_t tell_node(struct xd_sysctl *c, uint32_t i)
{
    struct xd_abi_pci_device dev;
    uint32_t node;
    int64_t rc = xd_sysctl_read(c, &dev, c->op.u.pcitopo.devs + i * sizeof(dev), sizeof(dev));

    if (rc)
        return rc;
    node = xd_pci_known(c->v->hv, dev.seg, dev.bus, dev.devfn) ? INVALID_NODE : INVALID_DEV;
    return xd_sysctl_write(c, c->op.u.pcitopo.nodes + i * sizeof(node), &node, sizeof(node));
}

/* AS-XEN: do_sysctl: what is interrupted tells how far it came. Here, that is after XD_LIST_MAX. */
int64_t xd_sysctl_pcitopo(struct xd_sysctl *c)
{
    const uint32_t asked = c->op.u.pcitopo.num_devs, nr = asked < XD_LIST_MAX ? asked : XD_LIST_MAX;

    if (!c->op.u.pcitopo.devs || !c->op.u.pcitopo.nodes)
        return xd_reject(c->v, XD_WHY_PCITOPO_NULL);
    for (uint32_t i = 0; i < nr; i++) {
        int64_t rc = tell_node(c, i);

        if (rc)
            return rc;
    }
    c->op.u.pcitopo.num_devs = nr; /* it goes back with the rest */
    return 0;
}

/* ---- What the processor can ---- */

#define LEVELLING_CAPS \
    0x19eu /* 1.ECX and EDX, 80000001.ECX and EDX, 7.EAX and EBX: an AMD's masks */

int64_t xd_sysctl_levelling(struct xd_sysctl *c)
{
    c->copyback = XD_COPYBACK_NEVER;
    c->op.u.levelling.caps = LEVELLING_CAPS;
    return xd_sysctl_tell(c, u.levelling.caps);
}

int64_t xd_sysctl_featureset(struct xd_sysctl *c)
{
    static const enum xd_policy policies[] = {XD_POLICY_RAW,    XD_POLICY_HOST,
                                              XD_POLICY_PV_DEF, XD_POLICY_HVM_DEF,
                                              XD_POLICY_PV_MAX, XD_POLICY_HVM_MAX};
    uint32_t set[XD_FEATURE_WORDS], nr = c->op.u.featureset.nr_features;
    struct xd_cpu_policy p;
    int64_t rc;

    c->copyback = XD_COPYBACK_NEVER;
    if (!c->op.u.featureset.features) {
        c->op.u.featureset.nr_features = XD_FEATURE_WORDS;
        return xd_sysctl_tell(c, u.featureset.nr_features);
    }
    if (c->op.u.featureset.index >= XD_ARRAY_SIZE(policies))
        return xd_reject(c->v, XD_WHY_POLICY_INDEX, c->op.u.featureset.index);
    nr = nr < XD_FEATURE_WORDS ? nr : XD_FEATURE_WORDS;
    xd_policy_of_machine(policies[c->op.u.featureset.index], &p);
    xd_policy_features(&p, set);
    rc = xd_sysctl_write(c, c->op.u.featureset.features, set, nr * sizeof(*set));
    if (rc)
        return rc;
    c->op.u.featureset.nr_features = nr;
    rc = xd_sysctl_tell(c, u.featureset.nr_features);
    if (rc)
        return rc;
    return nr < XD_FEATURE_WORDS ? xd_reject(c->v, XD_WHY_POLICY_ROOM, nr) : 0;
}

int64_t xd_sysctl_policy(struct xd_sysctl *c)
{
    struct xd_cpu_policy p;
    int64_t rc;

    c->copyback = XD_COPYBACK_NEVER;
    if (c->op.u.policy.rsvd || c->op.u.policy.index >= XD_POLICIES)
        return xd_reject(c->v, XD_WHY_POLICY_INDEX, c->op.u.policy.index);
    xd_policy_of_machine((enum xd_policy)c->op.u.policy.index, &p);
    rc = xd_policy_tell_leaves(c->v, &p, c->op.u.policy.leaves, &c->op.u.policy.nr_leaves);
    if (rc == 0)
        rc = xd_sysctl_tell(c, u.policy.nr_leaves);
    if (rc == 0)
        rc = xd_policy_tell_msrs(c->v, &p, c->op.u.policy.msrs, &c->op.u.policy.nr_msrs);
    return rc ? rc : xd_sysctl_tell(c, u.policy.nr_msrs);
}
