/* SPDX-License-Identifier: MIT */
/* file.c: whole files in and out. */
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TRIES 100u /* names of the new file */

int xd_file_read(const char *path, bool (*wanted)(const char *bytes, size_t n), struct xd_str *out)
{
    FILE *f = fopen(path, "rb");
    char part[16384];
    size_t n;
    int err = 0;

    if (!f)
        return -errno;
    do {
        n = fread(part, 1, sizeof(part), f);
        xd_str_addn(out, part, n);
    } while (n && wanted(xd_str_text(out), out->len));
    if (ferror(f))
        err = errno ? -errno : -EIO;
    (void)fclose(f);
    return err;
}

static int write_out(const char *path, const char *mode, const void *bytes, size_t n)
{
    FILE *f = fopen(path, mode);
    int err = 0;

    if (!f)
        return -errno;
    if (fwrite(bytes, 1, n, f) != n)
        err = errno ? -errno : -EIO;
    if (fclose(f) && !err)
        err = errno ? -errno : -EIO;
    return err;
}

/* A device or a pipe, or a link that leads to no file. */
static bool in_place(const char *path)
{
    struct stat st;

    return stat(path, &st) ? !lstat(path, &st) : !S_ISREG(st.st_mode);
}

/* Replaces what is no link; the new file has a name that nobody had. */
static int replace(const char *path, const void *bytes, size_t n)
{
    struct xd_str part = {0};
    int err = -EEXIST;

    for (unsigned int i = 0; i < TRIES && err == -EEXIST; i++) {
        xd_str_clear(&part);
        xd_str_addf(&part, "%s.part", path);
        if (i)
            xd_str_addf(&part, "-%u", i);
        err = write_out(part.text, "wbx", bytes, n);
        if (!err && rename(part.text, path))
            err = -errno;
        if (err && err != -EEXIST)
            (void)remove(part.text);
    }
    xd_str_free(&part);
    return err;
}

int xd_file_write(const char *path, const void *bytes, size_t n)
{
    char *real;
    int err;

    if (in_place(path))
        return write_out(path, "wb", bytes, n);
    real = realpath(path, NULL); /* NULL: it is new */
    err = replace(real ? real : path, bytes, n);
    free(real);
    return err;
}

const char *xd_file_error(int err)
{
    return strerror(-err);
}
