/* SPDX-License-Identifier: MIT */
/* command.c: see command.h. */
#include "abi/command.h"

#define MEMORY_CMDS 63u /* of memory_op: above is where a call goes on that was cut short */

/* Calls whose arguments are plain, and the place of their commands. */
static const struct {
    uint8_t nr;
    struct xd_commands of;
} plain[] = {
    {6, {NULL, XD_K_SCHED_CMD, XD_CMD_REGISTER, 0}},
    {7, {NULL, XD_K_PLATFORM_CMD, XD_CMD_STRUCT, 0}},
    {18, {NULL, XD_K_CONSOLE_CMD, XD_CMD_REGISTER, 0}},
    {19, {&xd_group_physdev, XD_K_NONE, XD_CMD_STRUCT, 0}},
    {21, {NULL, XD_K_ASSIST_TYPE, XD_CMD_REGISTER, 1}},
    {24, {NULL, XD_K_VCPU_CMD, XD_CMD_REGISTER, 0}},
    {25, {NULL, XD_K_SEGBASE, XD_CMD_REGISTER, 0}},
    {31, {NULL, XD_K_XENOPROF_CMD, XD_CMD_REGISTER, 0}},
    {34, {NULL, XD_K_HVM_CMD, XD_CMD_REGISTER, 0}},
    {35, {NULL, XD_K_SYSCTL_CMD, XD_CMD_STRUCT, 0}},
    {36, {NULL, XD_K_DOMCTL_CMD, XD_CMD_STRUCT, 0}},
    {37, {NULL, XD_K_KEXEC_CMD, XD_CMD_REGISTER, 0}},
    {40, {NULL, XD_K_XENPMU_CMD, XD_CMD_REGISTER, 0}},
    {41, {NULL, XD_K_DM_CMD, XD_CMD_BUFFER, 2}},
    {42, {NULL, XD_K_HYPFS_CMD, XD_CMD_REGISTER, 0}},
    {48, {NULL, XD_K_MCA_CMD, XD_CMD_STRUCT, 0}},
};

bool xd_commands_of(const struct xd_call *c, struct xd_commands *of)
{
    if (c->group) {
        *of = (struct xd_commands){.group = c->group,
                                   .place = c->shape == XD_SHAPE_OPS      ? XD_CMD_REGISTER
                                            : c->shape == XD_SHAPE_COMPAT ? XD_CMD_STRUCT
                                                                          : XD_CMD_ELEMENT};
        return true;
    }
    for (size_t i = 0; i < XD_ARRAY_SIZE(plain); i++)
        if (plain[i].nr == c->nr) {
            *of = plain[i].of;
            return true;
        }
    return false;
}

bool xd_command_asked(const struct xd_call *c, const uint64_t *arg, xd_command_read *read,
                      void *ctx, uint64_t *cmd)
{
    struct xd_commands of;
    unsigned int bits;
    uint32_t word;
    uint64_t at;

    if (!xd_commands_of(c, &of) || of.place == XD_CMD_ELEMENT)
        return false;
    if (of.place == XD_CMD_REGISTER) {
        bits = xd_kind_bits((enum xd_kind)c->arg[of.arg].kind);
        *cmd = arg[of.arg] & (~UINT64_C(0) >> (64 - bits));
        if (of.group == &xd_group_memory)
            *cmd &= MEMORY_CMDS;
        return true;
    }
    at = arg[of.arg];
    if (!read || (of.place == XD_CMD_BUFFER && !read(ctx, &at, at, sizeof(at))) ||
        !read(ctx, &word, at, sizeof(word)))
        return false;
    *cmd = word;
    return true;
}

const char *xd_command_name(const struct xd_call *c, uint64_t cmd)
{
    struct xd_commands of;
    const struct xd_op *op;
    const struct xd_const *k;

    if (!xd_commands_of(c, &of))
        return NULL;
    op = of.group ? xd_op_at(of.group, cmd) : NULL;
    k = of.group ? NULL : xd_const_of(of.kind, cmd);
    return op ? op->name : k ? k->name : NULL;
}

uint32_t xd_operation_of(const struct xd_call *c, uint64_t cmd)
{
    struct xd_commands of;
    const struct xd_op *op;
    const struct xd_const *k;

    if (!xd_commands_of(c, &of))
        return XD_NO_OPERATION;
    if (!of.group) {
        k = xd_const_of(of.kind, cmd);
        return k ? 2 * xd_groups_ops() + (uint32_t)(k - xd_consts()) : XD_NO_OPERATION;
    }
    op = xd_op_at(of.group, cmd);
    if (!op)
        return XD_NO_OPERATION;
    return of.group->first + (uint32_t)(op - of.group->ops) +
           (of.place == XD_CMD_STRUCT ? xd_groups_ops() : 0);
}

/* The call that has the operations of a group or kind; of the two that share a group, the one that took the other's place has
 * the command in a register. */
static const struct xd_call *call_with(const struct xd_group *g, enum xd_kind kind, bool in_struct)
{
    struct xd_commands of;

    for (uint64_t nr = 0; nr < XD_CALLS; nr++)
        if (xd_call_at(nr) && xd_commands_of(xd_call_at(nr), &of) && of.group == g &&
            of.kind == kind && (!g || (of.place == XD_CMD_STRUCT) == in_struct))
            return xd_call_at(nr);
    return NULL;
}

const char *xd_operation_at(uint32_t number, const struct xd_call **call)
{
    uint32_t in_group = number % xd_groups_ops();
    size_t constant = (size_t)number - 2 * xd_groups_ops();
    const struct xd_const *k;

    if (number < 2 * xd_groups_ops()) {
        for (const struct xd_group *const *g = xd_groups(); *g; g++)
            if (in_group >= (*g)->first && in_group - (*g)->first < (*g)->nr) {
                *call = call_with(*g, XD_K_NONE, number != in_group);
                return *call ? (*g)->ops[in_group - (*g)->first].name : NULL;
            }
        return NULL;
    }
    if (constant >= xd_consts_nr())
        return NULL;
    k = &xd_consts()[constant];
    *call = call_with(NULL, (enum xd_kind)k->kind, false);
    return *call ? k->name : NULL;
}
