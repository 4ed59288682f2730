/* SPDX-License-Identifier: MIT */
/*
 * forms.h: the language apart from hypercalls, as tables: which keys each kind of step takes, which
 * functions expressions have. Parser, printer and runner all read these.
 */
#ifndef XD_PROGRAM_FORMS_H
#define XD_PROGRAM_FORMS_H

#include "program/program.h"

enum xd_key_type {
    XD_T_NUM,    /* key=EXPR */
    XD_T_FLAG,   /* key */
    XD_T_STATE,  /* key or !key */
    XD_T_TEXT,   /* key="..." */
    XD_T_RANGE,  /* key=FIRST-LAST, any number of times */
    XD_T_WORD,   /* key=WORD, one of (words) */
    XD_T_OWNER,  /* key=dN, or one of (words) */
    XD_T_WHY,    /* key=reason-name or none */
    XD_T_STATUS, /* WORD alone, one of (words), before all other keys */
    XD_T_ERRNO,
    XD_T_DOMAIN,      /* key=dN or EXPR */
    XD_T_WORD_OR_NUM, /* key=WORD, one of (words), or key=EXPR of (kind) */
};

struct xd_form_key {
    const char *name;
    uint8_t type, kind;
    const char *const *words; /* ended by NULL; a word's meaning is its number */
};

#define XD_WORD_BASE UINT64_C(0x100) /* XD_T_WORD_OR_NUM: a word means this + its number */

/* What stands between the name of a step and its keys. */
enum xd_subject {
    XD_S_NONE,
    XD_S_EXPR,
    XD_S_TWO,
    XD_S_PUT, /* a place; a value, a list of them or a text */
    XD_S_NEW_DOMAIN,
    XD_S_DOMAIN,
    XD_S_VCPU, /* dN.V */
    XD_S_PORT, /* dN port EXPR */
    XD_S_LET,
    XD_S_TEXT,
    XD_S_TIME,
    XD_S_CALL,
    XD_S_CONST, /* EXPR of (kind) */
};

enum xd_value {
    XD_V_NONE,
    XD_V_EXPR,    /* = EXPR, needed */
    XD_V_ACCESS,  /* = ok, emulated, pf, gp or nothing */
    XD_V_LOADED,  /* = pf, gp, EXPR, $name or nothing */
    XD_V_ENTERED, /* = handler, gp, ud, crash, none or nothing */
};

struct xd_form {
    const char *name;   /* first word */
    const char *second; /* second one, for `expect` */
    uint8_t step, subject, kind, value;
    const struct xd_form_key *keys; /* ended by a NULL name */
};

const struct xd_form *xd_forms(void); /* ended by a NULL name */
const struct xd_form *xd_form_of(enum xd_step_kind kind);
/*
 * The item of the step with the key called (name), before or behind `=`; NULL if it has none.
 * (name) must exist.
 */
const struct xd_item *xd_form_item(const struct xd_program *p, const struct xd_step *s,
                                   const char *name);

extern const char *const xd_entered_words[]; /* the numbers of enum xd_entered */
extern const char *const xd_access_words[];  /* ok emulated pf gp: the numbers of enum xd_access */

enum xd_fn {
    XD_FN_PAGE,
    XD_FN_VA,
    XD_FN_PFN,
    XD_FN_TABLE,
    XD_FN_CR3,
    XD_FN_USER_CR3,
    XD_FN_SHARED_INFO,
    XD_FN_OF_DOMAIN_END, /* those above can stand behind dN. */
    XD_FN_PTE,
    XD_FN_MACH,
    XD_FN_ENTRY,
    XD_FN_M2P,
    XD_FN_FRAMES,
    XD_FN_PTR,
    XD_FN_PTR8,
    XD_FN_PTR4,
    XD_FN_TEXT,
    XD_FN_BUF,
    XD_FNS
};

struct xd_fn_row {
    const char *name;
    uint8_t args_min, args_max; /* max 255: any number */
    bool transient;             /* lives in the argument area: for this step only */
    const char *usage;
};
const struct xd_fn_row *xd_fn_row(unsigned int fn); /* NULL for XD_FN_OF_DOMAIN_END */
int xd_fn_named(const char *name, size_t len);      /* -1 if unknown */

struct xd_start_row {
    const char *name;
    uint16_t off, size; /* in struct xd_start */
};
const struct xd_start_row *xd_start_rows(void); /* ended by a NULL name */

/* Units of time: "ms" */
struct xd_unit_row {
    const char *name;
    uint64_t ns;
};
const struct xd_unit_row *xd_unit_rows(void); /* ended by a NULL name */
#define XD_TIME_MAX_NS (UINT64_C(1) << 62)

/* P RW US ... of page-table entries. */
struct xd_flag_row {
    const char *name;
    uint64_t value;
};
const struct xd_flag_row *xd_flag_rows(void); /* ended by a NULL name */

/* Keys of calls that are not in src/abi. */
const char *xd_key_name(const struct xd_call *call, unsigned int key);

#endif
