/* SPDX-License-Identifier: MIT */
/* judge.c: a program under the oracles' eyes. */
#include "fuzz/judge.h"

#include "base/strbuf.h"
#include "program/runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MULTICALL 13u
#define IRET      23u

struct hearing {
    const struct xd_judge *judge;
    struct xd_judgement *j;
    const char *said; /* of the opinion */
    bool left;        /* the list by an iret, whose RAX is no result */
};

static void calling(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                    unsigned int depth)
{
    struct hearing *h = ctx;

    if (h->said)
        return;
    if (h->judge->opinion)
        h->judge->opinion->before(h->judge->opinion->ctx, v, nr, arg, depth);
    xd_oracles_before(h->judge->oracles, v, nr, arg, depth);
}

static void count_reason(struct hearing *h, unsigned int why)
{
    if (why && h->judge->why)
        h->judge->why[why]++;
}

static void returned(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc,
                     unsigned int depth)
{
    struct hearing *h = ctx;

    h->j->calls++;
    h->left = nr == IRET || (h->left && nr == MULTICALL && depth == 0);
    h->j->refused += rc < 0 && !h->left;
    count_reason(h, xd_why(v));
    (void)xd_oracles_after(h->judge->oracles, v, nr, arg, rc,
                           depth); /* told when the step is over */
    if (h->judge->opinion && !h->said)
        h->said = h->judge->opinion->after(h->judge->opinion->ctx, v, nr, arg, rc, depth);
}

static const char *wrong(void *ctx, struct xd_hv *hv, bool over)
{
    struct hearing *h = ctx;

    if (!h->said && h->judge->opinion)
        h->said = h->judge->opinion->step(h->judge->opinion->ctx, hv);
    if (h->said)
        return h->said;
    if (!over)
        return xd_oracles_step(h->judge->oracles, hv);
    h->j->digest = h->judge->twice ? xd_digest(hv) : 0;
    return xd_oracles_end(h->judge->oracles, hv);
}

static void accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                     enum xd_access how, const struct xd_fault *f)
{
    (void)r;
    (void)s;
    (void)how;
    count_reason(ctx, f->why);
}

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    const uint8_t kind = r->p->step[at].kind;
    struct xd_domain *d = r->env[r->domain].d;

    if (kind >= XD_STEP_TRAP && kind <= XD_STEP_DELIVER && d && xd_vcpu_at(d, r->vcpu))
        count_reason(ctx, xd_why(xd_vcpu_at(d, r->vcpu)));
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct hearing *h = ctx;

    if (f->verdict != XD_BROKEN || h->j->guilty)
        return;
    h->j->guilty = true;
    h->j->step = f->at;
    h->j->line = f->line;
    h->j->complaint = xd_strdup(f->details);
}

static void hear(const struct xd_program *p, const struct xd_judge *judge,
                 struct xd_session *session, struct xd_judgement *j)
{
    static const struct xd_run_watch watch = {.accessed = accessed,
                                              .stepped = stepped,
                                              .calling = calling,
                                              .returned = returned,
                                              .wrong = wrong};
    struct hearing h = {.judge = judge, .j = j};
    const struct xd_run_options opt = {
        .keep_going = true, .watch = &watch, .session = session, .ctx = &h, .failed = failed};
    struct xd_run_result result;

    *j = (struct xd_judgement){0};
    xd_oracles_start(judge->oracles);
    if (judge->opinion)
        judge->opinion->start(judge->opinion->ctx);
    xd_program_run(p, &opt, &result);
}

const char *xd_complaint_line(const char *said)
{
    const char *bug = strstr(said, "BUG at "), *summary = strstr(said, "SUMMARY: ");

    return bug ? bug : summary ? summary : said;
}

void xd_complaint_kind(const char *said, struct xd_str *out)
{
    const char *at = xd_complaint_line(said);

    while (*at && *at != '\n') {
        if (*at < '0' || *at > '9') {
            xd_str_addc(out, *at++);
            continue;
        }
        xd_str_addc(out, '#');
        at += at[0] == '0' && at[1] == 'x' ? 2 : 0;
        at += strspn(at, "0123456789abcdef");
    }
    xd_str_addc(out, '\n');
}

#define DIGEST "digest: "

bool xd_complaint_of_digest(const char *said)
{
    return strncmp(xd_complaint_line(said), DIGEST, strlen(DIGEST)) == 0;
}

/* Runs it once more, on a machine (which); it must end as it did. */
static void hear_again(const struct xd_program *p, const struct xd_judge *judge,
                       struct xd_session *session, const char *which, struct xd_judgement *j)
{
    struct xd_judgement again;
    struct xd_str text = {0};

    hear(p, judge, session, &again);
    if (again.guilty)
        xd_str_addf(&text, DIGEST "the program ran twice, and only the second time, on a %s, %s",
                    which, again.complaint);
    else if (again.digest != j->digest)
        xd_str_addf(&text,
                    DIGEST "the program ran twice, and the machines were 0x%" PRIx64
                           " and, a %s, 0x%" PRIx64 "\n",
                    j->digest, which, again.digest);
    if (text.len) {
        j->guilty = true;
        j->complaint = xd_strdup(xd_str_text(&text));
    }
    xd_str_free(&text);
    free(again.complaint);
}

void xd_judge_program(const struct xd_program *p, const struct xd_judge *judge,
                      struct xd_judgement *j)
{
    struct xd_session *session = judge->opinion ? NULL : judge->session;

    hear(p, judge, session, j);
    if (judge->twice && session && !j->guilty)
        hear_again(p, judge, session, "machine that went back", j);
    if (judge->twice && !j->guilty)
        hear_again(p, judge, NULL, "new machine", j);
}
