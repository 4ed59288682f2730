/* SPDX-License-Identifier: MIT */
/*
 * driver.c: runs a fuzz target without an engine: over files, and over what it makes of them.
 *
 *     TARGET [-runs=N] [-seed=S] [-max_len=N] [-bench=SECONDS] [-help] [FILE|DIRECTORY|WORDS.dict]...
 *
 * Options are libFuzzer's where it has them, and its -help=1 shows those. Without -runs each file is run once, else N inputs are
 * made from them; each follows from its own seed, S, S+1, ... A failure prints the command that
 * shows it again and leaves the input in crash-HASH. Files called .xds are text: a target of
 * bytes gets their byte form, a target of machines the machine at their end. -bench runs the files over and over
 * and prints how many a second of the processor, and as what part of those of a target that does nothing.
 */
#define _GNU_SOURCE
#include "target.h"

#include "base/arena.h"
#include "base/rng.h"
#include "program/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NONE         __attribute__((weak))
#define MAX_LEN      4096u
#define MACHINE      (1u << 20) /* -max_len of a target of machines */
#define LEN_MAX      (1u << 30)
#define WORD_MAX     64u
#define BENCH_ROUNDS 5u

NONE int LLVMFuzzerInitialize(int *argc, char ***argv);
NONE size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
NONE size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b,
                                      size_t b_len, uint8_t *out, size_t max, unsigned int seed);
NONE void __sanitizer_set_death_callback(void (*callback)(void));
/* What -fsanitize-coverage=inline-8bit-counters asks for: nobody reads the counters here. */
NONE void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *end);

struct input {
    char *name;
    uint8_t *data;
    size_t len;
};

struct words {
    uint8_t (*word)[WORD_MAX];
    uint8_t *len;
    size_t nr;
};

static struct {
    struct input *all;
    size_t nr, cap;
    struct words dict;
    size_t max_len;
    uint64_t chance; /* of LLVMFuzzerMutate */
    /* What is being run, for whoever has to tell of it. */
    char again[8192];
    const uint8_t *data;
    size_t len;
} d;

/* ---- When it goes wrong ---- */

static void put(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void tell(void)
{
    char name[64];
    int fd;

    if (!d.data)
        return;
    snprintf(name, sizeof(name), "crash-%016llx", (unsigned long long)xd_hash64(0, d.data, d.len));
    put("failed; once more: ");
    put(d.again);
    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0 && write(fd, d.data, d.len) == (ssize_t)d.len) {
        put("\nthe input is in ");
        put(name);
    }
    put("\n");
    d.data = NULL;
}

static void on_signal(int nr)
{
    tell();
    signal(nr, SIG_DFL);
    raise(nr);
}

static void watch_for_failures(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(tell);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (!__sanitizer_set_death_callback || signals[i] == SIGABRT)
            signal(signals[i], on_signal);
}

/* ---- Files ---- */

static void complain(const char *name)
{
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    exit(2);
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && !strcmp(name + n - m, end);
}

static void read_file(const char *name, struct xd_str *out)
{
    FILE *f = fopen(name, "r");
    char part[4096];
    size_t n;

    if (!f)
        complain(name);
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        xd_str_addn(out, part, n);
    fclose(f);
}

static void text_to_input(const char *name, struct xd_str *s)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse(name, xd_str_text(s), s->len, &error);

    if (!p) {
        fputs(error, stderr);
        exit(2);
    }
    xd_str_clear(s);
    if (fuzz_input == FUZZ_MACHINE)
        fuzz_machine_of(p, s);
    else
        xd_program_to_bytes(p, s);
    xd_program_free(p);
}

static void add_file(const char *name)
{
    struct xd_str s = {0};

    read_file(name, &s);
    if (fuzz_input != FUZZ_TEXT && ends_in(name, ".xds"))
        text_to_input(name, &s);
    if (d.nr == d.cap) {
        d.cap = d.cap * 2 + 64;
        d.all = xd_realloc(d.all, d.cap * sizeof(*d.all));
    }
    d.all[d.nr++] =
        (struct input){.name = xd_strdup(name), .data = (uint8_t *)s.text, .len = s.len};
}

static void add_path(const char *name)
{
    struct dirent **entry;
    struct stat st;
    int n;

    if (stat(name, &st))
        complain(name);
    if (!S_ISDIR(st.st_mode)) {
        add_file(name);
        return;
    }
    n = scandir(name, &entry, NULL, alphasort);
    if (n < 0)
        complain(name);
    for (int i = 0; i < n; i++) {
        char *path = NULL;

        if (*entry[i]->d_name != '.' && asprintf(&path, "%s/%s", name, entry[i]->d_name) > 0)
            add_path(path);
        free(path);
        free(entry[i]);
    }
    free(entry);
}

/* A line is NAME="WORD" or "WORD"; \\, \" and \xNN stand for bytes. */
static void add_word(const char *line)
{
    struct words *w = &d.dict;
    const char *at = strchr(line, '"');
    size_t n = 0;

    if (*line == '#' || !at)
        return;
    w->word = xd_realloc(w->word, (w->nr + 1) * sizeof(*w->word));
    w->len = xd_realloc(w->len, w->nr + 1);
    for (at++; *at && *at != '"' && n < WORD_MAX; at++) {
        char hex[3] = {0};

        if (*at == '\\' && at[1] == 'x' && at[2] && at[3]) {
            memcpy(hex, at + 2, 2);
            w->word[w->nr][n++] = (uint8_t)strtoul(hex, NULL, 16);
            at += 3;
        } else {
            at += *at == '\\' && at[1];
            w->word[w->nr][n++] = (uint8_t)*at;
        }
    }
    w->len[w->nr++] = (uint8_t)n;
}

static void read_dict(const char *name)
{
    struct xd_str s = {0};
    char *line, *rest = NULL;

    read_file(name, &s);
    for (line = s.text ? strtok_r(s.text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        add_word(line);
    xd_str_free(&s);
}

/* ---- Making inputs ---- */

static uint64_t below(uint64_t n)
{
    return xd_rng_next(&d.chance) % n;
}

/* Replaces (cut) of the bytes at (at) by (n) others, if there is room. */
static size_t put_in(uint8_t *data, size_t size, size_t max, size_t at, size_t cut,
                     const uint8_t *with, size_t n)
{
    uint8_t copy[MAX_LEN];

    cut = cut < size - at ? cut : size - at;
    if (n > sizeof(copy) || size - cut + n > max)
        return size;
    if (n)
        memcpy(copy, with, n); /* it may be a part of (data) */
    memmove(data + at + n, data + at + cut, size - at - cut);
    memcpy(data + at, copy, n);
    return size - cut + n;
}

static size_t change_bytes(uint8_t *data, size_t size, size_t max)
{
    size_t at = (size_t)below(size + 1), n = 1 + (size_t)below(24), from;
    const struct input *other = d.nr ? &d.all[below(d.nr)] : NULL;
    uint8_t byte = (uint8_t)below(256);
    uint64_t word;

    switch (below(7)) {
    case 0: return put_in(data, size, max, at, 1, &byte, 1);
    case 1: return put_in(data, size, max, at, n, NULL, 0);
    case 2: return put_in(data, size, max, at, 0, &byte, 1);
    case 3:
        if (at < size)
            data[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 4: /* a bit of it once more */
        from = (size_t)below(size + 1);
        return put_in(data, size, max, at, 0, data + from, n < size - from ? n : size - from);
    case 5: /* a bit of another one */
        if (!other || !other->len)
            return size;
        from = (size_t)below(other->len);
        n *= 4;
        return put_in(data, size, max, at, 0, other->data + from,
                      n < other->len - from ? n : other->len - from);
    default:
        if (!d.dict.nr)
            return size;
        word = below(d.dict.nr);
        return put_in(data, size, max, at, (size_t)below(2) * n, d.dict.word[word],
                      d.dict.len[word]);
    }
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    for (uint64_t n = 1 + below(4); n; n--)
        size = change_bytes(data, size, max);
    return size;
}

static size_t make(uint64_t seed, uint8_t *data)
{
    const struct input *from, *other;
    size_t n = 0;

    d.chance = xd_rng_mix(seed);
    if (d.nr && below(20)) {
        from = &d.all[below(d.nr)];
        n = from->len < d.max_len ? from->len : d.max_len;
        memcpy(data, from->data, n);
        other = &d.all[below(d.nr)];
        if (LLVMFuzzerCustomCrossOver && below(4) == 0) {
            uint8_t *child = xd_zalloc(d.max_len);
            size_t len = LLVMFuzzerCustomCrossOver(data, n, other->data, other->len, child,
                                                   d.max_len, (unsigned int)below(UINT32_MAX));

            if (len)
                memcpy(data, child, n = len);
            free(child);
        }
    } else if (below(2)) { /* noise */
        uint64_t top = below(2) ? 256 : 8;

        n = (size_t)below(512 < d.max_len ? 512 : d.max_len);
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)below(top);
    }
    for (uint64_t rounds = 1 + below(5); rounds; rounds--)
        if (LLVMFuzzerCustomMutator)
            n = LLVMFuzzerCustomMutator(data, n, d.max_len, (unsigned int)below(UINT32_MAX));
        else
            n = LLVMFuzzerMutate(data, n, d.max_len);
    return n;
}

/* ---- Running ---- */

/* From a copy that ends where it ends, so that a read past it is seen. */
static void run_on(int (*target)(const uint8_t *data, size_t len), const uint8_t *data, size_t len)
{
    uint8_t *copy = xd_zalloc(len ? len : 1);

    if (len)
        memcpy(copy, data, len);
    d.data = copy;
    d.len = len;
    target(copy, len);
    d.data = NULL;
    free(copy);
}

static void run(const uint8_t *data, size_t len)
{
    run_on(LLVMFuzzerTestOneInput, data, len);
}

static void run_files(const char *self)
{
    for (size_t i = 0; i < d.nr; i++) {
        snprintf(d.again, sizeof(d.again), "%s %s", self, d.all[i].name);
        run(d.all[i].data, d.all[i].len);
    }
    printf("%zu files\n", d.nr);
}

static void run_made(const char *self, const char *rest, uint64_t seed, uint64_t runs)
{
    uint8_t *data = xd_zalloc(d.max_len);

    for (uint64_t i = 0; i < runs; i++) {
        snprintf(d.again, sizeof(d.again), "%s -runs=1 -seed=%llu -max_len=%zu%s", self,
                 (unsigned long long)(seed + i), d.max_len, rest);
        run(data, make(seed + i, data));
    }
    printf("%llu inputs from seed %llu on, made from %zu files\n", (unsigned long long)runs,
           (unsigned long long)seed, d.nr);
    free(data);
}

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *end)
{
    (void)start;
    (void)end;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int no_target(const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return 0;
}

/* Runs of all files a second. */
static double rate(int (*target)(const uint8_t *data, size_t len), double seconds)
{
    double start = now(), used;
    uint64_t runs = 0;

    do {
        for (size_t i = 0; i < d.nr; i++, runs++)
            run_on(target, d.all[i].data, d.all[i].len);
        used = now() - start;
    } while (used < seconds && d.nr);
    return (double)runs / used;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Medians of rounds in turns, so that both see the same machine. */
static void bench(double seconds)
{
    double real[BENCH_ROUNDS], share[BENCH_ROUNDS];

    for (unsigned int i = 0; i < BENCH_ROUNDS; i++) {
        real[i] = rate(LLVMFuzzerTestOneInput, seconds / BENCH_ROUNDS);
        share[i] = real[i] / rate(no_target, seconds / BENCH_ROUNDS / 10);
    }
    qsort(real, BENCH_ROUNDS, sizeof(*real), by_value);
    qsort(share, BENCH_ROUNDS, sizeof(*share), by_value);
    printf("%8.0f runs a second, %.4f of an empty target's\n", real[BENCH_ROUNDS / 2],
           share[BENCH_ROUNDS / 2]);
}

static void usage(FILE *to, const char *self)
{
    fprintf(
        to,
        "usage: %s [OPTION...] [FILE|DIRECTORY|WORDS.dict...]\n\n%s\n"
        "  -runs=N         make N inputs from the files (else each file is run once)\n"
        "  -seed=S         the first of them from seed S, the next from S + 1 (1)\n"
        "  -max_len=N      of N bytes at most (%u)\n"
        "  -bench=SECONDS  run the files over and over, and print how many a second\n"
        "  -help           this\n\n"
        "Files called .xds are text of a program, and are converted. exit codes: 0 nothing found, 2 bad usage; a finding ends\n"
        "the process by SIGABRT\n",
        self, fuzz_help, fuzz_input == FUZZ_MACHINE ? MACHINE : MAX_LEN);
}

/* Is (arg) option (name), with a number of (min) to (max)? */
static bool option(const char *arg, const char *name, uint64_t min, uint64_t max, bool *given,
                   uint64_t *value)
{
    size_t n = strlen(name);

    if (strncmp(arg, name, n) != 0 || arg[n] != '=')
        return false;
    *value = fuzz_number(name, arg + n + 1, min, max);
    *given = true;
    return true;
}

int main(int argc, char **argv)
{
    bool given = false, made = false, timed = false;
    uint64_t runs = 0, seed = 1, seconds = 0,
             max_len = fuzz_input == FUZZ_MACHINE ? MACHINE : MAX_LEN;
    const char *dict = NULL;
    struct xd_str rest = {0};
    int args = argc;

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "-help") || !strcmp(argv[i], "-help=1") ||
            !strcmp(argv[i], "--help")) {
            usage(stdout, argv[0]);
            return 0;
        }
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&args, &argv);
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && ends_in(argv[i], ".dict")) {
            xd_str_addf(&rest, " %s", argv[i]);
            dict = argv[i];
        } else if (argv[i][0] != '-') {
            xd_str_addf(&rest, " %s", argv[i]);
            add_path(argv[i]);
        } else if (!option(argv[i], "-runs", 0, UINT64_MAX, &made, &runs) &&
                   !option(argv[i], "-seed", 0, UINT64_MAX, &given, &seed) &&
                   !option(argv[i], "-max_len", 1, LEN_MAX, &given, &max_len) &&
                   !option(argv[i], "-bench", 1, 1000000, &timed, &seconds)) {
            fprintf(stderr, "%s: unknown option; %s -help shows those there are\n", argv[i],
                    argv[0]);
            return 2;
        }
    }
    d.max_len = (size_t)max_len;
    if (dict)
        read_dict(dict);
    watch_for_failures();
    if (timed && !d.nr) {
        fprintf(stderr, "-bench: over which files?\n");
        return 2;
    }
    if (timed)
        bench((double)seconds);
    else if (made)
        run_made(argv[0], xd_str_text(&rest), seed, runs);
    else
        run_files(argv[0]);
    for (size_t i = 0; i < d.nr; i++) {
        free(d.all[i].name);
        free(d.all[i].data);
    }
    free(d.all);
    free(d.dict.word);
    free(d.dict.len);
    xd_str_free(&rest);
    return 0;
}
