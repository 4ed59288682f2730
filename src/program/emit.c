/* SPDX-License-Identifier: MIT */
/*
 * emit.c: a program as a test in C: what stands around the steps.
 *
 * The program is run first: what its machine and domains are made of is then known, and whether a list of calls
 * is cut short, for which straight C has no words.
 */
#include "program/emit.h"

#include "program/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MAX 200u /* characters of a step that are shown */

bool xd_emit_refuse(struct xd_emitter *em, const char *fmt, ...)
{
    va_list ap;

    if (em->error.len)
        return false;
    xd_str_addf(&em->error, "%s:%u: can't be written in C: ", em->p->file,
                em->p->step[em->at].line);
    va_start(ap, fmt);
    xd_str_vaddf(&em->error, fmt, ap);
    va_end(ap);
    return false;
}

void xd_emit_text(struct xd_str *out, const char *text, size_t n)
{
    xd_str_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            xd_str_addf(out, "\\%c", c);
        else if (c == '\n')
            xd_str_add(out, "\\n");
        else if (c < ' ' || c >= 0x7f || c == '?')
            xd_str_addf(out, "\\%03o", c);
        else
            xd_str_addc(out, (char)c);
    }
    xd_str_addc(out, '"');
}

/* ---- Names ---- */

/* x_NAME, of a captured one got_NAME: no name that is written otherwise, and none of C's headers, begins so. */
static void name_all(struct xd_emitter *em)
{
    em->name = xd_zalloc((em->p->names + 1) * sizeof(*em->name));
    for (uint32_t i = 0; i < em->p->names; i++) {
        const char *text = xd_text_at(em->p, em->p->name[i].name);
        struct xd_str name = {0};

        xd_str_addf(&name, *text == '$' ? "got_%s" : "x_%s", text + (*text == '$'));
        em->name[i] = name.text;
    }
}

/* The file's name without what is not of an identifier. */
static void test_name(const char *file, struct xd_str *out)
{
    const char *base = strrchr(file, '/'), *end;

    base = base ? base + 1 : file;
    end = strrchr(base, '.');
    xd_str_add(out, "test_");
    for (; *base && base != end; base++) {
        bool fine = (*base >= 'a' && *base <= 'z') || (*base >= 'A' && *base <= 'Z') ||
                    (*base >= '0' && *base <= '9');

        xd_str_addc(out, fine ? *base : '_');
    }
}

/* ---- Machine and domains ---- */

static void field(struct xd_emitter *em, const char *var, const char *name, uint64_t value,
                  uint64_t standard)
{
    if (value != standard)
        xd_str_addf(em->out,
                    value > 0xffff ? "        %s.%s = UINT64_C(%#" PRIx64 ");\n"
                                   : "        %s.%s = %" PRIu64 ";\n",
                    var, name, value);
}

static void text_field(struct xd_emitter *em, const char *var, const char *name, const char *value,
                       const char *standard)
{
    if (!strcmp(value, standard))
        return;
    xd_str_addf(em->out, "        strcpy(%s.%s, ", var, name);
    xd_emit_text(em->out, value, strlen(value));
    xd_str_add(em->out, ");\n");
}

static bool machine(struct xd_emitter *em)
{
    static const struct xd_config standard = XD_CONFIG_DEFAULT;
    const struct xd_config *c = &em->machine;

    xd_str_add(em->out, "    {\n        struct xd_config m = XD_CONFIG_DEFAULT;\n\n");
    field(em, "m", "frames", c->frames, standard.frames);
    field(em, "m", "domains_max", c->domains_max, standard.domains_max);
    field(em, "m", "seed", c->seed, standard.seed);
    field(em, "m", "cpu_khz", c->cpu_khz, standard.cpu_khz);
    field(em, "m", "boot_ns", c->boot_ns, standard.boot_ns);
    field(em, "m", "profile", c->profile, standard.profile);
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(c->mmio_ro); i++) {
        char name[32];

        snprintf(name, sizeof(name), "mmio_ro[%u].first", i);
        field(em, "m", name, c->mmio_ro[i].first, 0);
        snprintf(name, sizeof(name), "mmio_ro[%u].last", i);
        field(em, "m", name, c->mmio_ro[i].last, 0);
    }
    text_field(em, "m", "extraversion", c->extraversion, standard.extraversion);
    text_field(em, "m", "command_line", c->command_line, standard.command_line);
    xd_str_add(em->out, "        sc_machine(&s, &m);\n    }\n");
    return true;
}

static bool domain(struct xd_emitter *em, const struct xd_step *s)
{
    static const struct xd_domain_config standard = XD_DOMAIN_CONFIG_DEFAULT;
    const struct xd_domain_config *c = NULL;
    uint64_t window = 0;

    for (uint32_t i = 0; i < em->mades; i++)
        if (em->made[i].at == em->at) {
            c = &em->made[i].config;
            window = em->made[i].window;
        }
    if (!c)
        return xd_emit_refuse(em, "the run of the scenario did not come so far");
    xd_str_add(em->out, "    {\n        struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;\n\n");
    field(em, "c", "domid", c->domid, standard.domid);
    field(em, "c", "pages", c->pages, standard.pages);
    field(em, "c", "pages_max", c->pages_max, standard.pages_max);
    field(em, "c", "vcpus", c->vcpus, standard.vcpus);
    field(em, "c", "vcpus_online", c->vcpus_online, standard.vcpus_online);
    field(em, "c", "privileged", c->privileged, standard.privileged);
    field(em, "c", "ioports", c->ioports, standard.ioports);
    if (c->order != standard.order)
        xd_str_add(em->out, "        c.order = XD_ORDER_DOM0;\n");
    field(em, "c", "virt_base", c->virt_base, standard.virt_base);
    field(em, "c", "kernel_pages", c->kernel_pages, standard.kernel_pages);
    field(em, "c", "initrd_len", c->initrd_len, standard.initrd_len);
    field(em, "c", "initrd_unmapped", c->initrd_unmapped, standard.initrd_unmapped);
    field(em, "c", "init_p2m", c->init_p2m, standard.init_p2m);
    field(em, "c", "port_max", c->port_max, standard.port_max);
    field(em, "c", "evtchn_remote", c->evtchn_remote, standard.evtchn_remote);
    for (unsigned int i = 0; i < XD_RANGES_CONFIG; i++) {
        char name[32];

        snprintf(name, sizeof(name), "iomem[%u].first", i);
        field(em, "c", name, c->iomem[i].first, 0);
        snprintf(name, sizeof(name), "iomem[%u].last", i);
        field(em, "c", name, c->iomem[i].last, 0);
    }
    if (c->command_line) {
        xd_str_add(em->out, "        c.command_line = ");
        xd_emit_text(em->out, c->command_line, strlen(c->command_line));
        xd_str_add(em->out, ";\n");
    }
    for (unsigned int i = 0; i < sizeof(c->handle); i++) {
        char name[32];

        snprintf(name, sizeof(name), "handle[%u]", i);
        field(em, "c", name, c->handle[i], 0);
    }
    xd_str_addf(em->out, "        sc_domain(&s, &%s, &c, %" PRIu64 ");\n    }\n",
                xd_emit_domain(em, s->domain), window);
    return true;
}

/* ---- The whole ---- */

/* Text within a comment, which it neither ends nor, by a backslash (or ??/) at its end, makes go on. */
static void comment(struct xd_str *out, const char *text)
{
    char before = '\0', last = '\0'; /* that is no blank */

    for (; *text; before = *text++) {
        last = (unsigned char)*text > ' ' ? *text : last;
        if ((before == '*' && *text == '/') || (before == '/' && *text == '*'))
            xd_str_addc(out, ' ');
        xd_str_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
    }
    if (last == '\\' || last == '/')
        xd_str_addc(out, '.');
}

static void note(struct xd_emitter *em, const struct xd_step *s)
{
    const char *text = xd_text_at(em->p, s->note);

    text += strspn(text, "# ");
    if (*text && strncmp(text, "SPDX", 4) != 0) {
        xd_str_add(em->out, "    // ");
        comment(em->out, text);
        xd_str_addc(em->out, '\n');
    }
}

static bool steps(struct xd_emitter *em, uint32_t last)
{
    const struct xd_program *p = em->p;
    bool ok = true, machine_made = false;

    for (uint32_t i = 1; i < p->steps && i <= last && ok; i += 1 + p->step[i].parts) {
        struct xd_str text = {0};

        em->at = i;
        if (p->step[i].blank)
            xd_str_addc(em->out, '\n');
        if (p->step[i].kind == XD_STEP_NOTE) {
            note(em, &p->step[i]);
            continue;
        }
        if (!machine_made && p->step[i].kind != XD_STEP_MACHINE)
            (void)machine(em);
        machine_made = true;
        xd_step_print(p, i, &text);
        xd_str_addf(em->out, "    sc_step(&s, %u, ", p->step[i].line);
        xd_emit_text(em->out, xd_str_text(&text), text.len < STEP_MAX ? text.len : STEP_MAX);
        xd_str_add(em->out, ");\n");
        xd_str_free(&text);
        if (i == em->suspended)
            ok = xd_emit_refuse(em,
                                "its list is cut short, since the vCPU sleeps, and goes on later");
        ok = ok && (p->step[i].kind == XD_STEP_MACHINE  ? machine(em)
                    : p->step[i].kind == XD_STEP_DOMAIN ? domain(em, &p->step[i])
                                                        : xd_emit_step(em));
    }
    return ok;
}

static void body(struct xd_emitter *em, struct xd_str *out, const char *test)
{
    xd_str_add(out, "/*\n * Written by `xendouble emit-c` from ");
    comment(out, em->p->file);
    xd_str_addf(out,
                ".\n *\n"
                " *     cc %s.c $(pkg-config --cflags --libs xendouble check)\n */\n"
                "#include <xendouble/scenario.h>\n\nstatic uint64_t scenario(void)\n{\n"
                "    struct sc s = {.file = ",
                test);
    xd_emit_text(out, em->p->file, strlen(em->p->file));
    xd_str_add(out, "};\n");
    for (uint32_t i = 0; i < em->p->domains; i++)
        xd_str_addf(out, "    struct sc_domain %s = {0};\n", xd_emit_domain(em, i));
    for (uint32_t i = 0; i < em->p->names; i++)
        xd_str_addf(out, "    uint64_t %s = 0;\n", em->name[i]);
    xd_str_addc(out, '\n');
}

static void tail(struct xd_emitter *em, struct xd_str *out, const char *test)
{
    xd_str_addc(out, '\n');
    for (uint32_t i = 0; i < em->p->names; i++)
        xd_str_addf(out, "    (void)%s;\n", em->name[i]);
    for (uint32_t i = 0; i < em->p->domains; i++)
        xd_str_addf(out, "    sc_forget(&%s);\n", xd_emit_domain(em, i));
    xd_str_addf(out, "    sc_end(&s);\n    return s.digest;\n}\n\nSTART_TEST(%s)\n{\n    sc_twice(",
                test);
    xd_emit_text(out, em->p->file, strlen(em->p->file));
    xd_str_addf(out,
                ", scenario);\n}\nEND_TEST\n\nint main(void)\n{\n"
                "    Suite *suite = suite_create(\"%s\");\n"
                "    TCase *tcase = tcase_create(\"scenario\");\n"
                "    SRunner *runner = srunner_create(suite);\n    int failed;\n\n"
                "    tcase_set_timeout(tcase, 600);\n"
                "    tcase_add_test(tcase, %s);\n    suite_add_tcase(suite, tcase);\n"
                "    srunner_run_all(runner, CK_NORMAL);\n"
                "    failed = srunner_ntests_failed(runner);\n    srunner_free(runner);\n"
                "    return failed ? 1 : 0;\n}\n",
                test, test);
}

static void called(void *ctx, const struct xd_runner *r, const struct xd_made *m, int64_t rc)
{
    (void)ctx, (void)r, (void)m, (void)rc;
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    (void)ctx, (void)r, (void)s, (void)how, (void)f;
}

/* The first step from (at) on that does something. */
static uint32_t next_step(const struct xd_program *p, uint32_t at)
{
    while (at < p->steps && p->step[at].kind == XD_STEP_NOTE)
        at++;
    return at;
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct xd_emitter *em = ctx;
    const struct xd_step *s = &r->p->step[at];

    *em->runs = next_step(r->p, at + 1 + s->parts);
    if (r->hv) {
        em->machine = r->hv->config;
        em->ran = true;
    }
    if (s->kind == XD_STEP_CALL && r->unfinished && r->unfinished->step == at && !em->suspended)
        em->suspended = at;
    if (s->kind != XD_STEP_DOMAIN || !r->env[s->domain].d)
        return;
    for (const struct xd_asked_domain *a = r->hv->host->asked; a; a = a->next)
        if (a->d == r->env[s->domain].d) {
            em->made = xd_realloc(em->made, (em->mades + 1) * sizeof(*em->made));
            em->made[em->mades].config = a->config;
            em->made[em->mades].config.command_line =
                a->config.command_line ? xd_strdup(a->config.command_line) : NULL;
            em->made[em->mades].window = r->env[s->domain].scratch;
            em->made[em->mades++].at = at;
        }
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct xd_emitter *em = ctx;

    if (f->verdict == XD_UNUSABLE && !em->error.len)
        xd_str_addf(&em->error, "%s:%u: it can't be run: %s", em->p->file, f->line, f->details);
}

static void run(struct xd_emitter *em, uint32_t end)
{
    struct xd_program part = *em->p; /* its beginning */
    static const struct xd_run_watch watch = {
        .called = called, .accessed = accessed, .stepped = stepped};
    const struct xd_run_options opt = {
        .keep_going = true, .watch = &watch, .ctx = em, .failed = failed};
    struct xd_run_result result;

    if (end < part.steps)
        part.steps = end;
    *em->runs = next_step(em->p, 1);
    xd_program_run(&part, &opt, &result);
}

bool xd_program_emit_c(const struct xd_program *p, uint32_t last, volatile uint32_t *runs,
                       struct xd_str *out, char **error)
{
    struct xd_str text = {0}, test = {0};
    struct xd_emitter em = {.p = p, .out = &text, .runs = runs};
    bool ok;

    *error = NULL;
    name_all(&em);
    run(&em, last);
    test_name(p->file, &test);
    ok = !em.error.len;
    if (ok && !em.ran) {
        xd_str_addf(&em.error, "%s: it makes no machine", p->file);
        ok = false;
    }
    if (ok) {
        body(&em, &text, test.text);
        ok = steps(&em, last);
        tail(&em, &text, test.text);
    }
    if (ok)
        xd_str_addn(out, text.text, text.len);
    else
        *error = xd_strdup(xd_str_text(&em.error));
    for (uint32_t i = 0; i < p->names; i++)
        free(em.name[i]);
    free(em.name);
    for (uint32_t i = 0; i < em.mades; i++)
        free((char *)(uintptr_t)em.made[i].config.command_line);
    free(em.made);
    xd_str_free(&em.error);
    xd_str_free(&text);
    xd_str_free(&test);
    return ok;
}
