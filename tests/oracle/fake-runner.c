/* SPDX-License-Identifier: MIT */
/*
 * fake-runner.c: stands where xendouble-oracle does, without QEMU: "Xen" is the double too.
 *
 * So the two sides agree, until FAKE_ORACLE makes this one answer otherwise: rows in behave(). Each depends on the program
 * alone, as a real difference does, so that shrinking has something to hold on to.
 */
#define _GNU_SOURCE
#include "program/bytes.h"
#include "cli/oracle.h"

#include "program/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAMES       16384u
#define KERNEL_PAGES 12u
#define PAGES        3071u /* of each domain: more than are mapped at its start of day */
#define FREE         1024u
#define FIRST        3072u /* frame: what is below is the double's own */

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

static struct xd_program *request(struct xd_str *text)
{
    unsigned char head[4];
    struct xd_program *p;
    char *bytes;
    size_t n;

    if (!get(head, sizeof(head)))
        return NULL;
    n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    bytes = xd_zalloc(n + 1);
    p = get(bytes, n) ? xd_program_from_bytes("program", bytes, n) : NULL;
    free(bytes);
    xd_str_clear(text);
    if (p)
        xd_program_print(p, text);
    return p;
}

static void take_place(struct xd_answer *where, const char *name, uint32_t kernel_pages,
                       uint64_t nr, uint64_t first)
{
    struct xd_place *p = &where->place[where->places++];

    *p = (struct xd_place){.kernel_pages = kernel_pages, .machine_frames = FRAMES, .nr = nr};
    strcpy(p->name, name);
    p->frame = xd_realloc(NULL, nr * sizeof(*p->frame));
    for (uint64_t i = 0; i < nr; i++)
        p->frame[i] =
            first + i * 7 % nr; /* no machine has them in this order by itself; 7 divides no (nr) */
}

static bool names(const struct xd_program *p, const char *domain)
{
    for (uint32_t i = 0; i < p->domains; i++)
        if (!strcmp(xd_text_at(p, p->domain[i].name), domain))
            return true;
    return false;
}

/* (by) frames further up than usual. */
static void lay_out(struct xd_answer *where, const struct xd_program *p, uint32_t by)
{
    *where = (struct xd_answer){0};
    take_place(where, "d0", KERNEL_PAGES, PAGES + 1, FIRST + by);
    if (names(p, "d1"))
        take_place(where, "d1", KERNEL_PAGES, PAGES + 1, FIRST + by + PAGES + 1);
    take_place(where, "free", 0, FREE, FRAMES - FREE);
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

/* (how) is NAME:PATH:WORD: returns WORD if nothing has been at PATH before, and puts a file there. */
static const char *first_time(const char *how, const char *name)
{
    size_t n = strlen(name);
    const char *colon = strncmp(how, name, n) ? NULL : strrchr(how + n, ':');
    struct xd_str path = {0};
    int fd;

    if (!colon)
        return NULL;
    xd_str_addn(&path, how + n, (size_t)(colon - how) - n);
    fd = open(xd_str_text(&path), O_CREAT | O_EXCL | O_WRONLY, 0600);
    xd_str_free(&path);
    if (fd < 0)
        return NULL;
    close(fd);
    return colon + 1;
}

/* (how) is unfit-one:PATH: is this the program of the first request, which is kept at PATH for all runners to come? */
static bool is_the_one(const char *how, const char *text)
{
    const char name[] = "unfit-one:";
    struct xd_str first = {0};
    bool is;
    FILE *f;

    if (strncmp(how, name, sizeof(name) - 1))
        return false;
    f = fopen(how + sizeof(name) - 1, "wx");
    if (f) {
        fputs(text, f);
        fclose(f);
        return true;
    }
    f = fopen(how + sizeof(name) - 1, "r");
    for (int c; f && (c = getc(f)) != EOF;)
        xd_str_addc(&first, (char)c);
    is = f && !strcmp(xd_str_text(&first), text);
    if (f)
        fclose(f);
    xd_str_free(&first);
    return is;
}

/* Does it lie, by what was asked before? (how) is of lie-new:WORD, once for each program, held-new:WORD likewise, lie-hang:WORD, which hangs from
 * then on, lie-on:WORD, which lies in the step behind from then on, or lie-behind:WORD, behind a program without WORD. */
static bool lies_by_past(const char *how, const char *word, const char *text)
{
    static struct xd_str all, last;
    bool is_new, behind;

    if (strncmp(how, "lie-new:", 8) && strncmp(how, "held-new:", 9) &&
        strncmp(how, "lie-behind:", 11) && strncmp(how, "lie-hang:", 9) &&
        strncmp(how, "lie-on:", 7))
        return false;
    is_new = !strstr(xd_str_text(&all), text);
    behind = last.len && !strstr(xd_str_text(&last), word);

    xd_str_add(&all, text);
    xd_str_clear(&last);
    xd_str_add(&last, text);
    return (strncmp(how, "lie-behind:", 11) && is_new) ||
           (!strncmp(how, "lie-behind:", 11) && behind);
}

/*
 * It differs where a step has (word), one way in a program with a sched_op, another in one without: (how) is slide:WORD by another line,
 * slide-result:WORD by another result, mute-short:WORD by silence.
 */
static bool slides(const char *how, const char *text, const char *steps, const char *at,
                   struct xd_str *out)
{
    bool whole = strstr(text, "sched_op");

    if (!at || (strncmp(how, "slide", 5) && strncmp(how, "mute-short:", 11)))
        return false;
    if (!strncmp(how, "mute-short:", 11) && !whole)
        for (;;)
            pause();
    xd_str_addn(out, steps, (size_t)(at - steps));
    if (!strncmp(how, "slide-result:", 13)) { /* in the place of the result */
        const char *behind = strchr(at, '\n') + 1;

        xd_str_addf(out, "  result=%s\n%send\n", whole ? "EPERM" : "EFAULT", behind);
    } else {
        xd_str_addf(out, "  %s: 0x1\n%send\n", whole ? "d0 port 7" : "d0 pfn 3 word 1", at);
    }
    return true;
}

/* Puts the steps and the verdict into (out). */
static void behave(const char *how, const char *text, const char *steps, struct xd_str *out)
{
    const char *colon = strrchr(how, ':'), *word = colon ? colon + 1 : "",
               *at = step_with(steps, word);
    bool by_past = lies_by_past(how, word, text);

    if (at && !by_past && !strncmp(how, "lie-on:", 7)) {
        at = step_with(at, "");
        by_past = true;
    }
    if (!strncmp(how, "slow:", 5))
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    if (slides(how, text, steps, at, out))
        return;
    if (at &&
        !strncmp(how, "number:", 7)) { /* what differs has another number in a shorter program */
        xd_str_addn(out, steps, (size_t)(at - steps));
        xd_str_addf(out, "  d0 pfn %zu word 1: 0x1\n%send\n", strlen(text), at);
        return;
    }
    if (at && (!strncmp(how, "held:", 5) || first_time(how, "held-once:") ||
               (by_past && !strncmp(how, "held-new:", 9)))) {
        const char *behind = strchr(at, '\n') + 1;

        xd_str_addn(out, steps, (size_t)(behind - steps));
        xd_str_addf(out, "  d1 pfn 5: refs=2 none=0 owner=1 linear=0\n%send\n", behind);
        return;
    }
    if (((!strncmp(how, "lie:", 4) || !strncmp(how, "slow:", 5)) && at) || (by_past && at) ||
        (at && first_time(how, "lie-once:"))) { /* something else happened in such a step */
        xd_str_addn(out, steps, (size_t)(at - steps));
        xd_str_addf(out, "  something else: 0x1\n%send\n", at);
    } else if (!strncmp(how, "die:", 4) && at) { /* it is the last that the domain did */
        xd_str_addn(out, steps, (size_t)(at - steps));
        xd_str_add(out, "  d0 ended: reason 3\ndied\n| (XEN) domain_crash called\n");
    } else if (is_the_one(how, text)) {
        xd_str_add(out, "unfit it is the first\n");
    } else if (!strncmp(how, "unfit:", 6) && at) {
        xd_str_addf(out, "unfit it has %s\n", word);
    } else if ((!strncmp(how, "hang:", 5) || !strncmp(how, "lie-hang:", 9)) && at) {
        xd_str_add(out, "hung nobody says a word\n");
    } else if (!strcmp(how, "fail")) {
        xd_str_clear(out);
        xd_str_add(out, "failed there is no room for it\n");
    } else if (!strcmp(how, "renew")) {
        xd_str_addf(out, "%send\nrebuilt a page was lost\n", steps);
    } else if (!strcmp(how, "nonsense")) {
        xd_str_addf(out, "%sand so on\nend\n", steps);
    } else {
        xd_str_addf(out, "%s%s", steps, strcmp(how, "cut") ? "end\n" : "");
    }
}

static void answer(const char *how, const struct xd_program *p, const char *text)
{
    static uint32_t answers;
    struct xd_counts counts = {0};
    struct xd_doubled d = {0};
    struct xd_str out = {0};
    struct xd_answer where;

    if (!strcmp(how, "mute"))
        for (;;)
            pause();
    if (!strncmp(how, "quit:", 5) && strstr(text, how + 5))
        _Exit(9);
    if (first_time(how, "quit-once:"))
        _Exit(9);
    if (!strcmp(how, "huge")) {
        fwrite("\377\377\377\177", 1, 4, stdout);
        fflush(stdout);
        return;
    }
    lay_out(&where, p, !strcmp(how, "move") ? ++answers % 5 : 0);
    xd_oracle_double(p, &where, &counts, &d);
    say_places(&where, &out);
    if (d.error.len)
        xd_str_addf(&out, "unfit %s", xd_str_text(&d.error));
    else if (strstr(xd_str_text(&d.steps), " ended: reason "))
        xd_str_addf(&out, "%sdied\n", xd_str_text(&d.steps));
    else
        behave(how, text, xd_str_text(&d.steps), &out);
    put(xd_str_text(&out), out.len);
    xd_str_free(&out);
    xd_doubled_free(&d);
    xd_answer_free(&where);
}

/* As QEMU reads it, by its name: is it an ELF file? */
static bool readable(const char *xen)
{
    char magic[4] = {0};
    FILE *f = fopen(xen, "r");
    bool elf = f && fread(magic, 1, sizeof(magic), f) == sizeof(magic) &&
               !memcmp(magic, "\177ELF", sizeof(magic));

    if (f)
        fclose(f);
    return elf;
}

int main(int argc, char **argv)
{
    const char *how = getenv("FAKE_ORACLE");
    struct xd_str text = {0};
    struct xd_program *p;

    if (argc != 4) {
        fprintf(stderr, "usage: %s QEMU XEN KERNEL\n", argv[0]);
        return 2;
    }
    if (!readable(argv[2]))
        return 3;
    while ((p = request(&text)) != NULL) {
        answer(how ? how : "", p, xd_str_text(&text));
        xd_program_free(p);
    }
    xd_str_free(&text);
    return 0;
}
