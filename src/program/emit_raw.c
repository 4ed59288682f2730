/* SPDX-License-Identifier: MIT */
/*
 * emit_raw.c: a call in C as it was in the run: what its step put down, byte for byte, and the call by its number and words.
 * Every call that was made has this form. A list that sleeps has no other: the variables of a call are gone when it goes on.
 */
#include "program/emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t number_at(const unsigned char *bytes, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* sc_put in the same order finds the same places. */
static void put(struct xd_emitter *em, const struct xd_emit_put *p)
{
    const unsigned int size = p->n % 8 == 0 ? 8 : p->n % 4 == 0 ? 4 : 0;

    if (!p->bytes) {
        xd_str_addf(em->out, "        (void)sc_put(&s, NULL, %zu);\n", p->n);
        return;
    }
    if (!size) {
        xd_str_add(em->out, "        (void)sc_put(&s, ");
        xd_emit_text(em->out, (const char *)p->bytes, p->n);
        xd_str_addf(em->out, ", %zu);\n", p->n);
        return;
    }
    xd_str_addf(em->out, "        (void)sc_put%u(&s, %zu, (const uint64_t[]){", size, p->n / size);
    for (size_t i = 0; i < p->n; i += size) {
        xd_str_add(em->out, i ? ", " : "");
        xd_emit_number(em->out, number_at(p->bytes + i, size), true);
    }
    xd_str_add(em->out, "});\n");
}

static void words(struct xd_emitter *em, const struct xd_encoded *enc)
{
    xd_emit_number(em->out, enc->nr, false);
    for (unsigned int i = 0; i < XD_CALL_ARGS; i++) {
        xd_str_add(em->out, ", ");
        xd_emit_number(em->out, enc->arg[i], true);
    }
}

/* The entries' outcomes, and then the call's own. */
static bool outcomes(struct xd_emitter *em, const struct xd_emit_event *e)
{
    const struct xd_step *s = &em->p->step[e->at];
    bool ok = true;

    for (uint32_t k = 1, n = 0; ok && k <= s->parts; k += 1 + s[k].parts)
        if (s[k].kind == XD_STEP_CALL) {
            struct xd_emit_call c = {.at = e->at + k, .raw = &e->enc[k]};

            snprintf(c.tag, sizeof(c.tag), "_%u", n++);
            ok = xd_emit_outcome(em, &c);
        }
    return ok && xd_emit_outcome(em, &(struct xd_emit_call){.at = e->at, .raw = &e->enc[0]});
}

bool xd_emit_raw(struct xd_emitter *em)
{
    const struct xd_emit_event *e = &em->event[em->now];
    bool ok = true;

    if (e->again) {
        xd_str_addf(em->out, "    sc_go_on(&s, &list%u, %s);\n", e->at,
                    e->sleeps ? "true" : "false");
    } else {
        xd_str_add(em->out, "    { /* as it was: its memory, and its words */\n");
        for (uint32_t i = 0; i < e->puts; i++)
            put(em, &e->put[i]);
        if (e->sleeps)
            xd_str_addf(em->out, "        sc_call_sleeps(&s, &list%u, ", e->at);
        else
            xd_str_add(em->out, "        sc_call(&s, ");
        words(em, &e->enc[0]);
        xd_str_add(em->out, ");\n    }\n");
    }
    if (e->sleeps) {
        if (!e->again && xd_item_find(em->p, em->p->step[e->at].out, XD_KEY_BLOCKED))
            xd_str_add(em->out, "    sc_blocked(&s);\n");
    } else {
        xd_str_add(em->out, "    {\n");
        ok = outcomes(em, e);
        xd_str_add(em->out, "    }\n");
    }
    if (e->again)
        xd_str_addf(em->out, "    sc_go_back(&s, &list%u);\n    %s.floor = %" PRIu64 ";\n", e->at,
                    xd_emit_domain(em, e->domain), e->floor);
    return ok;
}
