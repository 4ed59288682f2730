/* SPDX-License-Identifier: MIT */
/* options.c: values of options that several commands have. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "base/suggest.h"
#include "fuzz/generate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool xd_option_number(const char *option, const char *text, uint64_t min, uint64_t max,
                      uint64_t *value)
{
    if (xd_parse_number(text, value) && *value >= min && *value <= max)
        return true;
    if (max == UINT64_MAX)
        xd_complain("--%s: \"%s\" is no number of 64 bits", option, text);
    else
        xd_complain("--%s: \"%s\" is no number from %llu to %llu", option, text,
                    (unsigned long long)min, (unsigned long long)max);
    return false;
}

bool xd_option_group(const char *name, uint32_t of, uint32_t *groups)
{
    int nr = xd_generate_group_find(name);
    struct xd_suggest near;
    struct xd_str all = {0};

    if (nr >= 0 && of >> nr & 1) {
        *groups |= 1u << nr;
        return true;
    }
    xd_suggest_init(&near, name, strlen(name));
    for (unsigned int i = 0; xd_generate_group_name(i); i++)
        if (of >> i & 1) {
            xd_suggest_offer(&near, xd_generate_group_name(i));
            xd_str_addf(&all, "%s%s", all.len ? ", " : "", xd_generate_group_name(i));
        }
    if (near.best)
        xd_complain("--only: there is no group \"%s\" (did you mean %s?)", name, near.best);
    else
        xd_complain("--only: there is no group \"%s\" (there are %s)", name, xd_str_text(&all));
    xd_str_free(&all);
    return false;
}

/* Asked by doing it: some file systems refuse what their permissions allow. */
static bool can_write_in(const char *directory)
{
    struct xd_str path = {0};
    int fd, err;

    xd_str_addf(&path, "%s/.xendouble-XXXXXX", directory);
    fd = mkstemp(path.text);
    err = errno;
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(path.text);
    }
    xd_str_free(&path);
    errno = err;
    return fd >= 0;
}

bool xd_option_directory(const char *option, const char *path)
{
    struct stat st;

    if ((stat(path, &st) == 0 ||
         (errno == ENOENT && mkdir(path, 0777) == 0 && stat(path, &st) == 0)) &&
        !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (stat(path, &st) == 0 && can_write_in(path))
        return true;
    xd_complain("--%s: %s: no file can be made there: %s", option, path, strerror(errno));
    return false;
}
