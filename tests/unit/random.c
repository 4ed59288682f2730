/* SPDX-License-Identifier: MIT */
/* random.c: see random.h. */
#include "random-draw.h"

#include "hv/call/cpu.h"
#include "hv/sched.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 4096u

/* ---- What is no hypercall ---- */

static void store(struct random *r, struct xd_vcpu *v)
{
    static const uint8_t sizes[] = {8, 8, 8, 8, 4, 2, 1, 16};
    unsigned int self = v->domain->domid;
    uint64_t words[2] = {random_pte(r, self), random_pte(r, self)}, va = random_va(r, self);
    size_t size = ONE_OF(r, sizes);

    if (random_chance(r, 5))
        va += random_any(r, 8);
    snprintf(r->what, sizeof(r->what), "d%uv%u store of %zu bytes (%#" PRIx64 ") at %#" PRIx64,
             self, v->id, size, words[0], va);
    if (random_chance(r, 80))
        xd_guest_store(v, va, words, size, NULL);
    else
        xd_guest_load(v, va, words, size, NULL);
}

/* Back to the page tables the domain came with, so that it does not end up with nothing mapped. */
static void back_home(struct random *r, struct xd_vcpu *v)
{
    struct xd_abi_mmuext_op op[2] = {{.cmd = 3}, {.cmd = 5}};
    uint64_t arg[6] = {0, 2, 0, XD_DOMID_SELF};

    op[0].arg1 = op[1].arg1 = r->start[v->domain->domid].cr3_mfn;
    snprintf(r->what, sizeof(r->what), "d%uv%u back to its first page tables", v->domain->domid,
             v->id);
    arg[0] = random_place(r, v, 0, op, sizeof(op));
    if (random_chance(r, 50)) {
        arg[0] += sizeof(op[0]);
        arg[1] = 1;
    }
    xd_hypercall(v, 26, arg);
}

static void make_domain(struct random *r, unsigned int i)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;

    c.domid = i;
    c.pages = RANDOM_PAGES;
    c.pages_max = RANDOM_PAGES + 64;
    c.vcpus = i == 1 ? 3 : 1;
    c.vcpus_online = i == 1 ? 2 : 1;
    c.privileged = i == 0;
    c.order = i ? XD_ORDER_DOMU : XD_ORDER_DOM0;
    if (xd_domain_create(r->hv, &c, &d))
        return;
    r->start[i] = *xd_domain_start(d);
    for (unsigned int k = 0; k < RANDOM_POOL; k++) {
        uint64_t pfn = (r->start[i].pt_va - r->start[i].virt_base) / XD_PAGE_SIZE + k;

        if (k >= 6) /* 6: all page tables of such a domain */
            pfn = r->start[i].first_free_pfn + k;
        if (k >= 18)
            pfn = (r->start[i].padding_va - r->start[i].virt_base) / XD_PAGE_SIZE + k;
        r->pool[i][k] = xd_domain_mfn(d, pfn);
    }
}

/* The host takes a domain apart, or makes the missing one anew. */
static void replace_domain(struct random *r, unsigned int i)
{
    snprintf(r->what, sizeof(r->what), "d%u %s", i, random_domain(r, i) ? "destroyed" : "made");
    if (random_domain(r, i))
        xd_domain_destroy(random_domain(r, i));
    else
        make_domain(r, i); /* or not, while others hold too many of the old one's frames */
}

/* What happens around guests: time, console input, interrupts. */
static void outside(struct random *r, struct xd_domain *d)
{
    static const uint8_t virqs[] = {0, 2, 3, 4, 8, 16};
    uint32_t virq = ONE_OF(r, virqs);
    uint64_t ns = random_any(r, 3000) * (random_chance(r, 10) ? 1000000 : 1);

    if (random_chance(r, 50)) {
        snprintf(r->what, sizeof(r->what), "d%u is woken", d->domid);
        for (uint32_t id = 0; id < d->vcpus; id++)
            xd_vcpu_kick(xd_vcpu_at(d, id));
        return;
    }
    switch (random_any(r, 4)) {
    case 0:
        snprintf(r->what, sizeof(r->what), "%" PRIu64 " ns pass", ns);
        xd_advance(r->hv, ns);
        break;
    case 1:
        snprintf(r->what, sizeof(r->what), "console input");
        xd_console_input(r->hv, "hello, world", 1 + random_any(r, 12));
        break;
    default:
        snprintf(r->what, sizeof(r->what), "VIRQ %u at d%u", virq, d->domid);
        xd_virq_raise(xd_vcpu_at(d, (uint32_t)random_any(r, d->vcpus)), virq);
        break;
    }
}

/* A CPU that stops for the reason drawn for it. */
struct random_cpu {
    struct xd_cpu cpu;
    struct xd_exit exit;
};

static void run_cpu(struct xd_cpu *cpu, struct xd_vcpu *v, struct xd_exit *exit)
{
    (void)v;
    *exit = ((struct random_cpu *)(void *)cpu)->exit;
}

static void cpu_exit(struct random *r, struct xd_vcpu *v)
{
    static const uint8_t calls[] = {17, 1, 13, 29};
    struct random_cpu c = {.cpu = {run_cpu}};
    struct xd_outcome out;

    c.exit.kind = random_chance(r, 50)  ? XD_EXIT_EXCEPTION
                  : random_chance(r, 5) ? XD_EXIT_FATAL
                                        : XD_EXIT_HYPERCALL;
    if (c.exit.kind == XD_EXIT_FATAL && v->domain->privileged)
        c.exit.kind = XD_EXIT_SOFTINT;
    c.exit.vector = XD_VECTOR_PF;
    c.exit.va = c.exit.addr = random_va(r, v->domain->domid);
    c.exit.size = random_chance(r, 50) ? 8 : 0;
    if (c.exit.kind == XD_EXIT_HYPERCALL) {
        XD_PUT(r->hv, v->regs.rax, ONE_OF(r, calls));
        XD_PUT(r->hv, v->regs.rdi, random_any(r, 2));
    }
    snprintf(r->what, sizeof(r->what), "d%uv%u exit of kind %d", v->domain->domid, v->id,
             (int)c.exit.kind);
    xd_cpu_step(&c.cpu, v, &out);
}

/* ---- The program ---- */

static void say_bug(void *ctx, struct xd_hv *hv)
{
    const struct random *r = ctx;

    (void)hv;
    fprintf(stderr, "seed %" PRIu64 ", step %u: %s\n", r->seed, r->step, r->what);
}

void random_init(struct random *r, uint64_t seed)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    struct xd_hooks hooks = {.ctx = r, .bug = say_bug};

    memset(r, 0, sizeof(*r));
    r->seed = r->rng = seed;
    c.frames = FRAMES;
    c.seed = seed;
    c.domains_max = 4;
    ck_assert_int_eq(xd_hv_create(&r->hv, &c), 0);
    xd_hooks_set(r->hv, &hooks);
    for (unsigned int i = 0; i < RANDOM_DOMAINS; i++)
        make_domain(r, i);
}

void random_fini(struct random *r)
{
    xd_hv_destroy(r->hv);
}

static void act(struct random *r, struct xd_vcpu *v)
{
    uint64_t dice = random_any(r, 1000);

    if (dice < 790)
        random_hypercall(r, v);
    else if (dice < 940)
        store(r, v);
    else if (dice < 960)
        cpu_exit(r, v);
    else
        back_home(r, v);
}

void random_step(struct random *r)
{
    static const uint8_t who[] = {0, 1, 1, 1, 2, 2};
    unsigned int i = ONE_OF(r, who);
    struct xd_domain *d = random_domain(r, i);
    struct xd_vcpu *v = d ? xd_vcpu_at(d, d->vcpus > 1 ? (uint32_t)random_any(r, 2) : 0) : NULL;

    r->step++;
    r->hv->host->hooks.read = NULL;
    r->hv->host->hooks.write = NULL;
    snprintf(r->what, sizeof(r->what), "nothing");
    if (!v || (i && (random_chance(r, 1) || xd_vcpu_state(v) == XD_STATE_SHUTDOWN)))
        replace_domain(r, i);
    else if (xd_vcpu_state(v) != XD_STATE_RUNNING || random_chance(r, 3))
        outside(r, d);
    else if (xd_continuing(v))
        xd_continue(v);
    else
        act(r, v);
    if (v && random_domain(r, i) && random_chance(r, 6))
        free(xd_explain(v));
}

static uint64_t number(const char *name, uint64_t own)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : own;
}

uint64_t random_seed(uint64_t own)
{
    return number("XD_TEST_SEED", own);
}

unsigned int random_steps(unsigned int own)
{
    return (unsigned int)number("XD_TEST_STEPS", own);
}
