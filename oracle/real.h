/* SPDX-License-Identifier: MIT */
/* real.h: what the machine of real.c can do that no double can. */
#ifndef XD_ORACLE_REAL_H
#define XD_ORACLE_REAL_H

#include "xen.h"

#include <stdio.h>

extern struct xd_xen_config xd_real_config; /* what xd_hv_create boots */

/* NULL, or how the domain ended before the program did. */
const char *xd_real_died(void);
/* What Xen and the domain wrote since the last step began; to be freed. */
char *xd_real_log(void);
/* The line by which a double can be laid out like the machine of the last run. */
void xd_real_print_place(FILE *f);

#endif
