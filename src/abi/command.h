/* SPDX-License-Identifier: MIT */
/*
 * command.h: the operations that a call has, and which of them it asks for.
 *
 * Their names are the rows of a group (event_channel_op) or the constants of a kind (vcpu_op). Which one is meant stands in a
 * register, or in memory: at the start of the struct that a register points to (domctl), or of the first buffer of a list
 * of them (dm_op). The elements of a batch have one each, and this is not about them.
 */
#ifndef XD_ABI_COMMAND_H
#define XD_ABI_COMMAND_H

#include "abi/table.h"

enum xd_command_place { XD_CMD_REGISTER, XD_CMD_STRUCT, XD_CMD_BUFFER, XD_CMD_ELEMENT };

struct xd_commands {
    const struct xd_group *group; /* NULL: constants of (kind) */
    enum xd_kind kind;
    enum xd_command_place place;
    unsigned int arg; /* the register, or what points there */
};

/* False: the call has no operations. */
bool xd_commands_of(const struct xd_call *c, struct xd_commands *of);

/* Reads guest memory; false: it can't be read. */
typedef bool xd_command_read(void *ctx, void *to, uint64_t at, size_t size);

/* Which operation of (c) do these arguments ask for? False: none, each element its own, or it can't be read ((read) NULL: memory
 * is not looked at). The number is as wide as its kind, and may be one that Xen does not know. */
bool xd_command_asked(const struct xd_call *c, const uint64_t *arg, xd_command_read *read,
                      void *ctx, uint64_t *cmd);

/* Of operation (cmd) of a call; NULL: there is none of this number. */
const char *xd_command_name(const struct xd_call *c, uint64_t cmd);

/*
 * Operations have one number among all, below XD_OPERATIONS: those of the groups, those of the calls that came before them and
 * share theirs, and the constants. Not every number is one.
 */
#define XD_NO_OPERATION UINT32_MAX
uint32_t xd_operation_of(const struct xd_call *c, uint64_t cmd); /* XD_NO_OPERATION: no such */
/* Its name, and its call; NULL: no operation has this number. */
const char *xd_operation_at(uint32_t number, const struct xd_call **call);

#endif
