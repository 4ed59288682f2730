/* SPDX-License-Identifier: MIT */
/* oracle_source.c: the programs that are compared: files first, then generated ones, each with a seed of its own. */
#include "cli/oracle.h"

#include "fuzz/generate.h"
#include "program/bytes.h"

#include "program/forms.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLOCKS_START \
    UINT64_C(1000000000)               /* that of a double's clock; it is past on real Xen, too */
#define CLOCKS_END (UINT64_C(1) << 60) /* 36 years later */
#define NOT_ON_XEN "not on Xen: "      /* in a comment of a scenario; behind it stands why */

uint64_t xd_oracle_seed(const struct xd_oracle *o, uint64_t i)
{
    return xd_generate_seed(o->seed, i);
}

void xd_oracle_name(const struct xd_oracle *o, uint64_t index, struct xd_str *out)
{
    if (index < o->files.nr)
        xd_str_add(out, o->files.path[index]);
    else
        xd_str_addf(out, "program %" PRIu64 " (seed 0x%" PRIx64 ")", index - o->files.nr,
                    xd_oracle_seed(o, index - o->files.nr));
}

/* As a shell reads it back. */
static void add_quoted(struct xd_str *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,@%=";
    bool controls = false;

    if (*word && !word[strspn(word, plain)]) {
        xd_str_add(out, word);
        return;
    }
    for (const char *s = word; *s; s++)
        controls |= (unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f;
    xd_str_add(out, controls ? "$'" : "'");
    for (const char *s = word; *s; s++) {
        const unsigned char c = (unsigned char)*s;

        if (controls && (c < ' ' || c >= 0x7f))
            xd_str_addf(out, "\\%03o", c);
        else if (controls && (c == '\'' || c == '\\'))
            xd_str_addf(out, "\\%c", c);
        else if (c == '\'')
            xd_str_add(out, "'\\''");
        else
            xd_str_addc(out, (char)c);
    }
    xd_str_addc(out, '\'');
}

void xd_oracle_again(const struct xd_oracle *o, uint64_t index, struct xd_str *out)
{
    static const char *const options[] = {"qemu", "xen", "kernel", "runner"};

    xd_str_add(out, "xendouble oracle");
    for (size_t i = 0; i < XD_ARRAY_SIZE(options); i++)
        if (o->parts.named[i]) {
            xd_str_addf(out, " --%s ", options[i]);
            add_quoted(out, o->parts.named[i]);
        }
    if (index < o->files.nr) {
        const char *path = o->files.path[index];

        xd_str_add(out, *path == '-' && path[1] ? " -- " : " ");
        add_quoted(out, path);
        return;
    }
    for (unsigned int i = 0; xd_generate_group_name(i); i++)
        if (o->only >> i & 1)
            xd_str_addf(out, " --only %s", xd_generate_group_name(i));
    if (o->steps)
        xd_str_addf(out, " --steps %" PRIu64, o->steps);
    xd_str_addf(out, "%s --seed 0x%" PRIx64 " --programs 1", o->one_domain ? " --one-domain" : "",
                xd_oracle_seed(o, index - o->files.nr));
}

void xd_candidate_free(struct xd_candidate *c)
{
    xd_program_free(c->p);
    xd_str_free(&c->text);
    xd_str_free(&c->request);
    *c = (struct xd_candidate){0};
}

/* Both sides decode the same bytes, so both name the lines of the canonical text. */
static void encode(struct xd_candidate *c, const char *name, const struct xd_program *p)
{
    *c = (struct xd_candidate){0};
    xd_program_to_bytes(p, &c->request);
    c->p = xd_program_from_bytes(name, xd_str_text(&c->request), c->request.len);
    xd_program_print(c->p, &c->text);
}

/* (p), or if it is NULL, why there is none; both are freed. */
static bool candidate(struct xd_candidate *c, const char *name, struct xd_program *p,
                      char *complaint, struct xd_str *error)
{
    const bool ok = p != NULL;

    if (ok)
        encode(c, name, p);
    else
        xd_str_add(error, complaint);
    xd_program_free(p);
    free(complaint);
    return ok;
}

void xd_candidate_of(struct xd_candidate *c, const struct xd_program *p)
{
    encode(c, p->file, p);
}

static bool generated(struct xd_candidate *c, const struct xd_oracle *o, uint64_t index,
                      struct xd_str *error)
{
    const struct xd_generate g = {.seed = xd_oracle_seed(o, index - o->files.nr),
                                  .steps = (uint32_t)o->steps,
                                  .groups = o->only,
                                  .two_domains = !o->one_domain};
    struct xd_str name = {0}, text = {0};
    char *complaint = NULL;
    struct xd_program *p;
    bool ok;

    xd_oracle_name(o, index, &name);
    xd_generate_text(&g, &text);
    p = xd_program_parse(xd_str_text(&name), xd_str_text(&text), text.len, &complaint);
    ok = candidate(c, xd_str_text(&name), p, complaint, error);
    xd_str_free(&text);
    xd_str_free(&name);
    return ok;
}

bool xd_candidate_load(struct xd_candidate *c, const struct xd_oracle *o, uint64_t index,
                       struct xd_str *error)
{
    char *complaint = NULL;
    struct xd_program *p;

    *c = (struct xd_candidate){0};
    if (index >= o->files.nr)
        return generated(c, o, index, error);
    p = xd_load_program(o->files.path[index], &complaint);
    return candidate(c, o->files.path[index], p, complaint, error);
}

/* ---- What is left out ---- */

/* The groups that a step is about, 1 << XD_GENERATE_* each; 0: it says nothing about that. */
static uint32_t groups_of(const struct xd_program *p, const struct xd_step *s)
{
    static const struct {
        const char *call;
        uint8_t group;
    } rows[] = {{"mmu_update", XD_GENERATE_MM},
                {"mmuext_op", XD_GENERATE_MM},
                {"update_va_mapping", XD_GENERATE_MM},
                {"update_va_mapping_otherdomain", XD_GENERATE_MM},
                {"set_gdt", XD_GENERATE_DESC},
                {"update_descriptor", XD_GENERATE_DESC},
                {"memory_op", XD_GENERATE_MEMORY},
                {"event_channel_op", XD_GENERATE_EVENTS},
                {"event_channel_op_compat", XD_GENERATE_EVENTS},
                {"multicall", XD_GENERATE_MULTICALL},
                {"iret", XD_GENERATE_TRAPS}};
    uint32_t groups = 0;

    if (s->kind >= XD_STEP_REGS && s->kind <= XD_STEP_DELIVER)
        return 1u << XD_GENERATE_TRAPS;
    if ((s->kind == XD_STEP_LOAD || s->kind == XD_STEP_STORE) && xd_form_item(p, s, "deliver"))
        groups |= 1u << XD_GENERATE_TRAPS;
    if (s->kind == XD_STEP_STORE)
        groups |= 1u << XD_GENERATE_PTWR;
    if (s->kind != XD_STEP_CALL)
        return groups;
    for (size_t i = 0; s->call && i < XD_ARRAY_SIZE(rows); i++)
        if (!strcmp(s->call->name, rows[i].call))
            return 1u << rows[i].group;
    return 1u << XD_GENERATE_MISC;
}

static bool is_about(const struct xd_program *p, uint32_t groups)
{
    if (groups >> XD_GENERATE_TABLES & 1)
        groups |= 1u << XD_GENERATE_MM; /* which of the two it is, no single step tells */
    for (uint32_t i = 1; i < p->steps; i++)
        if (groups_of(p, &p->step[i]) & groups)
            return true;
    return false;
}

/* A poll's time may be what ends it only if it is past on every clock, or never comes. */
static bool ends_by_event(const struct xd_program *p, const struct xd_step *s)
{
    const struct xd_field *f =
        s->op && !strcmp(s->op->name, "poll") && s->op->fields ? s->op->fields() : NULL;

    for (xd_at i = f ? s->in : 0; i; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);
        const struct xd_expr *x = xd_expr_at(p, it->value);

        if (it->key < XD_KEY_FIELD_END && !strcmp(f[it->key].name, "timeout"))
            return x->op == XD_EX_NUM && (x->num <= CLOCKS_START || x->num >= CLOCKS_END);
    }
    return true;
}

/* Stopped by 0, it is what it is in the kernel under the program. */
static bool stops_timer(const struct xd_program *p, const struct xd_step *s)
{
    const struct xd_item *at =
        strcmp(s->call->name, "set_timer_op") == 0 ? xd_item_find(p, s->in, 0) : NULL;
    const struct xd_expr *x = at ? xd_expr_at(p, at->value) : NULL;

    return x && x->op == XD_EX_NUM && x->num == 0;
}

/* What a real machine would have to be built for, or a real vCPU would not come back from. */
static const char *unfit_step(const struct xd_program *p, const struct xd_step *s)
{
    static const char *const keys[] = {"pages",   "pages_max",    "vcpus",   "online", "port_max",
                                       "scratch", "kernel_pages", "ioports", "iomem",  "cmdline"};
    static const struct {
        const char *call, *op; /* NULL: any */
        bool refused;          /* may be asked for where it is refused */
    } rows[] = {{"set_timer_op", NULL, false},
                {"grant_table_op", NULL, false},
                {"vcpu_op", "set_periodic_timer", true},
                {"vcpu_op", "set_singleshot_timer", true}};
    bool refused = s->result && xd_expr_at(p, s->result)->op == XD_EX_ERRNO;
    const struct xd_form_key *key = s->kind == XD_STEP_DOMAIN ? xd_form_of(s->kind)->keys : NULL;
    const char *said = s->kind == XD_STEP_NOTE ? xd_text_at(p, s->note) : "";

    if (strstr(said, NOT_ON_XEN))
        return strstr(said, NOT_ON_XEN) + strlen(NOT_ON_XEN);
    for (xd_at i = s->in; key && i; i = xd_item_at(p, i)->next) {
        const char *name = key[xd_item_at(p, i)->key - XD_KEY_FORM].name;
        bool fits = false;

        for (size_t k = 0; k < XD_ARRAY_SIZE(keys); k++)
            fits |= !strcmp(name, keys[k]);
        if (!fits)
            return "not yet: the real machine's domains are not built in this way";
    }
    if (s->kind != XD_STEP_CALL)
        return NULL;
    for (uint32_t k = 0; xd_item_find(p, s->out, XD_KEY_BLOCKED) && k <= s->parts; k++)
        if (!ends_by_event(p, &s[k]))
            return "it waits for a time of the double's clock";
    for (size_t i = 0; s->call && i < XD_ARRAY_SIZE(rows); i++)
        if (!strcmp(s->call->name, rows[i].call) && !(refused && rows[i].refused) &&
            (!rows[i].op || (s->op && !strcmp(s->op->name, rows[i].op))) && !stops_timer(p, s))
            return "it takes away what the kernel under it needs, or waits";
    return NULL;
}

const char *xd_oracle_unfit(const struct xd_oracle *o, uint64_t index, const struct xd_program *p)
{
    const struct xd_item *profile, *how;

    if (!p->domains)
        return "it has no domain";
    for (uint32_t i = 1; i < p->steps; i++) {
        const char *why = index < o->files.nr ? unfit_step(p, &p->step[i]) : NULL;

        if (why)
            return why;
        switch (p->step[i].kind) {
        case XD_STEP_MACHINE:
            profile = xd_form_item(p, &p->step[i], "profile");
            if (profile && xd_expr_at(p, profile->value)->num)
                return "the real Xen is a release build";
            if (xd_form_item(p, &p->step[i], "linked"))
                return "its guests' memory lies beside the machine";
            break;
        case XD_STEP_DESTROY:
            if (strcmp(xd_text_at(p, p->domain[p->step[i].domain].name), "d0"))
                break;
            return "dom0 destroys the others, and nobody dom0";
        case XD_STEP_RESUME:
            how = xd_form_item(p, &p->step[i], "how");
            if (how && xd_expr_at(p, how->value)->num == XD_RESUME_RESTORED)
                return "a domain that is restored is another one there, in other frames";
            break;
        case XD_STEP_ADVANCE:
        case XD_STEP_INJECT:
        case XD_STEP_VIRQ:
        case XD_STEP_EVENT:
        case XD_STEP_IRQ:
        case XD_STEP_SCARCE:
        case XD_STEP_CRASH:
        case XD_STEP_POKE:
        case XD_STEP_MEMORY:
        case XD_STEP_INCOMPLETE: return "it does what only the host of a double can do";
        }
    }
    return o->only && index < o->files.nr && !is_about(p, o->only)
               ? "it is not about what --only names"
               : NULL;
}
