/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dispatch.c: a program in byte form is run; after every step the machine must be sound.
 *
 * Whatever a guest can do a program can say: stores to memory that then is a page table, a request
 * array (reqs=, ops=) or a list of calls (calls=), hypercalls by number with any registers.
 */
#include "target.h"

#include "program/bytes.h"
#include "program/edit.h"
#include "program/run.h"

const bool fuzz_takes_bytes = true;

/* What a program may cost; more is no other test, only a slower one. */
#define FRAMES_MAX  8192u
#define PAGES_MAX   1024u
#define DOMAINS_MAX 4u

static void on_failed(void *ctx, const struct xd_failure *f)
{
    if (f->verdict == XD_BROKEN)
        fuzz_wrong(ctx, "line %u: %s\n%s", f->line, f->step, f->details);
}

static void on_tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

/* Is the value of (key) said to be at most (max), or not at all? */
static bool small(const struct xd_program *p, const struct xd_step *s, const char *key,
                  uint64_t max)
{
    const struct xd_item *it = xd_form_item(p, s, key);
    const struct xd_expr *x = it ? xd_expr_at(p, it->value) : NULL;

    return !x || (x->op == XD_EX_NUM && x->num <= max);
}

static bool affordable(const struct xd_program *p)
{
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        if (s->kind == XD_STEP_MACHINE && !small(p, s, "frames", FRAMES_MAX))
            return false;
        if (s->kind == XD_STEP_DOMAIN &&
            (!small(p, s, "pages", PAGES_MAX) || !small(p, s, "scratch", PAGES_MAX) ||
             !small(p, s, "kernel_pages", PAGES_MAX) || !small(p, s, "initrd", PAGES_MAX * 4096u)))
            return false;
    }
    return p->domains <= DOMAINS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xd_program *p = xd_program_from_bytes("f", data, size);
    const struct xd_run_options opt = {
        .audit = true, .keep_going = true, .ctx = p, .failed = on_failed, .tell = on_tell};
    struct xd_run_result result;

    if (affordable(p)) {
        xd_program_drop_checks(p);
        xd_program_run(p, &opt, &result);
    }
    xd_program_free(p);
    return 0;
}
