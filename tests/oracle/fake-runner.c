/* SPDX-License-Identifier: MIT */
/*
 * fake-runner.c: stands where xendouble-oracle does, without QEMU: "Xen" is the double too.
 *
 * So the two sides agree, until FAKE_ORACLE makes this one answer otherwise: rows in behave(). Each depends on the program
 * alone, as a real difference does, so that shrinking has something to hold on to.
 */
#include "cli/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAINS      2u
#define FRAMES       8192u
#define KERNEL_PAGES 8u
#define PAGES        1024u /* of each domain */

static bool get(void *to, size_t n)
{
    return fread(to, 1, n, stdin) == n;
}

static void put(const char *text, size_t n)
{
    const unsigned char head[4] = {(unsigned char)n, (unsigned char)(n >> 8),
                                   (unsigned char)(n >> 16), (unsigned char)(n >> 24)};

    fwrite(head, 1, sizeof(head), stdout);
    fwrite(text, 1, n, stdout);
    fflush(stdout);
}

static struct xd_program *request(char **text)
{
    unsigned char head[4];
    char *complaint = NULL;
    struct xd_program *p;
    size_t n;

    if (!get(head, sizeof(head)))
        return NULL;
    n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    *text = xd_zalloc(n + 1);
    p = get(*text, n) ? xd_program_parse("program", *text, n, &complaint) : NULL;
    if (complaint)
        fputs(complaint, stderr);
    free(complaint);
    return p;
}

/* No machine has its frames in this order by itself. */
static void lay_out(struct xd_answer *where, uint32_t domains)
{
    static const char *const name[DOMAINS] = {"d0", "d1"};

    *where = (struct xd_answer){.places = domains};
    for (uint32_t i = 0; i < domains; i++) {
        struct xd_place *place = &where->place[i];

        *place = (struct xd_place){
            .kernel_pages = KERNEL_PAGES, .machine_frames = FRAMES, .nr = PAGES + 1};
        memcpy(place->name, name[i], 3);
        place->frame = xd_realloc(NULL, place->nr * sizeof(*place->frame));
        for (uint64_t k = 0; k < place->nr; k++)
            place->frame[k] = 2048 + i * 2048 + (k * 7) % 2048;
    }
}

static void say_places(const struct xd_answer *where, struct xd_str *out)
{
    for (uint32_t i = 0; i < where->places; i++) {
        const struct xd_place *p = &where->place[i];

        xd_str_addf(out, "place %s %u %u", p->name, p->kernel_pages, p->machine_frames);
        for (uint64_t k = 0; k < p->nr; k++)
            xd_str_addf(out, " %llx", (unsigned long long)p->frame[k]);
        xd_str_addc(out, '\n');
    }
}

/* Behind the first step whose text has (word) in it, or NULL. */
static const char *step_with(const char *steps, const char *word)
{
    for (const char *line = steps, *end; *line; line = end + 1) {
        const char *at = strstr(line, word);

        end = strchr(line, '\n');
        if (!end || !at)
            return NULL;
        if (*line != ' ' && at < end)
            return end + 1;
    }
    return NULL;
}

/* Puts the steps and the verdict into (out). */
static void behave(const char *how, const char *steps, struct xd_str *out)
{
    const char *colon = strchr(how, ':'), *word = colon ? colon + 1 : "",
               *at = step_with(steps, word);

    if (!strncmp(how, "lie:", 4) && at) { /* something else happened in such a step */
        xd_str_addn(out, steps, (size_t)(at - steps));
        xd_str_addf(out, "  something else: 0x1\n%send\n", at);
    } else if (!strncmp(how, "die:", 4) && at) { /* it is the last that the domain did */
        xd_str_addn(out, steps, (size_t)(at - steps));
        xd_str_add(out, "died\n| (XEN) domain_crash called\n");
    } else if (!strncmp(how, "unfit:", 6) && at) {
        xd_str_addf(out, "unfit it has %s\n", word);
    } else if (!strcmp(how, "fail")) {
        xd_str_clear(out);
        xd_str_add(out, "failed there is no room for it\n");
    } else if (!strcmp(how, "nonsense")) {
        xd_str_addf(out, "%sand so on\nend\n", steps);
    } else {
        xd_str_addf(out, "%s%s", steps, strcmp(how, "cut") ? "end\n" : "");
    }
}

static void answer(const char *how, const struct xd_program *p, const char *text)
{
    struct xd_oracle_counts counts = {0};
    struct xd_doubled d = {0};
    struct xd_str out = {0};
    struct xd_answer where;

    if (!strcmp(how, "mute"))
        for (;;)
            pause();
    if (!strncmp(how, "quit:", 5) && strstr(text, how + 5))
        _Exit(9);
    if (!strcmp(how, "huge")) {
        fwrite("\377\377\377\177", 1, 4, stdout);
        fflush(stdout);
        return;
    }
    lay_out(&where, p->domains > 1 ? 2 : 1);
    xd_oracle_double(p, &where, &counts, &d);
    say_places(&where, &out);
    if (d.error.len)
        xd_str_addf(&out, "unfit %s", xd_str_text(&d.error));
    else
        behave(how, xd_str_text(&d.steps), &out);
    put(xd_str_text(&out), out.len);
    xd_str_free(&out);
    xd_doubled_free(&d);
    xd_answer_free(&where);
}

int main(int argc, char **argv)
{
    const char *how = getenv("FAKE_ORACLE");
    struct xd_program *p;
    char *text;

    if (argc != 4) {
        fprintf(stderr, "usage: %s QEMU XEN KERNEL\n", argv[0]);
        return 2;
    }
    while ((p = request(&text)) != NULL) {
        answer(how ? how : "", p, text);
        xd_program_free(p);
        free(text);
    }
    return 0;
}
