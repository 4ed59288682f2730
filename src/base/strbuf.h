/* SPDX-License-Identifier: MIT */
/* strbuf.h: text that grows. A zeroed struct is an empty buffer; xd_str_free gives the memory back.
 */
#ifndef XD_BASE_STRBUF_H
#define XD_BASE_STRBUF_H

#include "base/bug.h"

#include <stdarg.h>

struct xd_str {
    char *text; /* NUL terminated once anything was added; see xd_str_text */
    size_t len, cap;
    bool fixed; /* (text) is somebody's and does not grow: what has no room is cut off */
};

void xd_str_add(struct xd_str *s, const char *text);
void xd_str_addn(struct xd_str *s, const char *text, size_t n);
void xd_str_addf(struct xd_str *s, const char *fmt, ...) XD_PRINTF(2, 3);
void xd_str_vaddf(struct xd_str *s, const char *fmt, va_list ap) XD_PRINTF(2, 0);
void xd_str_clear(struct xd_str *s);
void xd_str_free(struct xd_str *s);

static inline void xd_str_addc(struct xd_str *s, char c)
{
    if (XD_UNLIKELY(s->len + 2 > s->cap)) {
        xd_str_addn(s, &c, 1);
        return;
    }
    s->text[s->len++] = c;
    s->text[s->len] = '\0';
}

/* The text so far, never NULL. */
const char *xd_str_text(const struct xd_str *s);

#endif
