/* SPDX-License-Identifier: MIT */
/*
 * sysctl64.h: what sysctl and mca take and give, as a 64-bit guest lays it out. Fields are those of Xen's
 * public/sysctl.h and public/arch-x86/xen-mca.h; handles are addresses.
 */
#ifndef XD_ABI_SYSCTL64_H
#define XD_ABI_SYSCTL64_H

#include "abi/guest64.h"

/* get_pmstat. */
struct xd_abi_pm_px_stat {
    uint8_t total, usable, last, cur, pad[4];
    uint64_t trans_pt, pt;
};
struct xd_abi_pm_cx_stat {
    uint32_t nr, last;
    uint64_t idle_time, triggers, residencies;
    uint32_t nr_pc, nr_cc;
    uint64_t pc, cc;
};

/* livepatch_op. */
struct xd_abi_livepatch_name {
    uint64_t name;
    uint16_t size, pad[3];
};
struct xd_abi_livepatch_list {
    uint32_t version, idx, nr, pad, name_total_size, metadata_total_size;
    uint64_t status, name, len, metadata, metadata_len;
};

struct xd_abi_sysctl {
    uint32_t cmd, interface_version;
    union {
        struct {
            uint8_t clear, incremental;
            uint16_t pad;
            uint32_t index;
            uint64_t buffer;
            uint32_t count;
        } readconsole;
        struct {
            uint32_t cmd, pad;
            struct xd_abi_bitmap cpu_mask;
            uint32_t evt_mask, pad2;
            uint64_t buffer_mfn;
            uint32_t size;
        } tbuf;
        struct {
            uint32_t threads_per_core, cores_per_socket, nr_cpus, max_cpu_id, nr_nodes, max_node_id;
            uint32_t cpu_khz, capabilities, arch_capabilities, pad;
            uint64_t total_pages, free_pages, scrub_pages, outstanding_pages, max_mfn;
            uint32_t hw_cap[8];
        } physinfo;
        struct {
            uint32_t sched_id;
        } sched_id;
        struct {
            uint16_t first_domain, pad;
            uint32_t max_domains;
            uint64_t buffer;
            uint32_t num_domains;
        } domains;
        struct {
            uint64_t keys;
            uint32_t nr_keys;
        } debug_keys;
        struct {
            uint32_t max_cpus, pad;
            uint64_t info;
            uint32_t nr_cpus;
        } cpuinfo;
        struct {
            uint32_t min_bitwidth, max_bitwidth;
            int32_t node;
            uint32_t pad;
            uint64_t avail_bytes;
        } availheap;
        struct {
            uint32_t type, cpuid;
            union {
                struct xd_abi_pm_px_stat px;
                struct xd_abi_pm_cx_stat cx;
            } u;
        } pmstat;
        struct {
            uint32_t cpu, op;
        } hotplug;
        struct {
            uint32_t cmd, cpuid;
            union {
                uint32_t value;    /* of a setting; those of frequencies are longer */
                uint64_t avg_freq; /* get_cpufreq_avgfreq */
            } u;
        } pm;
        struct {
            uint32_t cmd, start, end, pad;
            uint64_t status;
        } offline;
        struct {
            uint32_t num_cpus, pad;
            uint64_t cputopo;
        } cputopo;
        struct {
            uint32_t num_nodes, pad;
            uint64_t meminfo, distance;
        } numa;
        struct {
            uint32_t op, cpupool_id, sched_id, domid, cpu, n_dom;
            struct xd_abi_bitmap cpumap;
        } pool;
        struct {
            uint32_t cpupool_id, sched_id, cmd, pad;
            union {
                struct {
                    uint32_t tslice_ms, ratelimit_us, migr_delay_us;
                } credit;
                struct {
                    uint32_t ratelimit_us;
                } credit2;
            } u;
        } scheduler;
        struct {
            uint32_t cmd, target;
        } psr_alloc;
        struct {
            uint32_t num_devs, pad;
            uint64_t devs, nodes;
        } pcitopo;
        struct {
            uint32_t caps;
        } levelling;
        struct {
            uint32_t index, nr_features;
            uint64_t features;
        } featureset;
        struct {
            uint32_t cmd, pad;
            union {
                struct xd_abi_livepatch_name name; /* of upload, get and action: first */
                struct {
                    struct xd_abi_livepatch_name name;
                    uint64_t size, payload;
                } upload;
                struct {
                    struct xd_abi_livepatch_name name;
                    uint32_t cmd, timeout, flags, pad;
                } action;
                struct xd_abi_livepatch_list list;
            } u;
        } livepatch;
        struct {
            uint32_t index, nr_leaves, nr_msrs, rsvd;
            uint64_t leaves, msrs;
        } policy;
        uint8_t rest[128];
    } u;
};

/* Elements of its lists. */
struct xd_abi_cpuinfo {
    uint64_t idletime;
};
struct xd_abi_cputopo {
    uint32_t core, socket, node;
};
struct xd_abi_meminfo {
    uint64_t memsize, memfree;
};
struct xd_abi_cpuid_leaf {
    uint32_t leaf, subleaf, a, b, c, d;
};
struct xd_abi_msr_entry {
    uint32_t idx, flags;
    uint64_t val;
};
struct xd_abi_pci_device {
    uint16_t seg;
    uint8_t bus, devfn;
};

/* mca. */
struct xd_abi_mc_msr {
    uint64_t reg, value;
};
struct xd_abi_mc {
    uint32_t cmd, interface_version;
    union {
        struct {
            uint32_t flags, pad;
            uint64_t fetch_id, data;
        } fetch;
        struct {
            uint32_t ncpus, pad;
            uint64_t info;
        } physcpuinfo;
        struct {
            uint32_t cpunr, flags, count;
            uint16_t domid, pad;
            struct xd_abi_mc_msr msr[8];
        } msrinject;
        struct {
            uint32_t cpunr;
        } mceinject;
        struct {
            uint32_t flags, pad;
            struct xd_abi_bitmap cpumap;
        } inject;
        uint8_t rest[144];
    } u;
};
struct xd_abi_mc_cpu {
    uint32_t cpunr, chipid;
    uint16_t coreid, threadid;
    uint32_t apicid, clusterid, ncores, ncores_active, nthreads;
    int32_t cpuid_level;
    uint32_t family, vendor, model, step;
    char vendorid[16], brandid[64];
    uint32_t cpu_caps[7], cache_size, cache_alignment;
    int32_t nmsrvals;
    uint32_t pad;
    struct xd_abi_mc_msr msr[8];
};

_Static_assert(sizeof(struct xd_abi_mc) == 152, "mc");
_Static_assert(sizeof(struct xd_abi_mc_cpu) == 304, "mcinfo_logical_cpu");
_Static_assert(sizeof(struct xd_abi_sysctl) == 136, "sysctl");
_Static_assert(sizeof(struct xd_abi_pm_cx_stat) == 56, "pm_cx_stat");
_Static_assert(sizeof(struct xd_abi_livepatch_list) == 64, "livepatch_list");
_Static_assert(sizeof(struct xd_abi_cpuid_leaf) == 24, "cpuid_leaf");

#endif
