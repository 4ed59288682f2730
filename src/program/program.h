/* SPDX-License-Identifier: MIT */
/*
 * program.h: a program, a list of steps that can be read, printed and run.
 *
 * Everything is symbolic: a step names "the third free page of d1", never a frame number, so a
 * program means the same on every machine. Steps, expressions, items and texts live in four arrays
 * of one struct xd_program and name each other by index; index 0 is "none" everywhere. Names of
 * calls, operations and fields are pointers to the rows of src/abi.
 */
#ifndef XD_PROGRAM_PROGRAM_H
#define XD_PROGRAM_PROGRAM_H

#include "abi/table.h"
#include "base/strbuf.h"

typedef uint32_t xd_ex;   /* index of an expression */
typedef uint32_t xd_at;   /* index of an item */
typedef uint32_t xd_text; /* offset of a text */

enum xd_expr_op {
    XD_EX_NONE,
    XD_EX_NUM,     /* num; sub 16: written in hexadecimal */
    XD_EX_NAME,    /* num: slot of a `let` name */
    XD_EX_CAPTURE, /* num: slot of a captured $name, used */
    XD_EX_BIND,    /* num: slot of a $name that is captured here */
    XD_EX_CONST,   /* num: value; a: offset of its name; sub: its kind if written KIND.NAME */
    XD_EX_ERRNO,   /* num: negative */
    XD_EX_DOMAIN,  /* num: index of a domain name */
    XD_EX_WORD,    /* num: its meaning to the step; a: offset of its name */
    XD_EX_TEXT,    /* a: offset, num: length */
    XD_EX_LIST,    /* a: first element, linked by next */
    XD_EX_ANY,     /* ?: not checked */
    XD_EX_NEG,     /* a */
    XD_EX_NOT,     /* a */
    XD_EX_BINARY,  /* sub: the operator's character; a, b */
    XD_EX_SLOT,    /* a[b]: machine address of slot b of table frame a */
    XD_EX_FN,      /* sub: enum xd_fn; a: arguments by next; num: 1 + domain before the dot */
    XD_EX_START,   /* sub: row of the start-of-day fields; num as FN */
    XD_EX_RANGE,   /* a-b */
};

struct xd_expr {
    uint8_t op, sub;
    uint16_t depth; /* of expressions inside each other, at most XD_DEPTH_MAX */
    uint32_t a, b;
    xd_ex next;
    uint64_t num;
};

/*
 * Names of the things a step says about itself; below XD_KEY_FIELD_END it is a field or argument
 * number of its row.
 */
enum xd_key {
    XD_KEY_FIELD_END = 64,
    XD_KEY_ELEMENT, /* of a batch */
    XD_KEY_OP,
    XD_KEY_ARG,
    XD_KEY_START,
    XD_KEY_FD,
    XD_KEY_PFD,
    XD_KEY_COUNT,
    XD_KEY_LIST, /* reqs=, ops=, calls= */
    XD_KEY_PDONE,
    XD_KEY_CMD,
    XD_KEY_ARG1,
    XD_KEY_ARG2,
    XD_KEY_WHY,
    XD_KEY_DONE,
    XD_KEY_BLOCKED,
    XD_KEY_FORM = 96, /* + number in the form's list of keys */
};

struct xd_item {
    uint8_t key;  /* enum xd_key */
    bool negated; /* !flag */
    uint8_t cmd;  /* element of mmu_update: 0..3, or XD_CMD_RAW */
    xd_ex value;  /* element of mmu_update: what it names */
    xd_ex value2; /* element of mmu_update: the value written */
    xd_at sub;    /* element of mmuext_op: its fields */
    xd_at next;
    xd_text note;           /* comment behind an element of a spread batch */
    const struct xd_op *op; /* element of mmuext_op; NULL: cmd= */
};
#define XD_CMD_RAW 8

enum xd_step_kind {
    XD_STEP_NOTE, /* a comment on a line of its own */
    XD_STEP_CALL,
    XD_STEP_MACHINE,
    XD_STEP_DOMAIN,
    XD_STEP_AT,
    XD_STEP_LET,
    XD_STEP_STORE,
    XD_STEP_LOAD,
    XD_STEP_ADVANCE,
    XD_STEP_INJECT,
    XD_STEP_CONSOLE_INPUT,
    XD_STEP_VIRQ,
    XD_STEP_IRQ,
    XD_STEP_EVENT,
    XD_STEP_UPCALL,
    XD_STEP_SCARCE,
    XD_STEP_DESTROY,
    XD_STEP_CRASH,
    XD_STEP_RESUME,
    XD_STEP_POKE,
    XD_STEP_MEMORY,
    XD_STEP_REGS,
    XD_STEP_TRAP,
    XD_STEP_INT,
    XD_STEP_SYSCALL,
    XD_STEP_FAILSAFE,
    XD_STEP_DELIVER,
    XD_STEP_INCOMPLETE,
    XD_STEP_EXPECT_FRAME,
    XD_STEP_EXPECT_ENTRY,
    XD_STEP_EXPECT_MEM,
    XD_STEP_EXPECT_M2P,
    XD_STEP_EXPECT_STACK,
    XD_STEP_EXPECT_PORT,
    XD_STEP_EXPECT_VCPU,
    XD_STEP_EXPECT_DOMAIN,
    XD_STEP_EXPECT_CONSOLE,
    XD_STEP_EXPECT_AUDIT,
};

struct xd_step {
    uint8_t kind;  /* enum xd_step_kind */
    uint8_t depth; /* of multicall blocks around it */
    bool blank;    /* an empty line before it */
    bool spread;   /* CALL of a batch or multicall: one element a line */
    bool raw;      /* CALL: `hypercall NR`: the first item is the number */
    uint32_t line;
    uint32_t parts;   /* CALL of a multicall: steps after it that are its entries, at any depth */
    xd_text note;     /* comment behind it, or all of a NOTE; of a spread call behind { or [ */
    xd_text note_end; /* of a spread call: the comment behind its last line */
    const struct xd_call *call; /* CALL, INJECT */
    const struct xd_op
        *op;         /* CALL of OPS and COMPAT: NULL if op= says the number; INJECT: NULL for any */
    uint32_t domain; /* index of the name of the domain it is about */
    uint32_t vcpu;   /* AT, EXPECT_VCPU */
    xd_ex subject[2]; /* what it is about, in the order it is written */
    xd_at in, out;    /* items before and after `=` */
    xd_ex result;     /* after `=`; 0 or ANY: not checked */
};

struct xd_name {
    xd_text name;
    uint32_t line; /* where it got its meaning */
};

struct xd_program {
    char *file; /* its name in messages */
    struct xd_step *step;
    struct xd_expr *expr;
    struct xd_item *item;
    char *text;
    struct xd_name *name;   /* slots of let and captured names */
    struct xd_name *domain; /* dN in order of declaration; name is the text "dN" */
    uint32_t steps, exprs, items, texts, names, domains;
    uint32_t step_cap, expr_cap, item_cap, text_cap, name_cap, domain_cap;
};

#define XD_SOURCE_MAX (64u << 20) /* bytes of a program's text */
#define XD_LINE_MAX   (1u << 20)  /* bytes of one line of it */
#define XD_NEST_MAX   64u         /* parentheses and lists inside each other */
#define XD_DEPTH_MAX  200u        /* of an expression's tree */
#define XD_BLOCKS_MAX 4u          /* multicall blocks inside each other */
#define XD_NAMES_MAX  4096u       /* let and captured names */
#define XD_VCPUS_SAID 64u         /* vCPUs of a domain that a program can name */

/*
 * Reads a program. NULL if it can't: then *error (to be freed) says file:line:column, shows the
 * line, and says what would have been accepted. (file) is for messages only. The text need not live
 * on.
 */
struct xd_program *xd_program_parse(const char *file, const char *text, size_t len, char **error);
void xd_program_free(struct xd_program *p);

/* The canonical text of all, or of step (i) alone: one line, no comments, long blocks cut. */
void xd_program_print(const struct xd_program *p, struct xd_str *out);
void xd_step_print(const struct xd_program *p, uint32_t i, struct xd_str *out);
void xd_expr_print(const struct xd_program *p, xd_ex e, struct xd_str *out);

/* Building; each returns the index. The arrays may move. */
xd_ex xd_program_expr(struct xd_program *p, struct xd_expr e);
xd_at xd_program_item(struct xd_program *p, struct xd_item it);
uint32_t xd_program_step(struct xd_program *p, struct xd_step s);
xd_text xd_program_text(struct xd_program *p, const char *text, size_t len);

static inline const struct xd_expr *xd_expr_at(const struct xd_program *p, xd_ex e)
{
    return &p->expr[e];
}

static inline const struct xd_item *xd_item_at(const struct xd_program *p, xd_at i)
{
    return &p->item[i];
}

static inline const char *xd_text_at(const struct xd_program *p, xd_text t)
{
    return p->text + t;
}

/* The item of list (i) with (key), or NULL. */
const struct xd_item *xd_item_find(const struct xd_program *p, xd_at i, unsigned int key);

#endif
