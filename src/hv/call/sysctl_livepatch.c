/* SPDX-License-Identifier: MIT */
/* sysctl_livepatch.c: sysctl's livepatch_op, where no patch was ever loaded. */
#include "hv/call/sysctl.h"

#include <string.h>

#define NAME_MAX_SIZE 128u
#define PATCH_MAX     (2u << 20)
#define LIST_MAX      1024u
#define LIST_VERSION  1u /* it goes up with each patch that comes or goes */

enum { UPLOAD, GET, LIST, ACTION };

/* AS-XEN: get_name */
static int64_t read_name(struct xd_sysctl *c, const struct xd_abi_livepatch_name *n)
{
    char name[NAME_MAX_SIZE];
    int64_t rc;

    if (!n->size || n->size > sizeof(name) || n->pad[0] | n->pad[1] | n->pad[2])
        return xd_reject(c->v, XD_WHY_LIVEPATCH_NAME, n->size);
    rc = xd_sysctl_read(c, name, n->name, n->size);
    if (rc)
        return rc;
    return name[n->size - 1] ? xd_reject(c->v, XD_WHY_LIVEPATCH_NAME, n->size) : 0;
}

static int64_t no_such(struct xd_sysctl *c)
{
    return xd_reject(c->v, XD_WHY_LIVEPATCH_UNKNOWN);
}

/* ELF64 for x86-64. AS-XEN: livepatch_elf_load, xen_elfnote and others: what a real patch is made of is not looked at. */
#define EHDR 64u

static bool is_elf(const unsigned char *e)
{
    static const unsigned char ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    return !memcmp(e, ident, sizeof(ident));
}

/* AS-XEN: livepatch_upload: a name that can't be read is as bad as a wrong one. */
static int64_t upload(struct xd_sysctl *c)
{
    const uint64_t at = c->op.u.livepatch.u.upload.payload, size = c->op.u.livepatch.u.upload.size;
    unsigned char head[EHDR], byte;

    if (read_name(c, &c->op.u.livepatch.u.name))
        return xd_reject(c->v, XD_WHY_LIVEPATCH_NAME, c->op.u.livepatch.u.name.size);
    if (!size || size > PATCH_MAX)
        return xd_reject(c->v, XD_WHY_LIVEPATCH_SIZE, size);
    if (!xd_handle_ok(at, size, 1))
        return xd_reject(c->v, XD_WHY_COPY_IN, at, size);
    for (uint64_t i = 0; i < size; i += XD_PAGE_SIZE)
        if (!xd_copy_in(c->v, &byte, at + i, 1))
            return xd_reject(c->v, XD_WHY_COPY_IN, at, size);
    if (!xd_copy_in(c->v, &byte, at + size - 1, 1))
        return xd_reject(c->v, XD_WHY_COPY_IN, at, size);
    if (size < sizeof(head) || !xd_copy_in(c->v, head, at, sizeof(head)) || !is_elf(head))
        return xd_reject(c->v, XD_WHY_LIVEPATCH_ELF, size);
    return xd_sysctl_not_modelled(c, c->op.cmd);
}

/* AS-XEN: livepatch_list: it says how many it told of, 0. */
static int64_t list(struct xd_sysctl *c)
{
    struct xd_abi_livepatch_list *l = &c->op.u.livepatch.u.list;

    if (l->nr > LIST_MAX)
        return xd_reject(c->v, XD_WHY_LIVEPATCH_LIST_LONG, l->nr);
    if (l->pad)
        return xd_reject(c->v, XD_WHY_LIVEPATCH_PAD, l->pad);
    if (l->nr && (!xd_handle_ok(l->status, l->nr, 8) || !xd_handle_ok(l->len, l->nr, 4) ||
                  !xd_handle_ok(l->metadata_len, l->nr, 4)))
        return xd_reject(c->v, XD_WHY_LIVEPATCH_HANDLE);
    l->name_total_size = l->metadata_total_size = 0;
    l->nr = 0;
    l->version = LIST_VERSION;
    return 0;
}

static int64_t action(struct xd_sysctl *c)
{
    int64_t rc;

    if (c->op.u.livepatch.u.action.pad)
        return xd_reject(c->v, XD_WHY_LIVEPATCH_PAD, c->op.u.livepatch.u.action.pad);
    rc = read_name(c, &c->op.u.livepatch.u.name);
    return rc ? rc : no_such(c);
}

static int64_t get(struct xd_sysctl *c)
{
    int64_t rc = read_name(c, &c->op.u.livepatch.u.name);

    return rc ? rc : no_such(c);
}

/* AS-XEN: do_sysctl: copied back though it is refused, but where there is no such command. */
int64_t xd_sysctl_livepatch(struct xd_sysctl *c)
{
    c->copyback = XD_COPYBACK_ALWAYS;
    if (c->op.u.livepatch.pad)
        return xd_reject(c->v, XD_WHY_LIVEPATCH_PAD, c->op.u.livepatch.pad);
    switch (c->op.u.livepatch.cmd) {
    case UPLOAD: return upload(c);
    case GET: return get(c);
    case LIST: return list(c);
    case ACTION: return action(c);
    default:
        c->copyback = XD_COPYBACK_NEVER;
        return xd_reject(c->v, XD_WHY_LIVEPATCH_CMD, c->op.u.livepatch.cmd);
    }
}
