/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h: what the oracle's kernel and its host agree on: a page of memory for each vCPU that both see.
 *
 * The machine's RAM is a file that QEMU and the host map. The host fills in a request and counts `asked` up; the kernel
 * carries it out, fills in the answer and sets `answered` to the same number. Compiled twice: freestanding and hosted.
 */
#ifndef XD_ORACLE_MAILBOX_H
#define XD_ORACLE_MAILBOX_H

#include <stdint.h>

#define XD_MAIL_MAGIC0    UINT64_C(0x6c62756f646e6578)
#define XD_MAIL_MAGIC1    UINT64_C(0x317861626c69614d)
#define XD_MAIL_PORTS_MAX 64u
#define XD_MAIL_PORTS_END UINT64_C(0xffffffff)
#define XD_MAIL_CALLS_MAX 32u
#define XD_MAIL_VCPUS     4u /* of a domain; their mailboxes lie one behind the other */

/* Pages of the image that the kernel writes to: stacks and mailboxes. */
#define XD_KERNEL_OWN_FIRST 3u
#define XD_KERNEL_OWN_END   11u

enum xd_mail_op {
    XD_MAIL_CALL,  /* hypercall (nr) with (arg): (result) */
    XD_MAIL_LOAD,  /* (size) bytes at (va): (result), or a trap */
    XD_MAIL_STORE, /* (value) there */
    XD_MAIL_PORTS, /* of domain (value), those from (nr) on that are not closed into (ports), (size) of them; (result): where to go on, or END,
                      and then (value): the first that is not valid */
    XD_MAIL_CALLS, /* (size) hypercalls, one after the other, whatever they result in */
    XD_MAIL_ENTRIES, /* register the kernel's own trap table and callbacks, and no other trap; (result): how many were refused */
};

struct xd_mailbox {
    uint64_t magic[2];
    uint32_t asked, answered;

    uint32_t op, size;
    uint64_t nr, arg[6];
    uint64_t va, value;

    uint64_t result;
    uint64_t trapped; /* the access, or the one hypercall, ended in an exception: */
    uint64_t vector, error, rip;
    uint64_t cr3;            /* as the guest reads it, after the request */
    uint64_t upcalls;        /* delivered since the start, */
    uint64_t upcalls_before; /* and before the one hypercall was made */

    uint64_t start_info_va, stack_va; /* as found at entry */
    uint64_t scratch[64];             /* room for the host's own arguments */
    union {
        struct {
            uint64_t word[3]; /* an evtchn_status */
        } ports[XD_MAIL_PORTS_MAX];
        struct {
            uint64_t nr, arg[6], result;
        } call[XD_MAIL_CALLS_MAX];
    };
};

#endif
