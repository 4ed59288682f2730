/* SPDX-License-Identifier: MIT */
/*
 * count.c: which calls and operations this process makes, for docs/COVERAGE.md. Only builds with -Dcount=true have it: each name
 * of a call or operation is appended to the file $XENDOUBLE_CALLS when it is first made, a line each.
 */
#define _GNU_SOURCE
#include "hv/call/count.h"

#include "abi/command.h"
#include "abi/guest64.h"
#include "base/strbuf.h"
#include "hv/holders.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define ELEMENTS_MAX 4096u

static atomic_bool call_made[XD_CALLS], op_made[XD_OPERATIONS];

static void tell(const char *call, const char *op)
{
    const char *path = getenv("XENDOUBLE_CALLS");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    struct xd_str line = {0};

    if (path)
        XD_ALWAYS(fd >= 0);
    if (fd < 0)
        return;
    xd_str_addf(&line, "%s%s%s\n", call, op ? " " : "", op ? op : "");
    XD_ALWAYS(write(fd, line.text, line.len) == (ssize_t)line.len);
    close(fd);
    xd_str_free(&line);
}

static void count_op(const struct xd_call *c, uint64_t cmd)
{
    uint32_t number = xd_operation_of(c, cmd);

    if (number != XD_NO_OPERATION && !atomic_exchange(&op_made[number], true))
        tell(c->name, xd_command_name(c, cmd));
}

/* All elements that a batch has, looked at by Xen or not. */
static void count_elements(struct xd_vcpu *v, const struct xd_call *c, const uint64_t *arg)
{
    const bool mmu = c->shape == XD_SHAPE_MMU;
    const size_t size = mmu ? sizeof(struct xd_abi_mmu_update) : sizeof(struct xd_abi_mmuext_op);
    const uint32_t nr = (uint32_t)arg[1] & INT32_MAX;
    uint32_t cmd;

    for (uint32_t i = 0; i < nr && i < ELEMENTS_MAX; i++) {
        if (!xd_look(v, &cmd, arg[0] + i * size, sizeof(cmd)))
            return;
        count_op(c, mmu ? cmd & 7 : cmd);
    }
}

void xd_count_made(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    const struct xd_call *c = xd_call_at(nr);
    uint64_t cmd;

    if (!atomic_exchange(&call_made[nr], true))
        tell(c->name, NULL);
    if (c->shape == XD_SHAPE_MMU || c->shape == XD_SHAPE_MMUEXT)
        count_elements(v, c, arg);
    else if (xd_command_asked(c, arg, xd_look_command, v, &cmd))
        count_op(c, cmd);
}
