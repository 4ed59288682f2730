/* SPDX-License-Identifier: MIT */
/*
 * cli.h: what the commands share.
 *
 * Exit codes of all commands: 0 fine, 1 an expectation or check failed, 2 bad usage or input, 3
 * xendouble itself is wrong; the worst wins.
 */
#ifndef XD_CLI_CLI_H
#define XD_CLI_CLI_H

#include "base/number.h"
#include "base/strbuf.h"
#include "cli/counts.h"
#include "program/run.h"

struct xd_command {
    const char *name, *summary, *usage; /* usage: the whole help text */
    int (*run)(int argc, char **argv);  /* argv[0] is the name; getopt starts at 1 */
};

extern const struct xd_command xd_cmd_replay, xd_cmd_fmt, xd_cmd_list, xd_cmd_shrink, xd_cmd_fuzz,
    xd_cmd_oracle, xd_cmd_show, xd_cmd_emit;

/* "xendouble: ..." on standard error; returns XD_UNUSABLE. */
int xd_complain(const char *fmt, ...) XD_PRINTF(1, 2);
/*
 * After getopt said what was wrong, or for --help: shows where help is, or the help. Returns the
 * exit code.
 */
int xd_usage(const struct xd_command *c, bool asked);
/* Everything has been printed: was there room for it? Returns (code), or XD_UNUSABLE. */
int xd_flush(int code);

/* Is there a name before (suffix)? */
bool xd_ends_in(const char *name, const char *suffix);

/* ---- options.c: the values of --(option); false after complaining ---- */
bool xd_option_number(const char *option, const char *text, uint64_t min, uint64_t max,
                      uint64_t *value);
/* Adds the group called (name), one of those in mask (of), to *groups. */
bool xd_option_group(const char *name, uint32_t of, uint32_t *groups);
/* A directory that is there, or can be made, and in which a file can be made. */
bool xd_option_directory(const char *option, const char *path);

/* From now on, this process may use (seconds) of processor time, in which a signal ends it. */
void xd_patience(unsigned int seconds);
/* Does the exit (code) of xd_in_child() say that this was what ended it? */
bool xd_patience_lost(int code);
/*
 * Runs (run) in a process of its own, with xd_patience(patience_s); *said is all that it writes to
 * standard error. What it returns, or 128 and the number of the signal that ended it; -1: there was no
 * process (errno).
 */
int xd_in_child(int (*run)(void *ctx), void *ctx, unsigned int patience_s, struct xd_str *said);

/* Paths in the order given; directories stand for the .xds files below them, sorted. */
struct xd_paths {
    char **path;
    size_t nr, cap;
};
/* 0, or XD_UNUSABLE after complaining. */
int xd_find_scenarios(struct xd_paths *paths, char *const *args, int nr);
void xd_paths_free(struct xd_paths *paths);

/*
 * Reads a whole file, "-" being standard input. NULL after putting the complaint into *error (to be
 * freed).
 */
char *xd_read_file(const char *path, size_t *len, char **error);
#define XD_TEXT_SUFFIX  ".xds"
#define XD_BYTES_SUFFIX ".xdb" /* as long */
/* Reads and parses, or decodes a *.xdb. NULL after putting the complaint into *error (to be freed). */
struct xd_program *xd_load_program(const char *path, char **error);

/* How a file fared. */
struct xd_file_result {
    int code;
    struct xd_run_result run;
    struct xd_counts met; /* for --report */
    uint64_t ns;
    struct xd_str out;      /* trace and explanations */
    struct xd_str messages; /* what went wrong */
};
void xd_file_result_free(struct xd_file_result *r);
/* Appends what (f) says. (command) is the one that shows it again. */
void xd_tell_failure(struct xd_str *out, const char *path, const struct xd_failure *f);

/* report.c */
bool xd_write_junit(const char *path, const struct xd_paths *files,
                    const struct xd_file_result *results);
void xd_print_tap(size_t nr, const char *path, const struct xd_file_result *r);

/* Writes all of it, whatever interrupts. False: nobody reads any more, or there is no room. */
bool xd_write_all(int fd, const void *data, size_t n);

#endif
