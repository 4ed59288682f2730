/* SPDX-License-Identifier: MIT */
/* file.c: whole files in and out. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int xd_file_read(const char *path, struct xd_str *out)
{
    FILE *f = fopen(path, "rb");
    char part[16384];
    size_t n;
    int err = 0;

    if (!f)
        return -errno;
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        xd_str_addn(out, part, n);
    if (ferror(f))
        err = errno ? -errno : -EIO;
    (void)fclose(f);
    return err;
}

static int write_out(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    int err = 0;

    if (!f)
        return -errno;
    if (fwrite(bytes, 1, n, f) != n)
        err = errno ? -errno : -EIO;
    if (fclose(f) && !err)
        err = errno ? -errno : -EIO;
    return err;
}

int xd_file_write(const char *path, const void *bytes, size_t n)
{
    struct xd_str part = {0};
    int err;

    xd_str_add(&part, path);
    xd_str_add(&part, ".part");
    err = write_out(part.text, bytes, n);
    if (!err && rename(part.text, path))
        err = -errno;
    if (err)
        (void)remove(part.text);
    xd_str_free(&part);
    return err;
}

const char *xd_file_error(int err)
{
    return strerror(-err);
}
