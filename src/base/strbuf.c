/* SPDX-License-Identifier: MIT */
/* strbuf.c: text that grows. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for (n) bytes; for how many there is some. */
static size_t room(struct xd_str *s, size_t n)
{
    if (s->len + n + 1 <= s->cap)
        return n;
    if (s->fixed)
        return s->cap - s->len - 1;
    s->cap = (s->len + n + 1) * 2 + 64;
    s->text = xd_realloc(s->text, s->cap);
    return n;
}

void xd_str_addn(struct xd_str *s, const char *text, size_t n)
{
    n = room(s, n);
    memcpy(s->text + s->len, text, n);
    s->len += n;
    s->text[s->len] = '\0';
}

void xd_str_add(struct xd_str *s, const char *text)
{
    xd_str_addn(s, text, strlen(text));
}

void xd_str_vaddf(struct xd_str *s, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    (void)room(s, 64);
    va_copy(again, ap);
    n = vsnprintf(s->text + s->len, s->cap - s->len, fmt, again);
    va_end(again);
    XD_ALWAYS(n >= 0);
    if ((size_t)n >= s->cap - s->len) {
        n = (int)room(s, (size_t)n);
        vsnprintf(s->text + s->len, (size_t)n + 1, fmt, ap);
    }
    s->len += (size_t)n;
}

void xd_str_addf(struct xd_str *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    xd_str_vaddf(s, fmt, ap);
    va_end(ap);
}

void xd_str_clear(struct xd_str *s)
{
    s->len = 0;
    if (s->text)
        s->text[0] = '\0';
}

void xd_str_free(struct xd_str *s)
{
    free(s->text);
    *s = (struct xd_str){0};
}

const char *xd_str_text(const struct xd_str *s)
{
    return s->text ? s->text : "";
}
