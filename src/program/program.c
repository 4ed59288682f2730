/* SPDX-License-Identifier: MIT */
/* program.c: the arrays of a program. */
#include "program/program.h"

#include <stdlib.h>
#include <string.h>

/* Room for (more) elements of (size) after (used) in *array. */
static void *grow(void *array, uint32_t used, uint32_t more, uint32_t *cap, size_t size)
{
    if (used + more <= *cap)
        return array;
    *cap = (used + more) * 2 + 16;
    return xd_realloc(array, *cap * size);
}

xd_ex xd_program_expr(struct xd_program *p, struct xd_expr e)
{
    p->expr = grow(p->expr, p->exprs, 1, &p->expr_cap, sizeof(*p->expr));
    p->expr[p->exprs] = e;
    return p->exprs++;
}

xd_at xd_program_item(struct xd_program *p, struct xd_item it)
{
    p->item = grow(p->item, p->items, 1, &p->item_cap, sizeof(*p->item));
    p->item[p->items] = it;
    return p->items++;
}

uint32_t xd_program_step(struct xd_program *p, struct xd_step s)
{
    p->step = grow(p->step, p->steps, 1, &p->step_cap, sizeof(*p->step));
    p->step[p->steps] = s;
    return p->steps++;
}

xd_text xd_program_text(struct xd_program *p, const char *text, size_t len)
{
    xd_text at = p->texts;

    p->text = grow(p->text, p->texts, (uint32_t)len + 1, &p->text_cap, 1);
    if (len)
        memcpy(p->text + at, text, len);
    p->text[at + len] = '\0';
    p->texts += (uint32_t)len + 1;
    return at;
}

const struct xd_item *xd_item_find(const struct xd_program *p, xd_at i, unsigned int key)
{
    for (; i; i = p->item[i].next)
        if (p->item[i].key == key)
            return &p->item[i];
    return NULL;
}

void xd_program_free(struct xd_program *p)
{
    if (!p)
        return;
    free(p->file);
    free(p->step);
    free(p->expr);
    free(p->item);
    free(p->text);
    free(p->name);
    free(p->domain);
    free(p);
}
