/* SPDX-License-Identifier: MIT */
/*
 * race.c: two vCPUs, an update that gets lost, and the seed under which it does.
 *
 *     cc race.c $(pkg-config --cflags --libs xendouble) -o race && ./race
 *
 * It prints a line like `XENDOUBLE_SCHED=pct:7:2:8 ./race`. That line loses the update each time it
 * is run, in a debugger too: xd_run takes its policy and seed from the variable.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <xen/interface/sched.h>
#include <xen/interface/xen.h>
#include <xendouble/guest.h>

#define TICKETS 2 /* that each vCPU draws */

/* ---- The guest: tickets that must all be different ---- */

static unsigned int next_ticket;
static bool lock, locked_version;

static void take_lock(void)
{
    while (__atomic_exchange_n(&lock, true, __ATOMIC_ACQUIRE))
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL); /* the holder may be waiting for its turn */
}

static unsigned int draw_ticket(void)
{
    unsigned int mine;

    if (locked_version)
        take_lock();
    mine = next_ticket;
    xd_preempt(); /* as if an interrupt came here */
    next_ticket = mine + 1;
    __atomic_store_n(&lock, false, __ATOMIC_RELEASE);
    return mine;
}

static void draw(void *drawn)
{
    for (unsigned int i = 0; i < TICKETS; i++)
        ++((unsigned int *)drawn)[draw_ticket()];
}

/* ---- The search ---- */

/* One run on a machine of its own: were all tickets different? */
static bool all_differ(uint64_t seed)
{
    struct xd_domain_config dc = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_run_config rc = XD_RUN_CONFIG_DEFAULT;
    unsigned int drawn[2 * TICKETS] = {0};
    struct xd_hv *hv;
    struct xd_domain *d;
    bool differ = true;

    dc.vcpus = dc.vcpus_online = 2;
    rc.policy = XD_POLICY_PCT;
    rc.seed = seed;
    rc.depth = 2; /* a bug that one change of turns at the wrong moment shows */
    rc.points = 8;
    next_ticket = 0;
    lock = false;
    if (xd_hv_create(&hv, NULL) || xd_domain_create(hv, &dc, &d) ||
        xd_vcpu_start(xd_vcpu_at(d, 0), draw, drawn) ||
        xd_vcpu_start(xd_vcpu_at(d, 1), draw, drawn) || xd_run(hv, &rc) != XD_RUN_FINISHED)
        abort();
    xd_hv_destroy(hv);
    for (unsigned int i = 0; i < 2 * TICKETS; i++)
        differ &= drawn[i] == 1;
    return differ;
}

int main(int argc, char **argv)
{
    uint64_t seed = 0;

    (void)argc;
    if (getenv("XENDOUBLE_SCHED")) {
        bool differ = all_differ(0); /* the variable's seed wins */

        puts(differ ? "all tickets differ" : "two vCPUs drew the same ticket");
        return differ ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    while (seed < 100 && all_differ(seed))
        seed++;
    if (seed == 100)
        return EXIT_FAILURE; /* the race was to be found */
    printf("XENDOUBLE_SCHED=pct:%llu:2:8 %s\n", (unsigned long long)seed, argv[0]);
    locked_version = true;
    for (seed = 0; seed < 100; seed++)
        if (!all_differ(seed))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
