/* SPDX-License-Identifier: MIT */
/* file.h: whole files in and out, for the host's business. */
#ifndef XD_BASE_FILE_H
#define XD_BASE_FILE_H

#include "base/strbuf.h"

/*
 * Adds what the file holds to (out), which is empty: all of it, or as much as was there when (wanted) first said no
 * to it: a device may have no end. 0 or a negative errno.
 */
int xd_file_read(const char *path, bool (*wanted)(const char *bytes, size_t n), struct xd_str *out);

/*
 * Makes the file hold these bytes: 0 or a negative errno, and then (path) is as it was. They are
 * written beside it first, to a new file PATH.part, PATH.part-1, ... A link's target is written; a device or a
 * pipe is written to, and may then have got a part of them.
 */
int xd_file_write(const char *path, const void *bytes, size_t n);

/* What a negative errno of these means, in words. */
const char *xd_file_error(int err);

#endif
