/* SPDX-License-Identifier: MIT */
/*
 * tool.c: what goes with fuzzing and needs the tables.
 *
 *     fuzz-tool words             a dictionary of the language of scenarios
 *     fuzz-tool records           a dictionary of its byte form: a step of each call and operation
 *     fuzz-tool limits            a dictionary of machines' files: what may just stand in a field, and what not
 *     fuzz-tool bytes DIR FILE... the byte form of text, to DIR/HASH
 *     fuzz-tool machines DIR FILE... the machine that is there when text has run, to DIR/HASH
 *     fuzz-tool text DIR FILE...  the text of bytes, to DIR/HASH.xds
 *
 * What became of each FILE is printed: HASH FILE. Dictionaries are as libFuzzer and AFL++ read them. Bytes are of the
 * build that wrote them, so what is kept is text.
 */
#include "target.h"

#include "abi/errno.h"
#include "base/arena.h"
#include "hv/state.h"
#include "program/bytes.h"
#include "program/forms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Dictionaries ---- */

static void word(const char *text, const char *end)
{
    if (text && *text)
        printf("\"%s%s\"\n", text, end);
}

static void fields(const struct xd_field *f)
{
    for (; f && f->name; f++)
        word(f->name, "=");
}

static void words(void)
{
    static const char *const signs[] = {" = ", " = 0", "[", "]", "{ ", " }",    "(",         ")",
                                        "$p",  "?",    "~", "#", ";",  "\\x0a", "@d0.",      "0x",
                                        "d0.", "<<",   "|", ",", "-",  "\\x22", "hypercall "};
    static const char *const errnos[] = {
#define X(name, nr) #name,
        XD_ERRNOS(X)
#undef X
    };

    for (size_t i = 0; i < XD_ARRAY_SIZE(signs); i++)
        word(signs[i], "");
    for (size_t i = 0; i < XD_ARRAY_SIZE(errnos); i++)
        word(errnos[i], "");
    for (const struct xd_form *f = xd_forms(); f->name; f++) {
        word(f->name, strcmp(f->name, "@") ? " " : "");
        if (f->second && strncmp(f->second, "dN", 2) != 0)
            word(f->second, " ");
        for (const struct xd_form_key *k = f->keys; k->name; k++)
            word(k->name, "=");
    }
    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        word(xd_call_at(nr) ? xd_call_at(nr)->name : NULL, " ");
    for (const struct xd_group *const *g = xd_groups(); *g; g++)
        for (const struct xd_op *op = (*g)->ops; op->name; op++) {
            word(op->name, " ");
            fields(op->fields ? op->fields() : NULL);
        }
    for (unsigned int key = XD_KEY_OP; key <= XD_KEY_BLOCKED; key++)
        word(xd_key_name(NULL, key), "=");
    for (unsigned int fn = 0; fn < XD_FNS; fn++)
        word(xd_fn_row(fn) ? xd_fn_row(fn)->name : NULL, "(");
    for (const struct xd_start_row *s = xd_start_rows(); s->name; s++)
        word("start.", s->name);
    for (const struct xd_flag_row *f = xd_flag_rows(); f->name; f++)
        word(f->name, "|");
    for (const struct xd_unit_row *u = xd_unit_rows(); u->name; u++)
        word("1", u->name);
    for (const struct xd_const *c = xd_consts(); c->name; c++)
        word(c->name, "");
}

static void record(const char *step)
{
    struct xd_str text = {0}, bytes = {0};
    char *error = NULL;
    struct xd_program *p;
    size_t at;

    xd_str_addf(&text, "domain d0\n%s\n", step);
    p = xd_program_parse("dictionary", xd_str_text(&text), text.len, &error);
    if (!p) { /* what takes arguments in any case */
        free(error);
        xd_str_free(&text);
        return;
    }
    xd_program_to_bytes(p, &bytes);
    for (at = 0; (unsigned char)bytes.text[at] != 0xff; at++)
        ;
    printf("# %s\n\"", step);
    for (at++; at < bytes.len; at++)
        printf("\\x%02x", (unsigned char)bytes.text[at]);
    printf("\"\n");
    xd_program_free(p);
    xd_str_free(&text);
    xd_str_free(&bytes);
}

static void records(void)
{
    struct xd_str step = {0};

    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *c = xd_call_at(nr);
        const struct xd_group *g = c ? c->group : NULL;

        if (!c)
            continue;
        if (c->shape == XD_SHAPE_MMUEXT)
            g = &xd_group_mmuext;
        for (const struct xd_op *op = g ? g->ops : NULL; op && op->name; op++) {
            xd_str_clear(&step);
            xd_str_addf(&step, c->shape == XD_SHAPE_MMUEXT ? "%s [%s]" : "%s %s", c->name,
                        op->name);
            record(xd_str_text(&step));
        }
        xd_str_clear(&step);
        xd_str_addf(&step, "%s%s", c->name,
                    c->shape == XD_SHAPE_MMU     ? " [page(0)[0] = pte(page(1), P|RW)]"
                    : c->shape == XD_SHAPE_MULTI ? " { }"
                                                 : "");
        if (!g)
            record(xd_str_text(&step));
    }
    record("store va(0) 0");
    record("load va(0)");
    record("@d0.0");
    record("destroy d0");
    record("advance 1ms");
    record("update_va_mapping va(0) pte(page(0), P|RW) 2");
    xd_str_free(&step);
}

static void number(uint64_t value, unsigned int size)
{
    putchar('"');
    for (unsigned int i = 0; i < size; i++)
        printf("\\x%02x", (unsigned int)(value >> 8 * i & 0xff));
    puts("\"");
}

/* Bytes alone are soon tried. */
static void limits_of(const char *whose, const struct xd_state_row *row)
{
    for (; row->name; row++) {
        if (row->size < 2)
            continue;
        printf("# %s %s\n", whose, row->name);
        number(row->limit, row->size);
        number(row->limit + 1, row->size);
    }
}

static void limits(void)
{
    limits_of("machine", xd_state_machine);
    limits_of("domain", xd_state_domain);
    limits_of("vcpu", xd_state_vcpu);
    limits_of("e820", xd_state_e820);
    limits_of("port", xd_state_port);
    limits_of("frame", xd_state_frame);
    for (const struct xd_flag_row *f = xd_flag_rows(); f->name; f++) { /* of entries of tables */
        printf("# %s\n", f->name);
        number(f->value, 8);
    }
}

/* ---- Corpora ---- */

static void complain(const char *name)
{
    fprintf(stderr, "fuzz-tool: %s: %s\n", name, strerror(errno));
    exit(2);
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

enum form { TEXT, BYTES, MACHINES };

static void convert(const char *dir, const char *name, enum form form)
{
    struct xd_str in = {0}, out = {0}, to = {0};
    const char *end = form == TEXT ? ".xds" : "";
    char *error = NULL;
    unsigned long long hash;
    struct xd_program *p;
    FILE *f;

    read_file(name, &in);
    p = form == TEXT ? xd_program_from_bytes(name, xd_str_text(&in), in.len)
                     : xd_program_parse(name, xd_str_text(&in), in.len, &error);
    if (!p) {
        fputs(error, stderr);
        exit(2);
    }
    if (form == TEXT)
        xd_program_print(p, &out);
    else if (form == BYTES)
        xd_program_to_bytes(p, &out);
    else
        fuzz_machine_of(p, &out);
    hash = xd_hash64(0, xd_str_text(&out), out.len);
    xd_str_addf(&to, "%s/%016llx%s", dir, hash, end);
    f = fopen(to.text, "w");
    if (!f || fwrite(xd_str_text(&out), 1, out.len, f) != out.len || fclose(f))
        complain(to.text);
    printf("%016llx%s %s\n", hash, end, name);
    xd_program_free(p);
    xd_str_free(&in);
    xd_str_free(&out);
    xd_str_free(&to);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    static const char *const forms[] = {"text", "bytes", "machines"};
    size_t form = 0;

    while (form < XD_ARRAY_SIZE(forms) && strcmp(what, forms[form]) != 0)
        form++;

    if (argc == 2 && !strcmp(what, "words")) {
        words();
    } else if (argc == 2 && !strcmp(what, "limits")) {
        limits();
    } else if (argc == 2 && !strcmp(what, "records")) {
        records();
    } else if (argc > 2 && form < XD_ARRAY_SIZE(forms)) {
        for (int i = 3; i < argc; i++)
            convert(argv[2], argv[i], (enum form)form);
    } else {
        fputs(
            "usage: fuzz-tool words | records | limits | bytes DIR FILE... | machines DIR FILE... | "
            "text DIR FILE...\n",
            stderr);
        return 2;
    }
    return 0;
}
