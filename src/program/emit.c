/* SPDX-License-Identifier: MIT */
/*
 * emit.c: a program as a test in C: what stands around the steps.
 *
 * The program is run first. What is written is what happened then, event by event: so it is known what machine and domains
 * are made of and when a list whose vCPU slept goes on. What has no form in C of its own is written as what the run
 * showed: a call by its memory and words, a step that could do nothing by what was said of it.
 */
#include "program/emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MAX    200u /* characters of a step that are shown */
#define DETAILS_MAX 900u /* and of what is said of it */

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

static void machine(struct xd_emitter *em)
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
}

static void domain(struct xd_emitter *em, const struct xd_step *s)
{
    static const struct xd_domain_config standard = XD_DOMAIN_CONFIG_DEFAULT;
    const struct xd_domain_config *c = em->event[em->now].config;

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
                xd_emit_domain(em, s->domain), em->event[em->now].window);
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
    if (s->kind == XD_STEP_NOTE && *text && strncmp(text, "SPDX", 4) != 0) {
        xd_str_add(em->out, "    // ");
        comment(em->out, text);
        xd_str_addc(em->out, '\n');
    }
}

/* Notes and blank lines before step (to). */
static void notes(struct xd_emitter *em, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i += 1 + em->p->step[i].parts) {
        if (em->p->step[i].blank)
            xd_str_addc(em->out, '\n');
        note(em, &em->p->step[i]);
    }
    if (to < em->p->steps && em->p->step[to].blank)
        xd_str_addc(em->out, '\n');
}

/* What follows is about step (at). */
static void name_step(struct xd_emitter *em, uint32_t at)
{
    struct xd_str text = {0};

    xd_step_print(em->p, at, &text);
    xd_str_addf(em->out, "    sc_step(&s, %u, ", em->p->step[at].line);
    xd_emit_text(em->out, xd_str_text(&text), text.len < STEP_MAX ? text.len : STEP_MAX);
    xd_str_add(em->out, ");\n");
    xd_str_free(&text);
}

/* The test fails as the run did. */
static void fail(struct xd_emitter *em, const char *details)
{
    size_t n = strlen(details);

    while (n && details[n - 1] == '\n')
        n--;
    xd_str_add(em->out, "    sc_fail(&s, NULL, \"%s\", ");
    xd_emit_text(em->out, details, n < DETAILS_MAX ? n : DETAILS_MAX);
    xd_str_add(em->out, ");\n");
}

/* The event in the first form that there is for it. */
static bool event(struct xd_emitter *em)
{
    const struct xd_emit_event *e = &em->event[em->now];
    const size_t len = em->out->len;

    if (!e->again && !e->sleeps && xd_emit_step(em))
        return true;
    em->out->len = len;
    if (e->enc) {
        xd_str_clear(&em->error);
        if (xd_emit_raw(em))
            return true;
        em->out->len = len;
    }
    if (!e->failed)
        return false;
    xd_str_clear(&em->error);
    fail(em, e->failed);
    return true;
}

static bool events(struct xd_emitter *em)
{
    const struct xd_program *p = em->p;
    uint32_t from = 1;
    bool ok = true, machine_made = false;

    for (em->now = 0; em->now < em->events && ok; em->now++) {
        const struct xd_emit_event *e = &em->event[em->now];
        const struct xd_step *s = &p->step[e->at];
        const bool other = e->failed && e->failed_at != e->at;
        const bool makes =
            e->at < p->steps && (s->kind == XD_STEP_MACHINE || s->kind == XD_STEP_DOMAIN);

        if (e->at == p->steps && !e->failed) /* a list that nobody asked after never came back */
            continue;
        em->at = other ? e->failed_at : e->at;
        if (!e->again && e->at < p->steps) {
            notes(em, from, e->at);
            from = e->at + 1 + s->parts;
        }
        if (!machine_made && !(makes && s->kind == XD_STEP_MACHINE))
            machine(em);
        machine_made |= !makes || s->kind != XD_STEP_MACHINE || !e->failed;
        name_step(em, em->at);
        if (other || (makes && e->failed && !e->config))
            fail(em, e->failed);
        else if (makes && s->kind == XD_STEP_MACHINE)
            machine(em);
        else if (makes)
            domain(em, s);
        else
            ok = event(em);
    }
    if (ok && !machine_made)
        machine(em);
    if (ok && from < p->steps && p->step[from].kind == XD_STEP_NOTE)
        notes(em, from, from + 1);
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
    xd_str_add(out, em->linked ? ", .linked = true};\n" : "};\n");
    for (uint32_t i = 0; i < em->p->domains; i++)
        if (em->linked)
            xd_str_addf(out, "    struct sc_domain %s = {.aside = UINT64_C(%#" PRIx64 ")};\n",
                        xd_emit_domain(em, i), xd_area_aside(i));
        else
            xd_str_addf(out, "    struct sc_domain %s = {0};\n", xd_emit_domain(em, i));
    for (uint32_t i = 0; i < em->p->names; i++)
        xd_str_addf(out, "    uint64_t %s = 0;\n", em->name[i]);
    for (uint32_t i = 0; i < em->events; i++)
        if (em->event[i].sleeps && !em->event[i].again)
            xd_str_addf(out, "    struct sc_list list%u = {0};\n", em->event[i].at);
    xd_str_addc(out, '\n');
}

static void tail(struct xd_emitter *em, struct xd_str *out, const char *test)
{
    xd_str_addc(out, '\n');
    for (uint32_t i = 0; i < em->p->names; i++)
        xd_str_addf(out, "    (void)%s;\n", em->name[i]);
    for (uint32_t i = 0; i < em->p->domains; i++)
        xd_str_addf(out, "    sc_forget(&%s);\n", xd_emit_domain(em, i));
    for (uint32_t i = 0; i < em->events; i++)
        if (em->event[i].sleeps && !em->event[i].again)
            xd_str_addf(out, "    free(list%u.entry);\n", em->event[i].at);
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

bool xd_program_emit_c(const struct xd_program *p, const struct xd_emit_progress *end,
                       volatile struct xd_emit_progress *progress, struct xd_str *out, char **error)
{
    struct xd_str text = {0}, test = {0};
    struct xd_emitter em = {.p = p, .out = &text, .machine = XD_CONFIG_DEFAULT};
    bool ok;

    *error = NULL;
    name_all(&em);
    test_name(p->file, &test);
    ok = xd_emit_run(&em, end, progress);
    if (ok) {
        body(&em, &text, test.text);
        ok = events(&em);
        tail(&em, &text, test.text);
    }
    if (ok)
        xd_str_addn(out, text.text, text.len);
    else
        *error = xd_strdup(xd_str_text(&em.error));
    for (uint32_t i = 0; i < p->names; i++)
        free(em.name[i]);
    free(em.name);
    xd_emit_run_free(&em);
    xd_str_free(&em.error);
    xd_str_free(&text);
    xd_str_free(&test);
    return ok;
}
