/* SPDX-License-Identifier: MIT */
/*
 * env.c: the machine, the domains, and what every domain of a program finds: free pages with
 * numbers, a scratch window in its address space, and room for arguments.
 *
 * The window's tables are made by ordinary hypercalls of the domain's vCPU 0, so that they are
 * counted as any guest's.
 */
#include "program/runner.h"

#include "hv/copy.h"
#include "hv/layout.h"
#include "hv/pt.h"

#include <stdlib.h>
#include <string.h>

#define HC_MMU_UPDATE 1
#define TABLE_FLAGS   (XD_PTE_P | XD_PTE_RW | XD_PTE_US)

static bool number(struct xd_runner *r, const struct xd_step *s, const char *key,
                   uint64_t otherwise, uint64_t max, uint64_t *value)
{
    if (!xd_eval_or(r, xd_form_item(r->p, s, key), otherwise, value))
        return false;
    if (*value > max)
        xd_report_as(r, XD_UNUSABLE, "%s: %llu is too large", key, (unsigned long long)*value);
    return *value <= max;
}

static const struct xd_run_place *place_of(const struct xd_runner *r, uint32_t domid)
{
    for (uint32_t i = 0; i < r->opt->places; i++)
        if (r->opt->place[i].domid == domid)
            return &r->opt->place[i];
    return NULL;
}

static void lay_out(struct xd_runner *r, const struct xd_run_place *place,
                    struct xd_domain_config *c)
{
    if (c->pages_max)
        c->pages_max += (uint32_t)place->nr - 1 - c->pages;
    c->pages = (uint32_t)place->nr - 1;
    c->kernel_pages = place->kernel_pages;
    r->hv->host->place = place->frame;
    r->hv->host->places = (uint32_t)place->nr;
    r->hv->host->place_first = r->hv->heap_taken;
    r->hv->host->placed += (uint32_t)place->nr;
}

/* Domains that the machine has anyway, where the program knows nothing of them: dom0 mostly. */
static void add_undeclared(struct xd_runner *r)
{
    for (uint32_t i = 0; i < r->opt->places; i++) {
        struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
        struct xd_domain *d;
        bool declared = r->opt->place[i].domid == XD_DOMID_NONE;

        for (uint32_t k = 0; k < r->p->domains; k++)
            declared |= strtoul(xd_text_at(r->p, r->p->domain[k].name) + 1, NULL, 10) ==
                        r->opt->place[i].domid;
        if (declared)
            continue;
        c.domid = r->opt->place[i].domid;
        c.privileged = c.domid == 0;
        c.order = c.privileged ? XD_ORDER_DOM0 : XD_ORDER_DOMU;
        lay_out(r, &r->opt->place[i], &c);
        if (xd_domain_create(r->hv, &c, &d))
            xd_report_as(r, XD_UNUSABLE, "domain %u can't be: %s", c.domid, xd_hv_error(r->hv));
    }
}

/* A text of at most (max) bytes. */
static bool text_of(struct xd_runner *r, const struct xd_step *s, const char *key, void *to,
                    size_t max)
{
    const struct xd_item *it = xd_form_item(r->p, s, key);
    const struct xd_expr *x = it ? xd_expr_at(r->p, it->value) : NULL;

    if (x && x->num <= max) {
        memset(to, 0, max);
        memcpy(to, xd_text_at(r->p, x->a), x->num);
    } else if (x) {
        xd_report_as(r, XD_UNUSABLE, "%s: at most %zu bytes", key, max);
    }
    return !x || x->num <= max;
}

/* The ranges of key (key). */
static bool ranges(struct xd_runner *r, const struct xd_step *s, const char *key,
                   struct xd_range *to, unsigned int max)
{
    const struct xd_form_key *keys = xd_form_of((enum xd_step_kind)s->kind)->keys;
    unsigned int nr = 0;

    for (xd_at i = s->in; i; i = xd_item_at(r->p, i)->next) {
        const struct xd_item *it = xd_item_at(r->p, i);
        const struct xd_expr *x = xd_expr_at(r->p, it->value);

        if (strcmp(keys[it->key - XD_KEY_FORM].name, key))
            continue;
        if (nr == max) {
            xd_report_as(r, XD_UNUSABLE, "%s: at most %u ranges", key, max);
            return false;
        }
        if (!xd_eval(r, x->a, &to[nr].first) || !xd_eval(r, x->b, &to[nr].last))
            return false;
        nr++;
    }
    return true;
}

static bool configure_machine(struct xd_runner *r, const struct xd_step *s, struct xd_config *c)
{
    struct xd_range mmio[XD_ARRAY_SIZE(c->mmio_ro)] = {{0}};
    const struct xd_item *profile = xd_form_item(r->p, s, "profile");

    if (!number(r, s, "seed", c->seed, UINT64_MAX, &c->seed) ||
        !number(r, s, "khz", c->cpu_khz, UINT64_MAX, &c->cpu_khz) ||
        !number(r, s, "boot_ns", c->boot_ns, UINT64_MAX, &c->boot_ns) ||
        !ranges(r, s, "mmio_ro", mmio, XD_ARRAY_SIZE(mmio)) ||
        !text_of(r, s, "extraversion", c->extraversion, sizeof(c->extraversion)) ||
        !text_of(r, s, "cmdline", c->command_line, sizeof(c->command_line)))
        return false;
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(mmio); i++) {
        c->mmio_ro[i].first = mmio[i].first;
        c->mmio_ro[i].last = mmio[i].last;
    }
    if (profile)
        c->profile = (enum xd_profile)xd_expr_at(r->p, profile->value)->num;
    r->linked = xd_form_item(r->p, s, "linked") != NULL;
    return true;
}

void xd_make_machine(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_config c = XD_CONFIG_DEFAULT;
    uint64_t frames = XD_FRAMES_DEFAULT, domains = c.domains_max;
    const char *wrong;
    int rc;

    if (s &&
        (!number(r, s, "frames", frames, UINT32_MAX, &frames) ||
         !number(r, s, "domains", domains, UINT32_MAX, &domains) || !configure_machine(r, s, &c)))
        return;
    c.frames = (uint32_t)frames;
    c.domains_max = (uint32_t)domains;
    if (r->opt->places)
        c.frames = r->opt->place->frames;
    if (r->opt->has_seed)
        c.seed = r->opt->seed;
    wrong = xd_config_error(&c);
    if (wrong) {
        xd_report_as(r, XD_UNUSABLE, "this machine can't be: %s", wrong);
        return;
    }
    rc = xd_hv_create(&r->hv, &c);
    if (rc)
        xd_report_as(r, XD_UNUSABLE, "the host has not enough memory for a machine of %u frames",
                     c.frames);
    if (rc)
        return;
    for (uint32_t i = 0; i < r->opt->places; i++)
        if (r->opt->place[i].domid == XD_DOMID_NONE) {
            r->hv->host->spare = r->opt->place[i].frame;
            r->hv->host->spares = (uint32_t)r->opt->place[i].nr;
        }
    add_undeclared(r);
}

static bool configure(struct xd_runner *r, const struct xd_step *s, struct xd_domain_config *c)
{
    struct xd_range iomem[XD_RANGES_CONFIG] = {{0}};
    uint64_t id, pages, pages_max, vcpus, online, kernel, port_max, remote;
    const char *name = xd_text_at(r->p, r->p->domain[s->domain].name);
    const struct xd_item *it = xd_form_item(r->p, s, "order");

    id = strtoul(name + 1, NULL, 10);
    c->privileged = id == 0 || xd_form_item(r->p, s, "privileged");
    c->ioports = xd_form_item(r->p, s, "ioports") != NULL;
    c->initrd_unmapped = xd_form_item(r->p, s, "initrd_unmapped") != NULL;
    c->order = it        ? (enum xd_order)xd_expr_at(r->p, it->value)->num
               : id == 0 ? XD_ORDER_DOM0
                         : XD_ORDER_DOMU;
    if (!number(r, s, "id", id, UINT32_MAX, &id) ||
        !number(r, s, "pages", XD_PAGES_DEFAULT, UINT32_MAX, &pages) ||
        !number(r, s, "pages_max", 0, UINT32_MAX, &pages_max) ||
        !number(r, s, "vcpus", 1, UINT32_MAX, &vcpus) ||
        !number(r, s, "online", 1, UINT32_MAX, &online) ||
        !number(r, s, "kernel_pages", c->kernel_pages, UINT32_MAX, &kernel) ||
        !number(r, s, "port_max", c->port_max, UINT32_MAX, &port_max) ||
        !number(r, s, "evtchn_remote", 0, UINT32_MAX, &remote) ||
        !number(r, s, "virt_base", c->virt_base, UINT64_MAX, &c->virt_base) ||
        !number(r, s, "initrd", 0, UINT64_MAX, &c->initrd_len) ||
        !number(r, s, "init_p2m", 0, UINT64_MAX, &c->init_p2m))
        return false;
    c->domid = (uint32_t)id;
    c->pages = (uint32_t)pages;
    c->pages_max = (uint32_t)pages_max;
    c->vcpus = (uint32_t)vcpus;
    c->vcpus_online = (uint32_t)online;
    c->kernel_pages = (uint32_t)kernel;
    c->port_max = (uint32_t)port_max;
    c->evtchn_remote = (uint32_t)remote;
    it = xd_form_item(r->p, s, "cmdline");
    if (it)
        c->command_line = xd_text_at(r->p, xd_expr_at(r->p, it->value)->a);
    if (!ranges(r, s, "iomem", iomem, XD_RANGES_CONFIG) ||
        !text_of(r, s, "handle", c->handle, sizeof(c->handle)))
        return false;
    for (unsigned int i = 0; i < XD_RANGES_CONFIG; i++) {
        c->iomem[i].first = iomem[i].first;
        c->iomem[i].last = iomem[i].last;
    }
    return true;
}

static bool update(struct xd_runner *r, struct xd_env *env, struct xd_vcpu *v, uint64_t table,
                   uint64_t slot, uint64_t pte)
{
    struct xd_abi_mmu_update u = {table * XD_PAGE_SIZE + slot * 8, pte};
    uint64_t at;
    int64_t rc;

    env->area_used = 0;
    at = xd_area_put(r, v, &u, sizeof(u));
    rc = xd_hypercall(v, HC_MMU_UPDATE, (uint64_t[XD_CALL_ARGS]){at, 1, 0, XD_DOMID_SELF});
    if (rc)
        xd_report_as(r, XD_UNUSABLE, "the tables of the scratch window can't be made (result %lld)",
                     (long long)rc);
    return rc == 0;
}

static bool link_tables(struct xd_runner *r, struct xd_env *env, struct xd_vcpu *v,
                        const uint64_t *parents, const uint64_t *children, uint64_t nr)
{
    for (uint64_t i = 0; i < nr; i++)
        if (!update(r, env, v, parents[i / XD_PT_SLOTS], i % XD_PT_SLOTS,
                    children[i] * XD_PAGE_SIZE | TABLE_FLAGS))
            return false;
    return true;
}

static uint64_t tables_for(uint64_t entries)
{
    return (entries + XD_PT_SLOTS - 1) / XD_PT_SLOTS;
}

static uint64_t window_tables(uint64_t scratch)
{
    return scratch ? tables_for(scratch) + tables_for(tables_for(scratch)) + 1 : 0;
}

/* A program counts the pages it may use; what the builder and the window take comes on top. */
static void add_overhead(struct xd_domain_config *c, uint64_t scratch)
{
    uint32_t total = xd_layout_pages(c, c->pages + window_tables(scratch));

    if (!total)
        total = XD_FRAMES_MAX + 1; /* xd_domain_create says what is wrong */
    if (c->pages_max)
        c->pages_max += total - c->pages;
    c->pages = total;
}

/* `total=` says how many pages there are in all; whether that is enough, xd_domain_create says. */
static bool in_all(struct xd_runner *r, const struct xd_step *s, struct xd_domain_config *c,
                   uint64_t scratch)
{
    uint64_t total;

    if (!number(r, s, "total", 0, UINT32_MAX, &total))
        return false;
    if (!total) {
        add_overhead(c, scratch);
    } else if (xd_form_item(r->p, s, "pages")) {
        xd_report_as(r, XD_UNUSABLE,
                     "pages= counts the free pages and total= all: say one of them");
        return false;
    } else {
        c->pages = (uint32_t)total;
    }
    return true;
}

/*
 * L1 tables first, then L2 and L3; linked into the L4 last, so that Xen audits them once and whole.
 */
static bool make_window(struct xd_runner *r, struct xd_env *env, struct xd_vcpu *v)
{
    uint64_t nr1 = tables_for(env->scratch), nr2 = tables_for(nr1),
             nr = window_tables(env->scratch);
    const uint64_t *l1 = env->page, *l2 = env->page + nr1, *l3 = env->page + nr1 + nr2;

    if (!link_tables(r, env, v, l2, l1, nr1) || !link_tables(r, env, v, l3, l2, nr2) ||
        !update(r, env, v, v->cr3.v, xd_pt_slot(XD_SCRATCH_VA, 4),
                *l3 * XD_PAGE_SIZE | TABLE_FLAGS))
        return false;
    env->pages -= nr;
    env->first_pfn += nr;
    memmove(env->page, env->page + nr, env->pages * sizeof(*env->page));
    return true;
}

void xd_make_domain(struct xd_runner *r, const struct xd_step *s)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    const struct xd_run_watch *watch = r->opt->watch;
    struct xd_env *env = &r->env[s->domain];
    const struct xd_run_place *place;

    if (!configure(r, s, &c) ||
        !number(r, s, "scratch", r->linked ? 0 : XD_SCRATCH_DEFAULT, XD_SCRATCH_MAX,
                &env->scratch) ||
        !in_all(r, s, &c, env->scratch))
        return;
    place = place_of(r, c.domid);
    if (r->opt->places && !place) {
        xd_report_as(r, XD_UNUSABLE, "the machine that this one is laid out as has no domain %u",
                     c.domid);
        return;
    }
    if (place)
        lay_out(r, place, &c);
    if (watch && watch->building && !watch->building(r->opt->ctx, r, &c)) {
        r->stop = true;
        return;
    }
    if (xd_domain_create(r->hv, &c, &env->d)) {
        xd_report_as(r, XD_UNUSABLE, "this domain can't be: %s", xd_hv_error(r->hv));
        env->d = NULL;
        return;
    }
    env->created = true;
    env->domid = (uint16_t)xd_domain_id(env->d);
    env->start = *xd_domain_start(env->d);
    env->first_pfn = env->start.first_free_pfn;
    env->pages = env->start.pages - env->first_pfn;
    env->page = xd_zalloc(env->pages * sizeof(*env->page));
    for (uint64_t i = 0; i < env->pages; i++)
        env->page[i] = xd_domain_mfn(env->d, env->first_pfn + i);
    env->area = env->start.padding_va;
    env->area_size = env->start.virt_end - env->start.padding_va;
    if (r->linked) {
        env->area = xd_area_aside(s->domain);
        env->area_size = XD_ASIDE_SIZE;
    }
    if (env->scratch)
        make_window(r, env, xd_vcpu_at(env->d, 0));
    env->area_used = 0;
    if (!r->has_vcpu)
        r->domain = s->domain;
    r->has_vcpu = true;
}

void xd_forget_domain(struct xd_runner *r, uint32_t index)
{
    r->env[index].d = NULL;
}

bool xd_table_of(struct xd_vcpu *v, unsigned int level, uint64_t va, uint64_t *mfn)
{
    xd_mfn table = v->cr3;

    for (unsigned int l = 4; l > level; l--) {
        uint64_t e = xd_frame_words(v->hv, table)[xd_pt_slot(va, l)];

        table = xd_pte_mfn(e);
        if (!(e & XD_PTE_P) || !xd_mfn_valid(v->hv, table))
            return false;
    }
    *mfn = table.v;
    return true;
}

static struct xd_env *env_of(struct xd_runner *r, const struct xd_domain *d)
{
    for (uint32_t i = 0; i < r->p->domains; i++)
        if (r->env[i].d == d)
            return &r->env[i];
    return NULL;
}

uint64_t xd_area_put(struct xd_runner *r, struct xd_vcpu *v, const void *data, size_t n)
{
    static const unsigned char zeros[256];
    const struct xd_run_watch *watch = r->opt->watch;
    struct xd_env *env = env_of(r, v->domain);
    uint64_t at;

    XD_ALWAYS(env);
    if (watch && watch->put)
        watch->put(r->opt->ctx, r, data, n);
    at = env->area + env->area_used;
    if (n > env->area_size || env->area_used + n > env->area_size) {
        xd_report(r, "the arguments of this step do not fit into the %llu bytes there are for them",
                  (unsigned long long)env->area_size);
        return at;
    }
    env->area_used += (n + 15) & ~(size_t)15;
    if (r->linked) { /* with a gap behind it, so that who goes too far meets nothing */
        xd_aside_put(r, at, data, n, false, false);
        env->area_used += 16;
        return at;
    }
    /* What can't be written stays as it is: the call finds the same unmapped page. */
    for (size_t done = 0, len; !data && done < n; done += len) {
        len = n - done < sizeof(zeros) ? n - done : sizeof(zeros);
        xd_copy_out(v, at + done, zeros, len);
    }
    if (data)
        xd_copy_out(v, at, data, n);
    return at;
}
