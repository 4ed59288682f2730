/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h: what the oracle's kernel and its host agree on: a page of memory for each vCPU that both see.
 *
 * The machine's RAM is a file that QEMU and the host map. The host fills in a request and counts `asked` up; the kernel
 * carries it out, fills in the answer and sets `answered` to the same number. Compiled twice: freestanding and hosted.
 */
#ifndef XD_ORACLE_MAILBOX_H
#define XD_ORACLE_MAILBOX_H

/* Where entry.S finds the parts of xd_mailbox.enter. */
#define XD_ENTER_AT     0x2c8
#define XD_ENTER_OUT_AT (XD_ENTER_AT + 0x78)
/* In the first vCPU's page with a stack: where a vCPU that begins at _start goes on instead; 0: nowhere. It becomes 0 by that. */
#define XD_DETOUR_AT 64

#ifndef __ASSEMBLER__
#include <stdint.h>

#define XD_MAIL_MAGIC0     UINT64_C(0x6c62756f646e6578)
#define XD_MAIL_MAGIC1     UINT64_C(0x317861626c69614d)
#define XD_MAIL_PORTS_MAX  64u
#define XD_MAIL_PORTS_END  UINT64_C(0xffffffff)
#define XD_MAIL_CALLS_MAX  32u
#define XD_MAIL_CODE_MAX   40u
#define XD_MAIL_CODE       30u /* bytes */
#define XD_MAIL_PAGE       4096u
#define XD_MAIL_CATCHER    16u /* bytes from one vCPU's part of the code at (caught) to the next's */
#define XD_MAIL_INT_VECTOR 0x20
#define XD_PLACE_USER      0x80u
#define XD_MAIL_VCPUS      4u /* of a domain; their mailboxes lie one behind the other */

/* Pages of the image that the kernel writes to: stacks and mailboxes. */
#define XD_KERNEL_OWN_FIRST 3u
#define XD_KERNEL_OWN_END   11u
/* In each page with a stack there is room for what the host puts there, between what a vCPU writes at both ends. */
#define XD_KERNEL_ROOM_AT 1024u

enum xd_mail_op {
    XD_MAIL_CALL,  /* hypercall (nr) with (arg): (result) */
    XD_MAIL_LOAD,  /* (size) bytes at (va): (result), or a trap */
    XD_MAIL_STORE, /* (value) there */
    XD_MAIL_PORTS, /* of domain (value), those from (nr) on that are not closed into (ports), (size) of them; (result): where to go on, or END,
                      and then (value): the first that is not valid */
    XD_MAIL_CALLS, /* (size) hypercalls, one after the other, whatever they result in */
    XD_MAIL_ENTRIES, /* register the kernel's own trap table and callbacks, and no other trap; (result): how many were refused */
    XD_MAIL_CODE_OUT, /* (nr) pages from (va) on become zero, but for the (size) pieces of (code) */
    XD_MAIL_ENTER, /* go on with the registers of (enter.in), until some code jumps to (enter.caught): then (enter.out). A
                      place of user mode answers there; the next request, which must be XD_MAIL_BACK, leaves it by INT3 */
    XD_MAIL_BACK,
    XD_MAIL_INT, /* INT XD_MAIL_INT_VECTOR, which is a trap, since nobody may use its gate */
};

struct xd_mail_code {
    uint64_t va;
    uint8_t size, byte[XD_MAIL_CODE + 1];
};

/* What the code that jumped to (caught) found. */
struct xd_mail_caught {
    uint64_t place; /* what that code said of itself; XD_PLACE_USER: it runs in user mode */
    uint64_t rax, rcx, r11, rsp, rflags, cs, ss;
    uint64_t rdx;     /* CS before, of code that went over to 64-bit code */
    uint64_t from_cs; /* in the frame of the way back: RPL 0 if it was kernel mode after all */
};

struct xd_mail_enter {
    struct {
        uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp,
            ss; /* as the hypercall iret takes them */
        uint64_t rdi, rsi;
    } in;
    uint64_t by_iret;   /* else they are loaded by the kernel itself, which can load no TF */
    uint64_t caught;    /* as xd_mailbox.caught: an instruction can name it here */
    uint64_t kernel_sp; /* the kernel's own, meanwhile */
    uint64_t
        unmask; /* address of a byte that becomes 0 right before the kernel jumps to (in.rip) */
    struct xd_mail_caught out;
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
    uint64_t caught;                  /* the address of the code that saves registers */
    uint64_t
        newcomer; /* ... of the code by which a vCPU that was caught when it came up goes on; its number is in rbx */
    uint64_t scratch[64]; /* room for the host's own arguments */
    union {
        struct {
            uint64_t word[3]; /* an evtchn_status */
        } ports[XD_MAIL_PORTS_MAX];
        struct {
            uint64_t nr, arg[6], result;
        } call[XD_MAIL_CALLS_MAX];
        struct xd_mail_code code[XD_MAIL_CODE_MAX];
        struct xd_mail_enter enter;
    };
};
#endif

#endif
