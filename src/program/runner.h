/* SPDX-License-Identifier: MIT */
/*
 * runner.h: the state of a run, shared by the files that evaluate, encode, execute, compare and
 * trace.
 *
 * What goes wrong in a step is collected in (report) and (verdict), and told when the step is over.
 */
#ifndef XD_PROGRAM_RUNNER_H
#define XD_PROGRAM_RUNNER_H

#include "base/strbuf.h"
#include "hv/call/cpu.h"
#include "hv/holders.h"
#include "hv/hv.h"
#include "program/forms.h"
#include "program/run.h"

#define XD_SCRATCH_VA      UINT64_C(0x0000008000000000)
#define XD_FRAMES_DEFAULT  8192u /* 32 MiB: room for several domains */
#define XD_PAGES_DEFAULT   256u  /* free pages of a domain */
#define XD_SCRATCH_DEFAULT 1024u
#define XD_SCRATCH_MAX     (512u * 512u)
#define XD_DONE_PRESET     0xddddddddu /* stands in the done word until Xen writes it */

/*
 * A domain of the program and the surroundings made for it. It outlives the domain, so that its
 * pages keep their names.
 */
struct xd_env {
    struct xd_domain *d; /* NULL: not created yet, or destroyed */
    bool created;
    uint16_t domid;
    struct xd_start start;
    uint64_t *page; /* frames of the free pages behind the window's tables */
    uint64_t pages;
    uint64_t first_pfn;
    uint64_t scratch;               /* pages of the scratch window */
    uint64_t area, area_size;       /* where arguments are put */
    uint64_t area_used, area_floor; /* below the floor lie those of calls that are not finished */
};

/*
 * Memory beside the machine, which is all that the pointers of a linked machine's guests reach: what a
 * step's arguments are put into, and what `memory` steps give. Later pieces hide earlier ones.
 */
struct xd_piece {
    uint64_t va;
    size_t n;
    unsigned char *bytes;
    bool given, readonly;
};

/* A call in guest memory. */
struct xd_encoded {
    uint64_t nr, arg[XD_CALL_ARGS];
    uint64_t at;        /* of its struct; 0: none */
    uint64_t done;      /* of its done word; 0: none */
    uint64_t value[16]; /* of its fields or arguments, as asked */
};

/* How an entry of a multicall ended. */
struct xd_seen {
    bool ran;
    int64_t rc;
    unsigned int why;
};

/* A call that is being made: the step and, for a multicall, all steps of its block. */
struct xd_made {
    uint32_t step;
    struct xd_vcpu *v;
    struct xd_env *env;
    struct xd_encoded *enc; /* [0] the step's own; [k] that of step + k */
    struct xd_seen *seen;   /* likewise */
    uint32_t next;          /* entry that runs next, as an offset to step; 0: none */
    bool suspended;         /* it was, once */
    uint64_t area_end;
    struct xd_made *later; /* list of the unfinished */
};

/* The CPU that executes programs: one step, one exit. */
struct xd_program_cpu {
    struct xd_cpu cpu;
    enum { XD_DO_CALL, XD_DO_LOAD, XD_DO_STORE } what;
    const struct xd_encoded *call;
    uint64_t va;
    uint8_t size;
    unsigned char bytes[8];
    bool done; /* the access went through */
};

struct xd_runner {
    const struct xd_program *p;
    const struct xd_run_options *opt;
    struct xd_run_result *result;
    struct xd_hv *hv;
    struct xd_env env[XD_DOMAINS_MAX];
    uint32_t domain, vcpu; /* current: index of the domain name */
    bool has_vcpu;
    bool linked; /* the machine is; see struct xd_piece */
    struct xd_piece *piece;
    size_t pieces, piece_cap;
    bool given_used; /* by a call: the next one finds no `memory` of before */
    bool stop;
    uint64_t *value; /* of names */
    bool *known;
    struct xd_program_cpu cpu;
    struct xd_made *now, *unfinished;
    struct xd_str console; /* written since the last `expect console` */
    struct xd_str line[2]; /* trace: the call being made, by depth */

    uint32_t step; /* that the report is about */
    enum xd_verdict verdict;
    struct xd_str report;
    struct xd_session *session; /* or NULL */
    struct xd_vcpu *explain;    /* whose last refusal belongs to the report */
};

/* ---- run.c ---- */
/* Runs the steps from (from) to before (end), the number of them or one less. */
void xd_run_steps(struct xd_runner *r, uint32_t from, uint32_t end);
/* Nothing is left of the steps that ran but what they did. */
void xd_runner_settle(struct xd_runner *r);
void xd_runner_free(struct xd_runner *r);
/* The step did not go as it should; a line for the report. */
void xd_report(struct xd_runner *r, const char *fmt, ...) XD_PRINTF(2, 3);
void xd_report_as(struct xd_runner *r, enum xd_verdict verdict, const char *fmt, ...)
    XD_PRINTF(3, 4);
struct xd_vcpu *xd_current(struct xd_runner *r);

/* ---- session.c ---- */
/* The run stands before step (at). */
void xd_session_note(struct xd_session *s, uint32_t at);
/* As xd_program_run, up to before (end). */
void xd_session_run(struct xd_session *s, const struct xd_program *p, uint32_t end,
                    const struct xd_run_options *opt, struct xd_run_result *result);

/* ---- env.c ---- */
void xd_make_machine(struct xd_runner *r, const struct xd_step *s);
void xd_make_domain(struct xd_runner *r, const struct xd_step *s);
void xd_forget_domain(struct xd_runner *r, uint32_t index);
/* The frame of the level-(level) table that maps (va) for (v); false: there is none. */
bool xd_table_of(struct xd_vcpu *v, unsigned int level, uint64_t va, uint64_t *mfn);
/*
 * Room of (n) bytes in the argument area of the domain, holding (data), or zeros where it is NULL.
 */
uint64_t xd_area_put(struct xd_runner *r, struct xd_vcpu *v, const void *data, size_t n);

/* ---- aside.c ---- */
/* Where the arguments of calls of a linked machine's domain lie whose name has this index. */
#define XD_ASIDE_SIZE (UINT64_C(1) << 30)
static inline uint64_t xd_area_aside(uint32_t index)
{
    return UINT64_C(0xad00000000) + index * XD_ASIDE_SIZE;
}
/* A copy of (data), or zeros where it is NULL, at (va). */
void xd_aside_put(struct xd_runner *r, uint64_t va, const void *data, size_t n, bool given,
                  bool readonly);
/* The hooks of linked machines. */
bool xd_aside_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n);
bool xd_aside_write(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n);
/* A step is over: takes the arguments that no unfinished call needs. */
void xd_aside_settle(struct xd_runner *r);
/* Takes what `memory` gave, if a call has used it. */
void xd_aside_forget_given(struct xd_runner *r);
void xd_aside_free(struct xd_runner *r);
void xd_run_poke(struct xd_runner *r, const struct xd_step *s);
void xd_run_memory(struct xd_runner *r, const struct xd_step *s);

/* ---- eval.c ---- */
/*
 * The value of an expression for vCPU (v) of the current domain. False: it has none; the report
 * says why.
 */
bool xd_eval(struct xd_runner *r, xd_ex e, uint64_t *value);
/* The value of (e), or (otherwise) if there is none written. */
bool xd_eval_or(struct xd_runner *r, const struct xd_item *it, uint64_t otherwise, uint64_t *value);
void xd_bind(struct xd_runner *r, xd_ex e, uint64_t value);

/* ---- encode.c ---- */
/*
 * Puts the call of step (at) into guest memory; for a multicall the whole block, enc[k] being step
 * (at) + k.
 */
bool xd_encode(struct xd_runner *r, struct xd_vcpu *v, uint32_t at, struct xd_encoded *enc);

/* ---- call.c ---- */
void xd_run_call(struct xd_runner *r, uint32_t at);
void xd_run_store(struct xd_runner *r, const struct xd_step *s);
void xd_run_load(struct xd_runner *r, const struct xd_step *s);
/*
 * Goes on with one call whose vCPU runs again; the report is then about its step. False: there is
 * none.
 */
bool xd_resume(struct xd_runner *r);
/* Gives up one unfinished call of domain (of), or of any where that is NULL, in the same way. */
bool xd_drop_unfinished(struct xd_runner *r, const struct xd_domain *of);
void xd_entry_returned(struct xd_runner *r, struct xd_vcpu *v, int64_t rc);

/* ---- enter.c ---- */
/* The current vCPU; NULL after reporting that there is none. */
struct xd_vcpu *xd_current_or(struct xd_runner *r);
void xd_run_regs(struct xd_runner *r, const struct xd_step *s);
void xd_run_enter(struct xd_runner *r, const struct xd_step *s);
/* The access that ended so enters the guest's kernel; f->why becomes what ended the domain, if something did. */
void xd_deliver_fault(struct xd_runner *r, struct xd_vcpu *v, enum xd_access how,
                      struct xd_fault *f);
void xd_expect_registers(struct xd_runner *r, const struct xd_step *s, const struct xd_vcpu *v);
void xd_expect_stack(struct xd_runner *r, const struct xd_step *s);

/* ---- outcome.c ---- */
/* Compares what the steps of a finished call say with what happened. */
void xd_check_call(struct xd_runner *r, const struct xd_made *m, int64_t rc, unsigned int why);
void xd_check_why(struct xd_runner *r, xd_ex e, unsigned int why);
void xd_check_access(struct xd_runner *r, const struct xd_step *s, enum xd_access how,
                     const struct xd_fault *f);
#define XD_K_RC XD_KINDS /* kind of results, for showing them */
/* Compares (actual), called (what), with expression (e), or captures it. True: as expected. */
bool xd_check_value(struct xd_runner *r, const char *what, unsigned int kind, uint64_t mask,
                    xd_ex e, uint64_t actual);

/* ---- expect.c ---- */
/* Compares (actual) with what the step says of it: (key), or !(key), or nothing. */
void xd_check_state(struct xd_runner *r, const struct xd_step *s, const char *key, bool actual);
void xd_run_expect(struct xd_runner *r, const struct xd_step *s);

/* ---- fill.c ---- */
void xd_fill_result(struct xd_runner *r, uint32_t at, uint64_t value, bool is_rc);
void xd_fill_word(struct xd_runner *r, uint32_t at, const char *word);
void xd_fill_item(struct xd_runner *r, uint32_t at, unsigned int key, unsigned int kind,
                  uint64_t value);
void xd_fill_text(struct xd_runner *r, uint32_t at, unsigned int key, const char *text, size_t len);
void xd_fill_why(struct xd_runner *r, uint32_t at, unsigned int key, unsigned int why);

/* ---- trace.c ---- */
/* A value of (kind), or a result for XD_K_RC. */
void xd_show(struct xd_str *out, unsigned int kind, uint64_t value);
void xd_show_rc(struct xd_str *out, int64_t rc);
void xd_trace_call(struct xd_runner *r, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                   unsigned int depth);
void xd_trace_ret(struct xd_runner *r, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                  int64_t rc, unsigned int depth);
void xd_tell_refusal(struct xd_runner *r, struct xd_vcpu *v);
void xd_trace_step(struct xd_runner *r, uint32_t at, const char *ending);

/* The access that (r->cpu) has just made for (v). */
void xd_trace_access(struct xd_runner *r, struct xd_vcpu *v, enum xd_access how,
                     const struct xd_fault *f);

#endif
