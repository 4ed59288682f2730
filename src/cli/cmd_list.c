/* SPDX-License-Identifier: MIT */
/* cmd_list.c: the tables of src/abi, for people. */
#include "abi/command.h"
#include "abi/reject.h"
#include "abi/table.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/counts.h"
#include "program/forms.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* Rows of columns: aligned, or as a Markdown table. */
struct sheet {
    bool markdown;
    unsigned int columns;
    const int *width;
};

static void row(const struct sheet *s, const char *const *cell)
{
    for (unsigned int i = 0; i < s->columns; i++) {
        if (s->markdown) {
            fputs(i ? " | " : "| ", stdout);
            for (const char *p = cell[i]; *p; p++)
                printf(*p == '|' ? "\\%c" : "%c", *p);
        } else if (i + 1 == s->columns) {
            fputs(cell[i], stdout);
        } else {
            printf("%-*s ", s->width[i], cell[i]);
        }
    }
    puts(s->markdown ? " |" : "");
}

static void head(const struct sheet *s, const char *title, const char *const *cell)
{
    if (!s->markdown) {
        row(s, cell);
        return;
    }
    printf("## %s\n\n", title);
    row(s, cell);
    for (unsigned int i = 0; i < s->columns; i++)
        fputs(i ? "---|" : "|---|", stdout);
    putchar('\n');
}

static void hypercalls(bool markdown)
{
    static const int width[] = {4, 29, 10};
    const struct sheet s = {markdown, 4, width};

    head(&s, "Hypercalls", (const char *const[]){"nr", "name", "modelled", "arguments"});
    for (uint64_t nr = 0; nr < XD_CALLS; nr++) {
        const struct xd_call *c = xd_call_at(nr);
        struct xd_str args = {0};
        char text[8];

        if (!c)
            continue;
        snprintf(text, sizeof(text), "%llu", (unsigned long long)nr);
        if (c->group && (c->shape == XD_SHAPE_OPS || c->shape == XD_SHAPE_COMPAT))
            xd_str_addf(&args, "operation (%s) and its fields", c->group->name);
        else if (c->group && (c->shape == XD_SHAPE_MMU || c->shape == XD_SHAPE_MMUEXT))
            xd_str_addf(&args, "[element, ...] (%s)", c->group->name);
        else if (c->shape == XD_SHAPE_MULTI)
            xd_str_add(&args, "{ call ; ... }");
        for (unsigned int i = 0; c->shape == XD_SHAPE_PLAIN && i < XD_CALL_ARGS && c->arg[i].name;
             i++)
            xd_str_addf(&args, "%s%s:%s", i ? " " : "", c->arg[i].name,
                        xd_kind_name((enum xd_kind)c->arg[i].kind));
        row(&s, (const char *const[]){text, c->name,
                                      !c->modelled ? "no"
                                      : c->in_part ? "in part"
                                                   : "yes",
                                      xd_str_text(&args)});
        xd_str_free(&args);
    }
}

static void ops(bool markdown)
{
    static const int width[] = {10, 4, 22};
    const struct sheet s = {markdown, 4, width};

    head(&s, "Operations",
         (const char *const[]){"group", "nr", "name", "fields (> marks answers)"});
    for (const struct xd_group *const *g = xd_groups(); *g; g++)
        for (const struct xd_op *op = (*g)->ops; op->name; op++) {
            struct xd_str fields = {0};
            char text[16];

            snprintf(text, sizeof(text), "%u", op->nr);
            for (const struct xd_field *f = op->fields ? op->fields() : NULL; f && f->name; f++)
                xd_str_addf(&fields, "%s%s%s:%s", fields.len ? " " : "", f->dir & XD_OUT ? ">" : "",
                            f->name, xd_kind_name((enum xd_kind)f->kind));
            row(&s, (const char *const[]){(*g)->name, text, op->name, xd_str_text(&fields)});
            xd_str_free(&fields);
        }
}

static void command(const struct sheet *s, const struct xd_call *call, uint64_t nr,
                    const char *name, const char *kind)
{
    struct xd_str constant = {0};
    char number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)nr);
    xd_str_addf(&constant, "%s.%s", kind, name);
    row(s, (const char *const[]){call->name, number, name, xd_str_text(&constant)});
    xd_str_free(&constant);
}

/* Those that are no row of `ops`, or a row that another call has too. */
static void commands(bool markdown)
{
    static const int width[] = {23, 4, 32};
    const struct sheet s = {markdown, 4, width};

    head(&s, "Commands", (const char *const[]){"hypercall", "nr", "name", "constant, or group"});
    for (uint64_t at = 0; at < XD_CALLS; at++) {
        const struct xd_call *call = xd_call_at(at);
        struct xd_commands of;

        if (!call || !xd_commands_of(call, &of))
            continue;
        for (const struct xd_const *c = xd_consts(); !of.group && c->name; c++)
            if (c->kind == of.kind)
                command(&s, call, c->value, c->name, xd_kind_name(of.kind));
        for (const struct xd_op *op = of.place == XD_CMD_STRUCT && of.group ? of.group->ops : NULL;
             op && op->name; op++)
            command(&s, call, op->nr, op->name, of.group->name);
    }
}

static void reasons(bool markdown)
{
    static const int width[] = {30, 12, 32};
    const struct sheet s = {markdown, 4, width};

    head(&s, "Reasons", (const char *const[]){"reason", "errno", "function in Xen", "rule"});
    for (int why = 1; why < XD_WHYS; why++) {
        const struct xd_why_row *w = xd_why_row((enum xd_why)why);
        const char *err = w->err ? xd_errno_name(w->err) : "-";
        char name[XD_WHY_NAME_MAX];

        row(&s, (const char *const[]){xd_why_name((enum xd_why)why, name), err ? err : "?", w->xen,
                                      w->sentence});
    }
}

static void constants(bool markdown)
{
    static const int width[] = {12, 22};
    const struct sheet s = {markdown, 3, width};

    head(&s, "Constants", (const char *const[]){"kind", "name", "value"});
    for (const struct xd_const *c = xd_consts(); c->name; c++) {
        char value[24];

        snprintf(value, sizeof(value), c->value > 99 ? "0x%llx" : "%llu",
                 (unsigned long long)c->value);
        row(&s, (const char *const[]){xd_kind_name((enum xd_kind)c->kind), c->name, value});
    }
}

static void functions(bool markdown)
{
    static const int width[] = {12};
    const struct sheet s = {markdown, 2, width};

    head(&s, "Functions of expressions", (const char *const[]){"name", "use"});
    for (unsigned int i = 0; i < XD_FNS; i++)
        if (xd_fn_row(i))
            row(&s, (const char *const[]){xd_fn_row(i)->name, xd_fn_row(i)->usage});
}

static const struct {
    const char *name;
    void (*print)(bool markdown);
} lists[] = {{"hypercalls", hypercalls}, {"ops", ops},
             {"commands", commands},     {"reasons", reasons},
             {"constants", constants},   {"functions", functions}};

static int unknown(const char *name)
{
    struct xd_suggest near;

    xd_suggest_init(&near, name, strlen(name));
    for (size_t i = 0; i < XD_ARRAY_SIZE(lists); i++)
        xd_suggest_offer(&near, lists[i].name);
    xd_complain("list: there is no list \"%s\"%s%s%s", name, near.best ? " (did you mean " : "",
                near.best ? near.best : "", near.best ? "?)" : "");
    return xd_usage(&xd_cmd_list, false);
}

static int list(int argc, char **argv)
{
    static const struct option longs[] = {
        {"markdown", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool markdown = false;
    int o;

    while ((o = getopt_long(argc, argv, "mh", longs, NULL)) != -1) {
        if (o == 'h')
            return xd_usage(&xd_cmd_list, true);
        if (o != 'm')
            return xd_usage(&xd_cmd_list, false);
        markdown = true;
    }
    for (int i = optind; i < argc; i++) {
        size_t k = 0;

        while (k < XD_ARRAY_SIZE(lists) && strcmp(lists[k].name, argv[i]))
            k++;
        if (k == XD_ARRAY_SIZE(lists))
            return unknown(argv[i]);
        if (i > optind)
            putchar('\n');
        lists[k].print(markdown);
    }
    for (size_t k = 0; k < XD_ARRAY_SIZE(lists) && optind == argc; k++) {
        if (k)
            putchar('\n');
        lists[k].print(markdown);
    }
    return xd_flush(XD_PASSED);
}

const struct xd_command xd_cmd_list = {
    .name = "list",
    .summary = "list hypercalls, operations, commands, reasons, constants, functions",
    .run = list,
    .usage =
        "usage: xendouble list [--markdown] [hypercalls|ops|commands|reasons|constants|functions]...\n\n"
        "Prints what xendouble knows, from the tables that it is built from; everything if nothing is named.\n\n"
        "  -m, --markdown   as Markdown tables\n",
};
