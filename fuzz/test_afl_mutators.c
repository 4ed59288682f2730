/* SPDX-License-Identifier: MIT */
/*
 * test_afl_mutators.c: the libraries for AFL++, loaded and called as it does: steps change and cross over, the result
 * is of the same language, and what is left to AFL++ is no input.
 *
 *     test-afl-mutators text.so bytes.so machine.so
 */
#define _GNU_SOURCE
#include "target.h"

#include "hv/state.h"
#include "program/bytes.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 2000u
#define MAX    400000u

static const char *const text[] = {
    "machine frames=1024 domains=2\ndomain d0 pages=8 scratch=8\n@d0.0\nsched_op yield\n"
    "update_va_mapping va(0) pte(page(0), P|RW) 0\nmmuext_op [PIN_L1_TABLE mfn=page(1)]\n",
    "machine frames=1024 domains=2\ndomain d1 pages=8 scratch=8\n@d1.0\n"
    "event_channel_op bind_ipi vcpu=0\nxen_version version\nadvance 3ms\n"};

struct library {
    void *(*init)(void *afl, unsigned int seed);
    void (*deinit)(void *mutator);
    size_t (*fuzz)(void *mutator, uint8_t *data, size_t size, uint8_t **out, uint8_t *other,
                   size_t other_size, size_t max);
};

static _Noreturn void wrong(const char *name, const char *what)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(1);
}

static void *symbol(void *library, const char *path, const char *name)
{
    void *at = dlsym(library, name);

    if (!at)
        wrong(path, dlerror());
    return at;
}

static struct library load(const char *path)
{
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct library l;

    if (!so)
        wrong(path, dlerror());
    *(void **)&l.init = symbol(so, path, "afl_custom_init");
    *(void **)&l.deinit = symbol(so, path, "afl_custom_deinit");
    *(void **)&l.fuzz = symbol(so, path, "afl_custom_fuzz");
    return l;
}

static struct xd_program *parse(const char *data, size_t size)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", data, size, &error);

    free(error);
    return p;
}

static void form(size_t which, enum fuzz_input as, struct xd_str *out)
{
    struct xd_program *p = parse(text[which], strlen(text[which]));

    if (as == FUZZ_TEXT)
        xd_str_add(out, text[which]);
    else if (as == FUZZ_BYTES)
        xd_program_to_bytes(p, out);
    else
        fuzz_machine_of(p, out);
    xd_program_free(p);
}

static bool has(const char *where, size_t n, const char *what)
{
    return memmem(where, n, what, strlen(what)) != NULL;
}

/* Is it of the language? *mixed: it has steps of both. */
static bool reads(enum fuzz_input as, const uint8_t *data, size_t n, bool *mixed)
{
    struct xd_str said = {0};
    struct xd_program *p;
    struct xd_hv *hv = NULL;
    bool ok;

    if (as == FUZZ_MACHINE) {
        ok = xd_state_read(&hv, data, n, &said) == 0;
        xd_hv_destroy(hv);
    } else {
        p = as == FUZZ_TEXT ? parse((const char *)data, n) : xd_program_from_bytes("f", data, n);
        ok = p != NULL;
        if (p)
            xd_program_print(p, &said);
        *mixed |= has(xd_str_text(&said), said.len, "yield") &&
                  has(xd_str_text(&said), said.len, "xen_version");
        xd_program_free(p);
    }
    xd_str_free(&said);
    return ok;
}

static void check(const char *path, enum fuzz_input as)
{
    const struct library l = load(path);
    struct xd_str a = {0}, b = {0};
    unsigned int made = 0, same = 0, readable = 0;
    bool mixed = false;
    void *m = l.init(NULL, 1);
    uint8_t noise[] = "= = no program is this", *out;

    form(0, as, &a);
    form(1, as, &b);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        size_t n = l.fuzz(m, (uint8_t *)a.text, a.len, &out, (uint8_t *)b.text, b.len, MAX);

        if (n > MAX)
            wrong(path, "more than there is room for");
        if (!n)
            continue;
        made++;
        same += n == a.len && !memcmp(out, a.text, n);
        readable += reads(as, out, n, &mixed);
    }
    printf("%s: %u of %u made, %u as they were, %u can be read\n", path, made, ROUNDS, same,
           readable);
    if (made < ROUNDS / 3 || same > made / 5)
        wrong(path, "it changes too little");
    if (as == FUZZ_MACHINE ? readable < made / 20 : readable != made)
        wrong(path, "what it makes can't be read");
    if (as != FUZZ_MACHINE && !mixed)
        wrong(path, "no result has steps of both inputs");
    if (as != FUZZ_BYTES && l.fuzz(m, noise, sizeof(noise) - 1, &out, NULL, 0, MAX))
        wrong(path, "what can't be read is not left to AFL++");
    l.deinit(m);
    xd_str_free(&a);
    xd_str_free(&b);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: test-afl-mutators text.so bytes.so machine.so\n", stderr);
        return 2;
    }
    check(argv[1], FUZZ_TEXT);
    check(argv[2], FUZZ_BYTES);
    check(argv[3], FUZZ_MACHINE);
    return 0;
}
