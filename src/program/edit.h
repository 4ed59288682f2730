/* SPDX-License-Identifier: MIT */
/*
 * edit.h: programs made from other programs, for whoever shrinks or mutates them.
 *
 * The rule: edits keep the numbers of expressions and items, so several can be made by numbers
 * found before; only steps move. What nothing names any more stays in the arrays until
 * xd_program_compact. Edits may leave a name without a meaning; xd_program_sound tells.
 */
#ifndef XD_PROGRAM_EDIT_H
#define XD_PROGRAM_EDIT_H

#include "program/forms.h"

/* The same program with the same numbers, garbage and all; cheap. */
struct xd_program *xd_program_clone(const struct xd_program *p);
/*
 * What the steps reach and nothing else: names and domains that no step mentions are gone. Lines
 * stay those of the text that (p) was read from.
 */
struct xd_program *xd_program_compact(const struct xd_program *p);

/* Removes each step i with gone[i], and with a multicall its entries. gone has p->steps elements. */
void xd_program_drop_steps(struct xd_program *p, const bool *gone);
/* The entries of multicall (at) in its place. */
void xd_program_unwrap(struct xd_program *p, uint32_t at);
/* Removes each item i with gone[i] from whatever lists it is in. gone has p->items elements. */
void xd_program_drop_items(struct xd_program *p, const bool *gone);
/* Removes each element i of LIST or FN (e) with gone[i]. gone has p->exprs elements. */
void xd_program_drop_elements(struct xd_program *p, xd_ex e, const bool *gone);
/* Removes all comments and empty lines. */
void xd_program_drop_comments(struct xd_program *p);
/* Removes what only checks: expectations, results and answers, unless they give a name its value. */
void xd_program_drop_checks(struct xd_program *p);
/* (e) becomes (with); its place in a list stays. */
void xd_program_put_expr(struct xd_program *p, xd_ex e, struct xd_expr with);
/* A new item at the end of the list that (first) begins; the first item from now on. */
xd_at xd_program_append_item(struct xd_program *p, xd_at first, struct xd_item it);

/*
 * Copies parts of one program to another. A name of (from) gets a slot of its own in (to) when it
 * is first met, under the same name if that is free; domains are matched by name.
 */
struct xd_copier {
    const struct xd_program *from;
    struct xd_program *to;
    uint32_t *name, *domain; /* 1 + number in (to); 0: not met yet */
    bool fresh;              /* (to) had no names, so none can be taken */
};
/* A program without steps, to copy into. */
struct xd_program *xd_program_new(const char *file);
void xd_copier_init(struct xd_copier *c, const struct xd_program *from, struct xd_program *to);
void xd_copier_free(struct xd_copier *c);
xd_ex xd_copy_expr(struct xd_copier *c, xd_ex e);
/* The list of items that (i) begins. */
xd_at xd_copy_items(struct xd_copier *c, xd_at i);
/* Step (at) with its entries, to the end of (to); the new step's number. */
uint32_t xd_copy_step(struct xd_copier *c, uint32_t at);

/* Where an expression stands. */
struct xd_place {
    uint32_t step;
    xd_at item;   /* 0: it is a subject or the result of the step */
    xd_ex root;   /* the whole value it is in */
    xd_ex parent; /* 0: it is the root */
    xd_ex e;
    bool checking; /* behind `=`: what happened, not what is asked; let's value is none of these */
};
/*
 * All expressions of step (at) itself, not of its entries, in the order of its text and parents
 * first.
 */
void xd_step_places(const struct xd_program *p, uint32_t at,
                    void (*visit)(void *ctx, const struct xd_place *place), void *ctx);

/* Does the step name a domain before all expressions? */
bool xd_step_names_domain(const struct xd_step *s);
/* Does (place) give its name a value: the subject of let, or a capture? */
bool xd_place_defines(const struct xd_program *p, const struct xd_place *place);

/*
 * Would the program's text be read again, as far as names and order go: each name and domain
 * declared once and before it is used, the machine first, a domain before the calls?
 */
bool xd_program_sound(const struct xd_program *p);

/* Do (p) and (q) mean the same by step (at), with its entries? Comments and lines apart. In same.c. */
bool xd_step_same(const struct xd_program *p, const struct xd_program *q, uint32_t at);

#endif
