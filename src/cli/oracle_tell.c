/* SPDX-License-Identifier: MIT */
/* oracle_tell.c: a difference as people read it, and as a file that shows it again. */
#define _GNU_SOURCE
#include "cli/oracle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEPT_MAX 1000u /* of one name */

void xd_oracle_indent(struct xd_str *out, const char *margin, const char *text)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '\n');
        xd_str_addf(out, "%s%.*s\n", end > text ? margin : "", (int)(end - text), text);
    }
}

/* Bytes of the character at (s); 0: it is none that may be printed as it is. */
static size_t character(const char *s)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t first; /* of this length; further ones would fit into fewer bytes */
    } rows[] = {
        {0xe0, 0xc0, 0xa0 /* before that: controls */}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char c = (unsigned char)*s;

    if (c < 0x80)
        return (c >= ' ' && c != 0x7f) || c == '\n' || c == '\t';
    for (size_t i = 0; i < XD_ARRAY_SIZE(rows); i++) {
        uint32_t code = c & (uint8_t)~rows[i].mask;
        size_t n = 1;

        if ((c & rows[i].mask) != rows[i].lead)
            continue;
        for (; n < i + 2 && ((unsigned char)s[n] & 0xc0) == 0x80; n++)
            code = code << 6 | ((unsigned char)s[n] & 0x3f);
        return n == i + 2 && code >= rows[i].first && code <= 0x10ffff && code >> 11 != 0x1b ? n
                                                                                             : 0;
    }
    return 0;
}

void xd_oracle_print(const char *text)
{
    for (size_t n; *text; text += n) {
        for (n = 0; text[n] && character(text + n);)
            n += character(text + n);
        fwrite(text, 1, n, stdout);
        if (text[n])
            printf("\\x%02x", (unsigned char)text[n++]);
    }
}

void xd_oracle_tell_step(const struct xd_difference *d, const struct xd_answer *a,
                         const struct xd_doubled *dbl, struct xd_str *out)
{
    const char *head = *d->xen ? d->xen : d->dbl;

    xd_str_addf(out, "line %.*s\n", (int)strcspn(head, "\n"), head);
    if (d->what)
        xd_str_addf(out, "  %s\n", d->what);
    else
        xd_oracle_show(d, "  ", out);
    if (dbl->explain.len) {
        xd_str_add(out, "the double says:\n");
        xd_oracle_indent(out, "  ", xd_str_text(&dbl->explain));
    }
    if (a->messages.len) {
        xd_str_add(out, "Xen wrote:\n");
        xd_oracle_indent(out, "  ", xd_str_text(&a->messages));
    }
}

/* DIR/NAME, without .xds: by the seed, or by the file's path with its slashes made into dashes. */
static void kept_path(const struct xd_oracle *o, uint64_t index, struct xd_str *path)
{
    const char *name;
    size_t n;

    xd_str_addf(path, "%s/", o->keep);
    if (index >= o->files.nr) {
        xd_str_addf(path, "seed-0x%" PRIx64, xd_oracle_seed(o, index - o->files.nr));
        return;
    }
    name = o->files.path[index];
    name += strspn(name, "./");
    n = strlen(name);
    if (xd_ends_in(name, XD_TEXT_SUFFIX) || xd_ends_in(name, XD_BYTES_SUFFIX))
        n -= strlen(XD_TEXT_SUFFIX);
    for (size_t i = 0; i < n; i++)
        xd_str_addc(path, name[i] == '/' ? '-' : name[i]);
}

/* NAME.xds, or where there is one, NAME.2.xds and so on: nothing that was kept is overwritten. NULL: errno says why. */
static FILE *kept_file(const struct xd_oracle *o, uint64_t index, struct xd_str *path)
{
    struct xd_str name = {0};
    FILE *f = NULL;

    kept_path(o, index, &name);
    for (unsigned int nr = 1; !f && (nr == 1 || (errno == EEXIST && nr <= KEPT_MAX)); nr++) {
        xd_str_clear(path);
        xd_str_add(path, xd_str_text(&name));
        if (nr > 1)
            xd_str_addf(path, ".%u", nr);
        xd_str_add(path, ".xds");
        f = fopen(xd_str_text(path), "wxe");
    }
    xd_str_free(&name);
    return f;
}

void xd_oracle_keepable(const struct xd_oracle *o, uint64_t index, const char *what,
                        const char *told, const char *text, struct xd_str *file)
{
    xd_str_addf(file, "# Xen and the double %s what this runs:\n#   ", what);
    xd_oracle_again(o, index, file);
    xd_str_add(file, "\n# Lines are counted from the end of this comment:\n");
    xd_oracle_indent(file, "#   ", told);
    xd_str_addc(file, '\n');
    xd_str_add(file, text);
}

void xd_oracle_keep(const struct xd_oracle *o, uint64_t index, const struct xd_str *file,
                    struct xd_str *out)
{
    struct xd_str path = {0};
    FILE *f = kept_file(o, index, &path);
    bool ok = f && fwrite(file->text, 1, file->len, f) == file->len;

    ok = f && fclose(f) == 0 && ok;
    xd_str_addf(out, "  %s %s%s%s\n", ok ? "kept as" : "could not be kept as", xd_str_text(&path),
                ok ? "" : ": ", ok ? "" : strerror(errno));
    xd_str_free(&path);
}
