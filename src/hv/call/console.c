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

/* AS-XEN: do_console_io: in pieces that end where the ring does; those before one that fails are gone. */
static int64_t read_text(struct xd_vcpu *v, uint32_t count, uint64_t buffer)
{
    struct xd_hv *hv = v->hv;
    uint32_t done = 0;

    if (count > INT32_MAX)
        return xd_reject(v, XD_WHY_CONSOLE_READ_COUNT, count);
    while (done < count && hv->console_nr) {
        uint32_t n = XD_CONSOLE_INPUT - hv->console_at;

        n = n < hv->console_nr ? n : hv->console_nr;
        n = n < count - done ? n : count - done;
        if (!xd_copy_out(v, buffer + done, hv->console + hv->console_at, n))
            return xd_reject(v, XD_WHY_CONSOLE_READ_COPY, buffer + done, n);
        XD_PUT(hv, hv->console_at, (hv->console_at + n) % XD_CONSOLE_INPUT);
        XD_PUT(hv, hv->console_nr, hv->console_nr - n);
        done += n;
    }
    return done;
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
