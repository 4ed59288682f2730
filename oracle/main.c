/* SPDX-License-Identifier: MIT */
/* main.c: the command `oracle` alone, until `xendouble` has it. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

extern const struct xd_command xd_cmd_oracle;

int xd_complain(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("oracle: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return XD_UNUSABLE;
}

int xd_usage(const struct xd_command *c, bool asked)
{
    fputs(c->usage, asked ? stdout : stderr);
    return asked ? XD_PASSED : XD_UNUSABLE;
}

int xd_flush(int code)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? code : XD_UNUSABLE;
}

int main(int argc, char **argv)
{
    return xd_cmd_oracle.run(argc, argv);
}
