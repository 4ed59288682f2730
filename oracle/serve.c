/* SPDX-License-Identifier: MIT */
/*
 * serve.c: the process that runs programs on the real hypervisor: the other half of `xendouble oracle`.
 *
 *   xendouble-oracle QEMU XEN KERNEL
 *
 * A request on stdin is a length (4 bytes, little-endian) and a program in byte form; its answer on stdout is a length and a text:
 * lines "place ..." (by which a double can be laid out alike), what witness.h says, and last "end", "died" with Xen's own
 * last words, "unfit" with the reason, "hung": no answer came, or "failed": Xen can't be booted. A line "booted" or "rebuilt" behind it says why
 * the machine had to be set up anew for this program.
 */
#include "enter.h"
#include "real.h"
#include "witness.h"

#include "program/bytes.h"
#include "program/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINES     12u
#define ON_XEN        "on Xen: " /* in a comment: what the machine must be like */
#define ONE_PROCESSOR "one processor"
#define VCPUS_BUILT   64u /* of a domain that dom0 builds; those that are not online run nothing */

struct run {
    struct xd_witness *w; /* first: the witness finds itself here */
    struct xd_str unfit;
};

static void failed(void *ctx, const struct xd_failure *f)
{
    struct run *run = ctx;

    if (f->verdict == XD_UNUSABLE && !run->unfit.len)
        xd_str_addf(&run->unfit, "line %u: %s", f->line, f->details);
}

static void tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

static bool get(void *to, size_t n)
{
    char *at = to;

    while (n) {
        ssize_t got = read(STDIN_FILENO, at, n);

        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        at += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool put(const void *from, size_t n)
{
    const char *at = from;

    while (n) {
        ssize_t done = write(STDOUT_FILENO, at, n);

        if (done < 0 && errno != EINTR)
            return false;
        at += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static bool answer(const struct xd_str *text)
{
    const unsigned char len[4] = {(unsigned char)text->len, (unsigned char)(text->len >> 8),
                                  (unsigned char)(text->len >> 16),
                                  (unsigned char)(text->len >> 24)};

    return put(len, sizeof(len)) && put(xd_str_text(text), text->len);
}

static struct xd_program *request(void)
{
    struct xd_program *p;
    unsigned char len[4];
    char *bytes;
    size_t n;

    if (!get(len, sizeof(len)))
        return NULL;
    n = len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 | (size_t)len[3] << 24;
    bytes = xd_zalloc(n + 1);
    p = get(bytes, n) ? xd_program_from_bytes("program", bytes, n) : NULL;
    free(bytes);
    return p;
}

/* The last lines of what Xen wrote. */
static void last_words(struct xd_str *out)
{
    char *log = xd_xen_log(&xd_real_machine.xen), *from = log + strlen(log);
    unsigned int lines = 0;

    while (from > log && lines < LOG_LINES)
        if (*--from == '\n')
            lines++;
    for (char *line = strtok(from, "\r\n"); line; line = strtok(NULL, "\r\n"))
        xd_str_addf(out, "| %s\n", line);
    free(log);
}

static void run_one(struct run *run, const struct xd_program *p, struct xd_str *out)
{
    const struct xd_run_options opt = {
        .keep_going = true, .watch = &xd_witness_watch, .ctx = run, .failed = failed, .tell = tell};
    struct xd_run_result result;

    xd_real_print_place(out);
    xd_enter_expect(p);
    run->w = xd_witness_new(out);
    xd_program_run(p, &opt, &result);
    xd_witness_free(run->w);
    if (run->unfit.len)
        xd_str_addf(out, "unfit %s", xd_str_text(&run->unfit));
    else if (xd_real_unfit())
        xd_str_addf(out, "unfit %s\n", xd_real_unfit());
    else if (xd_enter_unfit())
        xd_str_addf(out, "unfit %s\n", xd_enter_unfit());
    else if (xd_real_hung())
        xd_str_add(
            out,
            "hung a domain gives no answer, or a trap for one, and nobody says that it ended\n");
    else if (xd_real_died())
        xd_str_add(out, "died\n"), last_words(out);
    else
        xd_str_add(out, "end\n");
    xd_str_clear(&run->unfit);
}

static void number(const struct xd_program *p, const struct xd_step *s, const char *key,
                   uint32_t *value)
{
    const struct xd_item *it = xd_form_item(p, s, key);

    if (it && xd_expr_at(p, it->value)->op == XD_EX_NUM)
        *value = (uint32_t)xd_expr_at(p, it->value)->num;
}

/* Rights to I/O, and the command line, which lives as long as (p). False: more ranges than one may have, or not known before. */
static bool rights(const struct xd_program *p, const struct xd_step *s, struct xd_domain_config *c)
{
    const struct xd_form_key *keys = xd_form_of((enum xd_step_kind)s->kind)->keys;
    const struct xd_item *text = xd_form_item(p, s, "cmdline");
    unsigned int nr = 0;

    c->ioports = xd_form_item(p, s, "ioports") != NULL;
    if (text)
        c->command_line = xd_text_at(p, xd_expr_at(p, text->value)->a);
    for (xd_at i = s->in; i; i = xd_item_at(p, i)->next) {
        const struct xd_item *it = xd_item_at(p, i);
        const struct xd_expr *x = xd_expr_at(p, it->value), *first, *last;

        if (strcmp(keys[it->key - XD_KEY_FORM].name, "iomem"))
            continue;
        first = xd_expr_at(p, x->a);
        last = xd_expr_at(p, x->b);
        if (nr == XD_RANGES_CONFIG || first->op != XD_EX_NUM || last->op != XD_EX_NUM)
            return false;
        c->iomem[nr].first = first->num;
        c->iomem[nr++].last = last->num;
    }
    return true;
}

#define HAS \
    "the real machine has d0 with up to 4 vCPUs, d1 to d3 with up to 64, of which 4 may be online"

_Static_assert(XD_XEN_DOMAINS == 4 && VCPUS_BUILT == 64 && XD_MAIL_VCPUS == 4, "as HAS says");

/* The domains that (p) declares, by domid. NULL, or why the machine has no such. */
static const char *wanted(const struct xd_program *p, struct xd_domain_config *c,
                          const struct xd_domain_config **want)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];
        unsigned long domid;

        if (s->kind != XD_STEP_DOMAIN)
            continue;
        domid = strtoul(xd_text_at(p, p->domain[s->domain].name) + 1, NULL, 10);
        if (domid >= XD_XEN_DOMAINS)
            return HAS;
        c[domid] = (struct xd_domain_config)XD_DOMAIN_CONFIG_DEFAULT;
        number(p, s, "port_max", &c[domid].port_max);
        number(p, s, "vcpus", &c[domid].vcpus);
        c[domid].pages = XD_PAGES_DEFAULT;
        number(p, s, "pages", &c[domid].pages);
        c[domid].pages_max = c[domid].pages;
        number(p, s, "pages_max", &c[domid].pages_max);
        number(p, s, "online", &c[domid].vcpus_online);
        if (c[domid].vcpus > (domid ? VCPUS_BUILT : XD_MAIL_VCPUS) ||
            c[domid].vcpus_online > c[domid].vcpus || c[domid].vcpus_online > XD_MAIL_VCPUS)
            return HAS;
        if (!rights(p, s, &c[domid]))
            return "its I/O frames are not said by two numbers";
        if (c[domid].pages_max < c[domid].pages)
            return "a domain can't have more pages than pages_max allows";
        want[domid] = &c[domid];
    }
    return NULL;
}

/* What notes ask of the machine: "on Xen: one processor". NULL, or why it can't be had. */
static const char *asked(const struct xd_program *p,
                         const struct xd_domain_config *const want[XD_XEN_DOMAINS], bool *one)
{
    bool two = false;

    *one = false;
    for (unsigned int nr = 0; nr < XD_XEN_DOMAINS; nr++)
        two = two || (want[nr] && want[nr]->vcpus_online > 1);
    for (uint32_t i = 1; i < p->steps; i++) {
        const char *note = p->step[i].kind == XD_STEP_NOTE ? xd_text_at(p, p->step[i].note) : "";
        const char *said = note + strspn(note, "# ");

        if (strncmp(said, ON_XEN, strlen(ON_XEN)) != 0)
            continue;
        if (strcmp(said + strlen(ON_XEN), ONE_PROCESSOR))
            return "it asks for a machine that the oracle does not know: there is \"" ON_XEN
                ONE_PROCESSOR "\"";
        *one = true;
    }
    return *one && two ? "one processor is for domains with one vCPU that is online each" : NULL;
}

/* False: no more can be run. */
static bool serve(struct run *run, const struct xd_program *p, struct xd_str *out)
{
    struct xd_machine *m = &xd_real_machine;
    struct xd_domain_config c[XD_XEN_DOMAINS];
    const struct xd_domain_config *want[XD_XEN_DOMAINS] = {NULL};
    uint64_t boots = m->boots, rebuilds = m->rebuilds;
    bool one;
    const char *why = wanted(p, c, want);

    if (!why)
        why = asked(p, want, &one);
    if (why) {
        xd_str_addf(out, "unfit %s\n", why);
        return true;
    }
    if (!xd_machine_ready(m, want, one)) {
        xd_str_addf(out, "failed %s\n", m->xen.error);
        return false;
    }
    run_one(run, p, out);
    if (m->boots > boots && boots)
        xd_str_addf(out, "booted %s\n", m->reason);
    else if (m->rebuilds > rebuilds)
        xd_str_addf(out, "rebuilt %s\n", m->reason);
    return true;
}

int main(int argc, char **argv)
{
    struct xd_machine *m = &xd_real_machine;
    struct xd_str out = {0};
    struct run run = {0};
    struct xd_program *p;
    bool alive = true;

    if (argc != 4) {
        fputs("usage: xendouble-oracle QEMU XEN KERNEL\n", stderr);
        return XD_UNUSABLE;
    }
    m->config.qemu = argv[1];
    m->config.xen = argv[2];
    m->config.kernel = argv[3];
    m->config.ended = xd_toolstack_ended;
    m->config.waits = xd_toolstack_waits;
    while (alive && (p = request()) != NULL) {
        xd_str_clear(&out);
        alive = serve(&run, p, &out);
        alive = answer(&out) && alive;
        if (alive) /* while the double still runs */
            xd_machine_settle(m);
        xd_program_free(p);
    }
    xd_machine_end(m);
    xd_str_free(&out);
    xd_str_free(&run.unfit);
    return alive ? XD_PASSED : XD_UNUSABLE;
}
