/* SPDX-License-Identifier: MIT */
/* fuzz.h: what the files of `xendouble fuzz` share. */
#ifndef XD_CLI_FUZZ_H
#define XD_CLI_FUZZ_H

#include "cli/cli.h"
#include "cli/oracle.h"
#include "fuzz/generate.h"

#define XD_FUZZ_PATIENCE_S 20u /* of processor time, for one program */

struct xd_fuzz {
    uint64_t seed;     /* of program 0; program k has (seed) + k */
    uint64_t programs; /* 0: no end */
    uint64_t seconds;  /* 0: no end */
    uint64_t jobs, every, max_findings;
    uint64_t
        twice; /* one of so many programs runs twice, and so does each that is judged alone; 0: none */
    uint64_t steps;  /* 0: as xd_generate_shape has it */
    uint32_t groups; /* as struct xd_generate has them; 0: as xd_generate_shape has them */
    bool report;
    const char *keep; /* directory, or NULL */
    struct xd_paths files;
};

/* A program that shows that xendouble is wrong. */
struct xd_finding {
    uint64_t number;   /* its seed is (seed) + number */
    struct xd_str how; /* what findings are told apart by */
    uint64_t times;    /* programs that show the same */
    bool unasked;      /* there was no process to ask it in: (how) says only that it ended one */
};
struct xd_findings {
    struct xd_finding *item;
    size_t nr, cap;
};

/* ---- opinion.c: what a build of this command adds ---- */

/* Which command shows a finding again. */
extern const char xd_fuzz_command[];
/* A second opinion for this process, or NULL. */
const struct xd_opinion *xd_fuzz_opinion(void);

/* ---- fuzz_work.c ---- */

/*
 * An interrupt from the keyboard ends making and shrinking, and what was found is told as it is; a second one
 * ends the command.
 */
void xd_fuzz_heed_interrupts(void);
bool xd_fuzz_interrupted(void);

/* The text of program (number), to be freed with xd_str_free. */
void xd_fuzz_text(const struct xd_fuzz *f, uint64_t number, struct xd_str *out);
/* Makes and judges programs until enough; adds up into *sum. 0, or XD_UNUSABLE after complaining. */
int xd_fuzz_run(const struct xd_fuzz *f, struct xd_counts *sum, struct xd_findings *found);

/* ---- fuzz_find.c ---- */

/*
 * Judges (p) in a process of its own; AUDIT and REACH look after every (every)-th call. (twice): it must end alike when it runs again.
 * XD_BROKEN: xendouble is wrong; (how) says how in a way that does not depend on numbers, (said) in full. Either may be NULL.
 * XD_UNUSABLE after complaining: there is no process.
 */
int xd_fuzz_judge(const struct xd_program *p, uint64_t every, bool twice, struct xd_str *how,
                  struct xd_str *said);
/* Shrinks what was found and tells of it. */
void xd_fuzz_tell(const struct xd_fuzz *f, const struct xd_finding *found);
/* Judges the program of a file; shrinks it and tells of it, if it shows that xendouble is wrong. As xd_fuzz_judge. */
int xd_fuzz_file(const struct xd_fuzz *f, const char *path, const struct xd_program *p);

#endif
