/* SPDX-License-Identifier: MIT */
/*
 * typed.c: what is typed on the real machine's console.
 *
 * Xen keeps it in a ring, and where in the ring it stands shows by what a read that fails leaves. So before the first program that
 * types, and behind each, bytes are typed and read until the next one goes to the beginning, as on the double.
 */
#define _GNU_SOURCE
#include "real.h"

#include <stdlib.h>
#include <string.h>

#define HC_CONSOLE_IO  18u
#define CONSOLEIO_READ 1u
#define RING           128u
#define MAX            0x7fu /* bytes have 7 bits */
#define MARK           24u
#define SWITCHES       1 /* CTRL-A is Xen's */

/* Dom0 reads what waits. */
static bool read_all(struct xd_machine *m)
{
    char text[RING];
    int64_t rc;

    do
        rc = xd_xen_call(&m->xen, 0, HC_CONSOLE_IO, (uint64_t[6]){CONSOLEIO_READ, sizeof(text)}, 2,
                         text, sizeof(text));
    while (rc > 0);
    return rc == 0;
}

/* Xen's ring, by a text that is the first typed since Xen booted. */
static bool find_ring(struct xd_machine *m)
{
    unsigned char text[MARK], *at;

    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (unsigned char)('a' + (i * i + m->boots) % 26);
    if (!xd_xen_type(&m->xen, text, sizeof(text)))
        return false;
    at = memmem(m->xen.ram, m->xen.ram_size, text, sizeof(text));
    if (!at || memmem(at + 1, m->xen.ram_size - (size_t)(at + 1 - m->xen.ram), text, sizeof(text)))
        return false;
    m->ring = at;
    return true;
}

/* Types a byte that does not stand in the ring, and then as many as are missing to the end. */
static bool fill_ring(struct xd_machine *m)
{
    static const unsigned char zeros[RING];
    unsigned char any = SWITCHES + 1;
    const unsigned char *at;

    while (any <= MAX && memchr(m->ring, any, RING))
        any++;
    if (any > MAX || !xd_xen_type(&m->xen, &any, 1))
        return false;
    at = memchr(m->ring, any, RING);
    return at && xd_xen_type(&m->xen, zeros, (size_t)(m->ring + RING - 1 - at));
}

static bool ready(struct xd_machine *m)
{
    return m->ring || (find_ring(m) && read_all(m) && fill_ring(m) && read_all(m));
}

size_t xd_console_input(struct xd_hv *h, const void *bytes, size_t n)
{
    struct xd_machine *m = &xd_real_machine;
    bool order = false;

    (void)h;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        order |= (((const unsigned char *)bytes)[i] & MAX) == SWITCHES;
    if (order || n > XD_XEN_TYPED_MAX) {
        xd_real_cant("CTRL-A is an order to Xen there, and a line is short");
        return 0;
    }
    m->typed = true;
    if (!ready(m) || !xd_xen_type(&m->xen, bytes, n))
        xd_real_cant("Xen did not take in what was typed");
    xd_real_look();
    return n;
}

bool xd_machine_empty_console(struct xd_machine *m)
{
    if (!m->typed)
        return true;
    m->typed = false;
    return m->ring && read_all(m) && fill_ring(m) && read_all(m);
}
