/* SPDX-License-Identifier: MIT */
/* audit.h: what the parts of the audit share. */
#ifndef XD_HV_AUDIT_H
#define XD_HV_AUDIT_H

#include "base/strbuf.h"

/* A line for (a)->out, and one more in (a)->found, unless (cond) holds. */
#define EXPECT(a, cond, ...)                    \
    do {                                        \
        if (!(cond)) {                          \
            (a)->found++;                       \
            xd_str_addf((a)->out, __VA_ARGS__); \
            xd_str_addc((a)->out, '\n');        \
        }                                       \
    } while (0)

#endif
