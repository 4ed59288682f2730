/* SPDX-License-Identifier: MIT */
/* files.c: finding and reading scenarios. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "program/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEPEST 32 /* directories inside each other */

static void add(struct xd_paths *paths, char *path)
{
    if (paths->nr == paths->cap) {
        paths->cap = paths->cap * 2 + 16;
        paths->path = xd_realloc(paths->path, paths->cap * sizeof(*paths->path));
    }
    paths->path[paths->nr++] = path;
}

static char *join(const char *dir, const char *name)
{
    struct xd_str s = {0};
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    xd_str_addn(&s, dir, n);
    if (n && dir[n - 1] != '/')
        xd_str_addc(&s, '/');
    xd_str_add(&s, name);
    return s.text;
}

bool xd_ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);

    return n > s && !strcmp(name + n - s, suffix);
}

static int walk(struct xd_paths *paths, const char *dir, unsigned int depth)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int code = 0;

    if (!d)
        return xd_complain("%s: %s", dir, strerror(errno));
    while (!code && (e = readdir(d))) {
        struct stat st;
        char *path;

        if (*e->d_name == '.')
            continue;
        path = join(dir, e->d_name);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            code = depth < DEEPEST ? walk(paths, path, depth + 1)
                                   : xd_complain("%s: nested too deeply", path);
            free(path);
        } else if (xd_ends_in(e->d_name, XD_TEXT_SUFFIX)) {
            add(paths, path);
        } else {
            free(path);
        }
    }
    closedir(d);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int xd_find_scenarios(struct xd_paths *paths, char *const *args, int nr)
{
    for (int i = 0; i < nr; i++) {
        size_t before = paths->nr;
        struct stat st = {0};

        if (strcmp(args[i], "-") && stat(args[i], &st))
            return xd_complain("%s: %s", args[i], strerror(errno));
        if (!strcmp(args[i], "-") || !S_ISDIR(st.st_mode)) {
            add(paths, xd_strdup(args[i]));
            continue;
        }
        if (walk(paths, args[i], 0))
            return XD_UNUSABLE;
        if (paths->nr == before)
            return xd_complain("%s: no scenarios (*.xds) in this directory or below it", args[i]);
        qsort(paths->path + before, paths->nr - before, sizeof(*paths->path), by_name);
    }
    return 0;
}

void xd_paths_free(struct xd_paths *paths)
{
    for (size_t i = 0; i < paths->nr; i++)
        free(paths->path[i]);
    free(paths->path);
}

static char *complaint(const char *path, const char *what)
{
    struct xd_str s = {0};

    xd_str_addf(&s, "%s: %s\n", path, what);
    return s.text;
}

/* All of (f), or one byte more than a program may have. NULL with errno. */
static char *read_all(FILE *f, size_t *len)
{
    size_t cap = 16384, n = 0, got;
    char *text = malloc(cap), *more;

    if (!text)
        return NULL;
    while ((got = fread(text + n, 1, cap - n, f)) > 0) {
        n += got;
        if (n > XD_SOURCE_MAX)
            break;
        if (n < cap)
            continue;
        cap *= 4;
        more = realloc(text, cap);
        if (!more) {
            free(text);
            errno = ENOMEM;
            return NULL;
        }
        text = more;
    }
    if (ferror(f)) {
        free(text);
        return NULL;
    }
    *len = n;
    return text;
}

char *xd_read_file(const char *path, size_t *len, char **error)
{
    bool in = !strcmp(path, "-");
    FILE *f = in ? stdin : fopen(path, "re");
    char *text = f ? read_all(f, len) : NULL;

    *error = NULL;
    if (!text)
        *error = complaint(path, errno == ENOMEM ? "the host has not enough memory to read it"
                                                 : strerror(errno));
    if (f && !in)
        fclose(f);
    return text;
}

struct xd_program *xd_load_program(const char *path, char **error)
{
    struct xd_program *p;
    size_t len = 0;
    char *text = xd_read_file(path, &len, error);

    if (!text)
        return NULL;
    if (xd_ends_in(path, XD_BYTES_SUFFIX))
        p = xd_program_from_bytes(path, text, len);
    else
        p = xd_program_parse(!strcmp(path, "-") ? "(standard input)" : path, text, len, error);
    free(text);
    return p;
}

bool xd_write_all(int fd, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t got = write(fd, p, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}
