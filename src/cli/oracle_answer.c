/* SPDX-License-Identifier: MIT */
/*
 * oracle_answer.c: reads what the other side says of a program.
 *
 *   place DOMAIN KERNEL-PAGES MACHINE-FRAMES FRAME...   one for each domain, and one for "free" frames
 *   (steps as oracle/witness.h has them: lines that begin with a digit or a blank)
 *   end | died | unfit WHY | hung WHY | failed WHY
 *   | MESSAGE                                           behind died
 *   booted WHY | rebuilt WHY                            if it boots Xen again, or builds a domain again
 *
 * Nothing in it is trusted: a place that no machine has is an error here, not in the double.
 */
#include "cli/oracle.h"

#include <stdlib.h>
#include <string.h>

static bool wrong(struct xd_str *why, const char *what, const char *line, size_t n)
{
    xd_str_addf(why, "the other side does not answer as it should: %s: \"%.*s\"", what,
                n > 80 ? 80 : (int)n, line);
    return false;
}

/* Does the line begin with (word), alone or before a blank? (*rest) is what follows. */
static bool begins(const char *line, size_t n, const char *word, const char **rest)
{
    size_t len = strlen(word);

    if (n < len || memcmp(line, word, len) || (n > len && line[len] != ' '))
        return false;
    *rest = line + (n > len ? len + 1 : len);
    return true;
}

/* A number of the line, and the blank behind it. */
static bool number(const char **at, const char *end, int base, uint64_t max, uint64_t *value)
{
    const char *s = *at;
    char *stop;

    if (s == end || *s == ' ' || *s == '-' || *s == '+')
        return false;
    *value = strtoull(s, &stop, base);
    if (stop == s || stop > end || (stop < end && *stop != ' ') || *value > max)
        return false;
    *at = stop < end ? stop + 1 : stop;
    return true;
}

static bool place(struct xd_answer *a, const char *s, const char *end)
{
    struct xd_place *p = &a->place[a->places];
    const char *blank = memchr(s, ' ', (size_t)(end - s));
    uint64_t kernel, machine, frame, cap = 0;

    if (a->places == XD_ORACLE_PLACES || !blank || blank == s ||
        (size_t)(blank - s) >= sizeof(p->name))
        return false;
    *p = (struct xd_place){0};
    memcpy(p->name, s, (size_t)(blank - s));
    if (p->name[0] != 'd' && strcmp(p->name, "free"))
        return false;
    s = blank + 1;
    if (!number(&s, end, 10, XD_FRAMES_MAX, &kernel) ||
        !number(&s, end, 10, XD_FRAMES_MAX, &machine))
        return false;
    p->kernel_pages = (uint32_t)kernel;
    p->machine_frames = (uint32_t)machine;
    a->places++; /* from here on it is freed with the answer */
    while (s < end) {
        if (!number(&s, end, 16, machine - 1, &frame))
            return false;
        if (p->nr == cap)
            p->frame = xd_realloc(p->frame, (cap = cap ? 2 * cap : 4096) * sizeof(*p->frame));
        p->frame[p->nr++] = frame;
    }
    return p->nr >= 2 && machine >= XD_FRAMES_MIN && (kernel > 0) == (p->name[0] == 'd') &&
           machine == a->place[0].machine_frames;
}

enum part { PLACES, STEPS, MESSAGES, OVER };

static bool verdict(struct xd_answer *a, const char *line, size_t n)
{
    const char *rest;

    if (begins(line, n, "end", &rest))
        a->kind = XD_ANSWER_END;
    else if (begins(line, n, "died", &rest))
        a->kind = XD_ANSWER_DIED;
    else if (begins(line, n, "unfit", &rest))
        a->kind = XD_ANSWER_UNFIT;
    else if (begins(line, n, "hung", &rest))
        a->kind = XD_ANSWER_HUNG;
    else if (begins(line, n, "failed", &rest))
        a->kind = XD_ANSWER_FAILED;
    else
        return false;
    xd_str_addn(&a->why, rest, n - (size_t)(rest - line));
    return true;
}

static bool read_line(struct xd_answer *a, enum part *part, const char *line, size_t n,
                      struct xd_str *why)
{
    const char *rest;

    if (*part == PLACES && begins(line, n, "place", &rest))
        return place(a, rest, line + n) || wrong(why, "no machine is laid out like this", line, n);
    if (*part <= STEPS && n && ((*line >= '0' && *line <= '9') || (*line == ' ' && a->steps.len))) {
        *part = STEPS;
        xd_str_addn(&a->steps, line, n + 1);
        return true;
    }
    if (*part <= STEPS && verdict(a, line, n)) {
        *part = MESSAGES;
        return true;
    }
    if (*part == MESSAGES && n && *line == '|') {
        xd_str_addn(&a->messages, line, n + 1);
        return true;
    }
    if (*part == MESSAGES &&
        (begins(line, n, "booted", &rest) || begins(line, n, "rebuilt", &rest))) {
        a->booted = *line == 'b';
        a->rebuilt = !a->booted;
        xd_str_addn(&a->renewal, rest, n - (size_t)(rest - line));
        *part = OVER;
        return true;
    }
    if (*part == MESSAGES && a->kind == XD_ANSWER_UNFIT) { /* a reason of several lines */
        xd_str_addf(&a->why, "%s%.*s", n ? "; " : "", (int)n, line);
        return true;
    }
    return wrong(why, "this line has no place there", line, n);
}

bool xd_answer_parse(struct xd_answer *a, const char *text, size_t n, struct xd_str *why)
{
    enum part part = PLACES;

    for (const char *line = text, *end; line < text + n; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + n - line));
        if (!end)
            return wrong(why, "its last line does not end", line, (size_t)(text + n - line));
        if (memchr(line, '\0', (size_t)(end - line)))
            return wrong(why, "there is a zero byte in a line", line, (size_t)(end - line));
        if (!read_line(a, &part, line, (size_t)(end - line), why))
            return false;
    }
    if (part < MESSAGES)
        return wrong(why, "it does not say how the program ended", "", 0);
    if (!a->places && (a->kind == XD_ANSWER_END || a->kind == XD_ANSWER_DIED))
        return wrong(why, "it does not say how the machine is laid out", "", 0);
    return true;
}

bool xd_answer_same_places(const struct xd_answer *a, const struct xd_answer *b)
{
    if (a->places != b->places)
        return false;
    for (uint32_t i = 0; i < a->places; i++) {
        const struct xd_place *p = &a->place[i], *q = &b->place[i];

        if (strcmp(p->name, q->name) || p->kernel_pages != q->kernel_pages ||
            p->machine_frames != q->machine_frames || p->nr != q->nr ||
            memcmp(p->frame, q->frame, p->nr * sizeof(*p->frame)))
            return false;
    }
    return true;
}

void xd_answer_free(struct xd_answer *a)
{
    for (uint32_t i = 0; i < a->places; i++)
        free(a->place[i].frame);
    xd_str_free(&a->steps);
    xd_str_free(&a->why);
    xd_str_free(&a->messages);
    xd_str_free(&a->renewal);
    *a = (struct xd_answer){0};
}
