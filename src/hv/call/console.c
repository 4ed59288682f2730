/* SPDX-License-Identifier: MIT */
/*
 * console.c: console_io, Xen's own console. Output goes to the console hook, input comes from
 * xd_console_input.
 */
#include "hv/call/call.h"

enum { WRITE, READ };

#define CHUNK 127u /* Xen reads text in pieces of this size */

/* AS-XEN: guest_console_write: of a domain that does not own the console only what can be printed gets there. */
static uint32_t printable(char *text, uint32_t n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++)
        if ((text[i] >= ' ' && text[i] <= '~') || text[i] == '\t' || text[i] == '\n')
            text[kept++] = text[i];
    return kept;
}

static int64_t write_text(struct xd_vcpu *v, uint32_t count, uint64_t buffer)
{
    const struct xd_hooks *h = &v->hv->host->hooks;
    char text[CHUNK];

    for (uint32_t done = 0; done < count;) {
        uint32_t n = count - done < CHUNK ? count - done : CHUNK;

        if (!xd_copy_in(v, text, buffer + done, n))
            return xd_reject(v, XD_WHY_CONSOLE_WRITE_COPY, buffer, done);
        if (h->console)
            h->console(h->ctx, v->domain, text, v->domain->hardware ? n : printable(text, n));
        done += n;
    }
    return 0;
}

static int64_t read_text(struct xd_vcpu *v, uint32_t count, uint64_t buffer)
{
    struct xd_hv *hv = v->hv;
    unsigned char left[XD_CONSOLE_INPUT];
    uint32_t n = count < hv->console_nr ? count : hv->console_nr;

    if (count > INT32_MAX)
        return xd_reject(v, XD_WHY_CONSOLE_READ_COUNT, count);
    if (n == 0)
        return 0;
    if (!xd_copy_out(v, buffer, hv->console, n))
        return xd_reject(v, XD_WHY_CONSOLE_READ_COPY, buffer, n);

    __builtin_memcpy(left, hv->console + n, hv->console_nr - n);
    xd_arena_write(xd_arena_of(hv), hv->console, left, hv->console_nr - n);
    xd_arena_zero(xd_arena_of(hv), hv->console + hv->console_nr - n, n);
    XD_PUT(hv, hv->console_nr, hv->console_nr - n);
    return n;
}

int64_t xd_hc_console_io(struct xd_vcpu *v, const struct xd_args_console_io *arg)
{
    if (!v->domain->privileged && (arg->cmd != WRITE || !xd_is_debug_build(v->hv)))
        return xd_reject(v, XD_WHY_CONSOLE_RIGHTS, v->domain->domid);
    switch (arg->cmd) {
    case WRITE: return write_text(v, arg->count, arg->buffer);
    case READ: return read_text(v, arg->count, arg->buffer);
    default: return xd_reject(v, XD_WHY_CONSOLE_CMD, arg->cmd);
    }
}
