/* SPDX-License-Identifier: MIT */
/* reject.c: expands rejects.def, and spells ids as programs do: lower case, with dashes. */
#include "abi/reject.h"

#include "abi/errno.h"

#include <string.h>

enum { XD_0 = 0 };

#define WHY(id, err, subject, xen, sentence) {#id, XD_##err, XD_SUBJECT_##subject, xen, sentence},
static const struct xd_why_row rows[XD_WHYS] = {
    {"NONE", 0, XD_SUBJECT_NONE, "", "nothing was refused"},
#include "abi/rejects.def"
};
#undef WHY

const struct xd_why_row *xd_why_row(enum xd_why why)
{
    XD_ALWAYS(why < XD_WHYS);
    return &rows[why];
}

const char *xd_why_name(enum xd_why why, char buf[XD_WHY_NAME_MAX])
{
    const char *id = xd_why_row(why)->name;
    size_t i;

    for (i = 0; i < XD_WHY_NAME_MAX - 1 && id[i]; i++)
        buf[i] = id[i] == '_'                   ? '-'
                 : id[i] >= 'A' && id[i] <= 'Z' ? (char)(id[i] - 'A' + 'a')
                                                : id[i];
    buf[i] = '\0';
    return buf;
}

/* 'A' and 'a' are one letter, '_' and '-' one sign: an id matches the way a program spells it. */
static bool spells(const char *id, const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];

        if ((c == '-' ? '_' : c) != id[i])
            return false;
    }
    return id[len] == '\0';
}

enum xd_why xd_why_named(const char *name, size_t len)
{
    for (int why = XD_WHY_NONE + 1; why < XD_WHYS; why++)
        if (spells(rows[why].name, name, len))
            return (enum xd_why)why;
    return XD_WHY_NONE;
}
