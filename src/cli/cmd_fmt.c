/* SPDX-License-Identifier: MIT */
/* cmd_fmt.c: scenarios in their canonical form or as bytes, and results filled in. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "program/bytes.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fmt {
    bool check, fill, to_bytes, from_bytes;
    uint64_t seed;
    bool has_seed;
    const char *path;
};

/* A new file beside the old one, if there is one, takes its place in one step. */
static bool replace(const char *path, const struct xd_str *text)
{
    char *real = realpath(path, NULL), *tmp = NULL;
    mode_t mode = umask(0);
    struct stat st;
    bool ok = false;
    int fd;

    umask(mode);
    mode = 0666 & ~mode;
    if (!real && errno == ENOENT)
        real = xd_strdup(path);
    else if (real && stat(real, &st) == 0)
        mode = st.st_mode & 07777;
    if (!real || asprintf(&tmp, "%s.XXXXXX", real) < 0) {
        free(real);
        return false;
    }
    fd = mkstemp(tmp);
    if (fd >= 0) {
        ok = fchmod(fd, mode) == 0;
        for (size_t done = 0; ok && done < text->len;) {
            ssize_t n = write(fd, text->text + done, text->len - done);

            ok = n > 0 || (n < 0 && errno == EINTR);
            done += n > 0 ? (size_t)n : 0;
        }
        ok = close(fd) == 0 && ok && rename(tmp, real) == 0;
        if (!ok)
            unlink(tmp);
    }
    free(tmp);
    free(real);
    return ok;
}

static void failed(void *ctx, const struct xd_failure *f)
{
    const struct fmt *fm = ctx;
    struct xd_str s = {0};

    xd_tell_failure(&s, fm->path, f);
    fputs(xd_str_text(&s), stderr);
    xd_str_free(&s);
}

static void tell(void *ctx, const char *lines)
{
    (void)ctx;
    (void)lines;
}

static int fill(struct fmt *fm, struct xd_program *p)
{
    const struct xd_run_options opt = {.keep_going = true,
                                       .has_seed = fm->has_seed,
                                       .seed = fm->seed,
                                       .fill = p,
                                       .ctx = fm,
                                       .failed = failed,
                                       .tell = tell};
    struct xd_run_result result;

    xd_program_run(p, &opt, &result);
    return (int)result.verdict;
}

/* Where the other form of the file goes: beside it. */
static char *other_path(const struct fmt *fm)
{
    struct xd_str s = {0};

    xd_str_addn(&s, fm->path, strlen(fm->path) - strlen(XD_TEXT_SUFFIX));
    xd_str_add(&s, fm->to_bytes ? XD_BYTES_SUFFIX : XD_TEXT_SUFFIX);
    return s.text;
}

static int convert(const struct fmt *fm, const struct xd_str *out)
{
    char *path = other_path(fm);
    int code = XD_PASSED;

    if (!replace(path, out))
        code = xd_complain("%s: it can't be written: %s", path, strerror(errno));
    free(path);
    return code;
}

static int put(const struct fmt *fm, const struct xd_str *out, const char *text, size_t len)
{
    bool same = out->len == len && !memcmp(xd_str_text(out), text, len);

    if (fm->check) {
        if (!same)
            printf("%s\n", fm->path);
        return same ? XD_PASSED : XD_FAILED;
    }
    if (!strcmp(fm->path, "-"))
        fwrite(xd_str_text(out), 1, out->len, stdout);
    else if (fm->to_bytes || fm->from_bytes)
        return convert(fm, out);
    else if (!same && !replace(fm->path, out))
        return xd_complain("%s: it can't be replaced: %s", fm->path, strerror(errno));
    return XD_PASSED;
}

/* Is this the kind of file that is converted? */
static bool fits(const struct fmt *fm)
{
    const char *suffix = fm->from_bytes ? XD_BYTES_SUFFIX : XD_TEXT_SUFFIX;

    if (!strcmp(fm->path, "-"))
        return true;
    if ((fm->to_bytes || fm->from_bytes) && !xd_ends_in(fm->path, suffix))
        xd_complain("%s: %s converts files *%s", fm->path,
                    fm->to_bytes ? "--to-bytes" : "--from-bytes", suffix);
    else if (!fm->from_bytes && xd_ends_in(fm->path, XD_BYTES_SUFFIX))
        xd_complain("%s: these are bytes; --from-bytes makes text of them", fm->path);
    else
        return true;
    return false;
}

static int format(struct fmt *fm)
{
    struct xd_str out = {0};
    struct xd_program *p = NULL;
    size_t len = 0;
    char *error, *text;
    int code = XD_PASSED, wrote = XD_PASSED;

    if (!fits(fm))
        return XD_UNUSABLE;
    text = xd_read_file(fm->path, &len, &error);
    if (text && fm->from_bytes)
        p = xd_program_from_bytes(fm->path, text, len);
    else if (text)
        p = xd_program_parse(!strcmp(fm->path, "-") ? "(standard input)" : fm->path, text, len,
                             &error);
    if (!p) {
        fflush(stdout);
        fputs(error, stderr);
        free(error);
        free(text);
        return XD_UNUSABLE;
    }
    if (fm->fill)
        code = fill(fm, p);
    if (code < XD_UNUSABLE) {
        if (fm->to_bytes)
            xd_program_to_bytes(p, &out);
        else
            xd_program_print(p, &out);
        wrote = put(fm, &out, text, len);
    }
    xd_str_free(&out);
    xd_program_free(p);
    free(text);
    return code > wrote ? code : wrote;
}

static int fmt(int argc, char **argv)
{
    static const struct option longs[] = {{"check", no_argument, NULL, 'c'},
                                          {"fill", no_argument, NULL, 'f'},
                                          {"to-bytes", no_argument, NULL, 'b'},
                                          {"from-bytes", no_argument, NULL, 'B'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct xd_paths paths = {0};
    struct fmt fm = {0};
    int o, bad, worst = 0;

    while ((o = getopt_long(argc, argv, "cfbBs:h", longs, NULL)) != -1) {
        switch (o) {
        case 'c': fm.check = true; break;
        case 'f': fm.fill = true; break;
        case 'b': fm.to_bytes = true; break;
        case 'B': fm.from_bytes = true; break;
        case 's':
            fm.has_seed = true;
            if (!xd_parse_number(optarg, &fm.seed))
                return xd_complain("--seed: \"%s\" is no number of 64 bits", optarg);
            break;
        case 'h': return xd_usage(&xd_cmd_fmt, true);
        default: return xd_usage(&xd_cmd_fmt, false);
        }
    }
    if (fm.check + fm.to_bytes + fm.from_bytes > 1)
        return xd_complain("fmt: one of --check, --to-bytes and --from-bytes");
    if (optind == argc) {
        xd_complain("fmt: which files?");
        return xd_usage(&xd_cmd_fmt, false);
    }
    bad = xd_find_scenarios(&paths, argv + optind, argc - optind);
    for (size_t i = 0; !bad && i < paths.nr; i++) {
        int code;

        fm.path = paths.path[i];
        code = format(&fm);
        worst = code > worst ? code : worst;
    }
    xd_paths_free(&paths);
    return xd_flush(bad ? bad : worst);
}

const struct xd_command xd_cmd_fmt = {
    .name = "fmt",
    .summary = "bring scenarios into their canonical form",
    .run = fmt,
    .usage =
        "usage: xendouble fmt [OPTION...] FILE|DIR...\n\n"
        "Rewrites scenarios in place, in one step each; - reads standard input and writes standard output.\n\n"
        "  -c, --check    change nothing; name the files that are not in canonical form, and exit with 1\n"
        "  -f, --fill     run them too, and write in what they do not say: results, done=, why=, answers\n"
        "  -s, --seed N   with --fill: scatter machine frames by this seed\n"
        "  -b, --to-bytes    leave FILE.xds as it is, and write its byte form to FILE.xdb\n"
        "  -B, --from-bytes  the other way: write what FILE.xdb means to FILE.xds; any bytes mean something\n",
};
