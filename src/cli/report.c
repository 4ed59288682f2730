/* SPDX-License-Identifier: MIT */
/* report.c: results for people, for TAP readers and for JUnit readers. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Without floating point: what fills strings uses no vector registers. */
#define SECONDS        "%" PRIu64 ".%06" PRIu64
#define SECONDS_OF(ns) (uint64_t)((ns) / 1000000000u), (uint64_t)((ns) / 1000 % 1000000)

static void indented(struct xd_str *out, const char *text, const char *with)
{
    for (const char *end; *text; text = end) {
        end = strchr(text, '\n');
        xd_str_add(out, with);
        xd_str_addn(out, text, end ? (size_t)(end - text) : strlen(text));
        xd_str_addc(out, '\n');
        end = end ? end + 1 : text + strlen(text);
    }
}

void xd_tell_failure(struct xd_str *out, const char *path, const struct xd_failure *f)
{
    xd_str_addf(out, "%s:%u: %s\n", path, f->line, f->step);
    indented(out, f->details, "  ");
    indented(out, f->explain, "    ");
}

void xd_file_result_free(struct xd_file_result *r)
{
    xd_str_free(&r->out);
    xd_str_free(&r->messages);
}

void xd_print_tap(size_t nr, const char *path, const struct xd_file_result *r)
{
    struct xd_str s = {0};

    indented(&s, xd_str_text(&r->messages), "# ");
    printf("%sok %zu - %s\n%s", r->code ? "not " : "", nr, path, xd_str_text(&s));
    xd_str_free(&s);
}

/* Characters that XML has no way to hold become question marks. */
static void xml(struct xd_str *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '<' || c == '>' || c == '&' || c == '"')
            xd_str_add(out, c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : "&quot;");
        else
            xd_str_addc(out, (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : (char)c);
    }
}

static void junit_case(struct xd_str *out, const char *path, const struct xd_file_result *r)
{
    const char *what = r->code == XD_FAILED ? "failure" : "error";

    xd_str_add(out, "  <testcase classname=\"xendouble\" name=\"");
    xml(out, path);
    xd_str_addf(out, "\" assertions=\"%u\" time=\"" SECONDS "\"", r->run.checks, SECONDS_OF(r->ns));
    if (!r->code) {
        xd_str_add(out, "/>\n");
        return;
    }
    xd_str_addf(out, ">\n    <%s message=\"", what);
    {
        struct xd_str first = {0};
        const char *text = xd_str_text(&r->messages), *end = strchr(text, '\n');

        xd_str_addn(&first, text, end ? (size_t)(end - text) : strlen(text));
        xml(out, xd_str_text(&first));
        xd_str_free(&first);
    }
    xd_str_add(out, "\">");
    xml(out, xd_str_text(&r->messages));
    xd_str_addf(out, "</%s>\n  </testcase>\n", what);
}

bool xd_write_junit(const char *path, const struct xd_paths *files,
                    const struct xd_file_result *results)
{
    size_t failures = 0, errors = 0;
    uint64_t ns = 0;
    struct xd_str out = {0};
    FILE *f;
    bool ok;

    for (size_t i = 0; i < files->nr; i++) {
        failures += results[i].code == XD_FAILED;
        errors += results[i].code > XD_FAILED;
        ns += results[i].ns;
    }
    xd_str_addf(
        &out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"xendouble\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"" SECONDS
        "\">\n",
        files->nr, failures, errors, SECONDS_OF(ns));
    for (size_t i = 0; i < files->nr; i++)
        junit_case(&out, files->path[i], &results[i]);
    xd_str_add(&out, "</testsuite>\n");
    f = fopen(path, "we");
    ok = f && fwrite(out.text, 1, out.len, f) == out.len;
    ok = f && fclose(f) == 0 && ok;
    xd_str_free(&out);
    return ok;
}
