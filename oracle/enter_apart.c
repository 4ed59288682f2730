/* SPDX-License-Identifier: MIT */
/* enter_apart.c: see enter.h. Xen's records of where a kernel is entered, and hypercalls around which they are exchanged. */
#include "enter_apart.h"

#include "real.h"

#include "hv/bounce.h"
#include "hv/copy.h"
#include "hv/pt.h"

#include <stddef.h>
#include <string.h>

#define HC_SET_TRAP_TABLE 0u
#define HC_SET_CALLBACKS  4u
#define HC_STACK_SWITCH   3u
#define HC_MULTICALL      13u
#define HC_VM_ASSIST      21u
#define VM_ASSIST_ENABLE  0u
#define HC_IRET           23u
#define HC_VCPU_OP        24u
#define VCPUOP_SEND_NMI   11u
#define HC_MMUEXT         26u
#define HC_NMI_OP         28u
#define HC_CALLBACK_OP    30u
#define HC_PHYSDEV_OP     33u
#define NEW_USER_BASEPTR  15u
#define LIST_SEEN         1024u
#define SIGN_VECTOR       0x81u
#define SIGN_ROW_AT       (8 + SIGN_VECTOR * XD_TRAP_ROW) /* from the first row */
/* Addresses that nobody else would think of. */
#define SIGN_ROW      UINT64_C(0x00005ee11a7d1001)
#define SIGN_CALLBACK UINT64_C(0x00005ee11a7d2001)
#define SIGN_STACK    UINT64_C(0x00005ee11a7d3008)
#define OWN_STACK     2048u /* of the page: below it lies what a frame of its own needs */

static struct xd_xen *const xen = &xd_real_machine.xen;
static bool expected;
static const char *unfit;
unsigned int xd_times_int;

struct xd_apart xd_apart[XD_XEN_GUESTS];

bool xd_enter_cant(const char *why)
{
    if (!unfit && !xd_real_died()) /* else the program is over */
        unfit = why;
    return false;
}

const char *xd_enter_unfit(void)
{
    return unfit;
}

/* By its name or its number, which may be known only when it runs. */
static bool may_be_iret(const struct xd_program *p, const struct xd_step *s)
{
    const struct xd_expr *x;

    if (!s->raw || !s->in)
        return s->call && s->call->nr == HC_IRET;
    x = xd_expr_at(p, xd_item_at(p, s->in)->value);
    return x->op != XD_EX_NUM || x->num == HC_IRET;
}

void xd_enter_expect(const struct xd_program *p)
{
    unfit = NULL;
    expected = false;
    memset(xd_apart, 0, sizeof(xd_apart));
    for (uint32_t i = 1; i < p->steps; i++) {
        const struct xd_step *s = &p->step[i];

        expected |= s->kind >= XD_STEP_REGS && s->kind <= XD_STEP_DELIVER;
        expected |= s->kind == XD_STEP_CALL && may_be_iret(p, s);
        expected |=
            (s->kind == XD_STEP_LOAD || s->kind == XD_STEP_STORE) && xd_form_item(p, s, "deliver");
    }
}

/* ---- Xen's records ---- */

static bool is_mailbox(const unsigned char *at)
{
    for (unsigned int g = 0; g < XD_XEN_GUESTS; g++) {
        const unsigned char *m = (const unsigned char *)(uintptr_t)xen->guest[g].mail;

        if (m && at >= m && at < m + XD_PAGE_SIZE)
            return true;
    }
    return false;
}

/* Is the row of (vector) its own, as the kernel registers it? */
static bool row_of(const unsigned char *rows, unsigned int vector)
{
    const unsigned char *row = rows + vector * XD_TRAP_ROW;

    return row[0] == vector && row[2] == 0x33 && row[3] == 0xe0;
}

/* Where the records were found for the last program: nobody but Xen writes the signs there. */
enum { ROWS, CALLBACK, STACK, RECORDS };
static size_t record[XD_XEN_GUESTS][RECORDS];

/* Which record it is whose sign stands at (at), and where that begins; RECORDS: none. */
static unsigned int record_at(size_t at, size_t *begin)
{
    const unsigned char *p = xen->ram + at;
    uint64_t w[3];

    memcpy(w, p, sizeof(w));
    if ((w[0] & ~UINT64_C(0xf0ff)) != (SIGN_ROW & ~UINT64_C(0xf0ff)) || is_mailbox(p))
        return RECORDS;
    *begin = at;
    if (w[0] == SIGN_ROW) {
        const unsigned char *rows = p - SIGN_ROW_AT;

        *begin = at - SIGN_ROW_AT;
        return row_of(rows, SIGN_VECTOR) && row_of(rows, XD_VECTOR_GP) && row_of(rows, XD_VECTOR_PF)
                   ? ROWS
                   : RECORDS;
    }
    if (w[0] == SIGN_CALLBACK && w[1] == SIGN_CALLBACK + 1 && w[2] == SIGN_CALLBACK + 2)
        return CALLBACK;
    *begin = at - 8;
    memcpy(&w[1], p - 8, 8);
    return w[0] == SIGN_STACK && w[1] == XD_FLAT_SS ? STACK : RECORDS;
}

static bool still_there(const size_t *where)
{
    static const size_t sign[RECORDS] = {[ROWS] = SIGN_ROW_AT, [STACK] = 8};
    size_t begin;

    for (unsigned int i = 0; i < RECORDS; i++)
        if (!where[i] || record_at(where[i] + sign[i], &begin) != i)
            return false;
    return true;
}

static bool search(size_t *where)
{
    unsigned int times[RECORDS + 1] = {0};
    size_t begin = 0;

    for (size_t at = XD_TRAP_ROWS * XD_TRAP_ROW; at + XD_TRAP_ROWS * XD_TRAP_ROW < xen->ram_size;
         at += 8) {
        const unsigned int i = record_at(at, &begin);

        times[i]++;
        if (i < RECORDS)
            where[i] = begin;
    }
    if (times[ROWS] == 1 && times[CALLBACK] == 1 && times[STACK] == 1)
        return true;
    memset(where, 0, RECORDS * sizeof(*where));
    return xd_enter_cant("Xen's own records of traps and callbacks were not found");
}

/* Registers what can't be overlooked, looks for it in RAM, and takes it back. */
static bool find(unsigned int nr, const struct xd_start *s)
{
    struct xd_apart *g = &xd_apart[nr];
    const struct {
        uint8_t vector, flags;
        uint16_t cs;
        uint32_t pad;
        uint64_t address, end[2];
    } row = {.vector = SIGN_VECTOR, .cs = XD_FLAT_CS64, .address = SIGN_ROW};
    bool ok;

    xd_xen_queue(xen, nr, HC_SET_TRAP_TABLE, (uint64_t[6]){0}, 0, &row, sizeof(row));
    xd_xen_queue(xen, nr, HC_SET_CALLBACKS,
                 (uint64_t[6]){SIGN_CALLBACK, SIGN_CALLBACK + 1, SIGN_CALLBACK + 2}, 0, NULL, 0);
    xd_xen_queue(xen, nr, HC_STACK_SWITCH, (uint64_t[6]){XD_FLAT_SS, SIGN_STACK}, 0, NULL, 0);
    xd_xen_flush(xen, nr);
    ok = still_there(record[nr]) || search(record[nr]);
    g->rows = xen->ram + record[nr][ROWS];
    g->callback = (uint64_t *)(void *)(xen->ram + record[nr][CALLBACK]);
    g->stack = (uint64_t *)(void *)(xen->ram + record[nr][STACK]);
    xen->guest[nr].mail->op = XD_MAIL_ENTRIES;
    ok = xd_xen_ask(xen, nr) && ok;
    xen->guest[nr].mail->op = XD_MAIL_INT;
    ok = ok && xd_xen_ask(xen, nr);
    xd_times_int = ok && xen->guest[nr].mail->trapped && xen->guest[nr].mail->vector == XD_VECTOR_GP
                       ? (unsigned int)xen->guest[nr].mail->error / (XD_MAIL_INT_VECTOR * 8)
                       : 0;
    return (xd_xen_call(
                xen, nr, HC_STACK_SWITCH,
                (uint64_t[6]){XD_FLAT_SS, s->virt_base + XD_KERNEL_OWN_FIRST * XD_PAGE_SIZE +
                                              nr % XD_MAIL_VCPUS * XD_PAGE_SIZE + OWN_STACK},
                0, NULL, 0) == 0 ||
            xd_enter_cant("its kernel's own stack can't be registered")) &&
           ok;
}

/* Xen may look at any time, and finds each word as it was or as it is to be. */
static void exchange(void *xens, void *ours, size_t n)
{
    uint64_t *in_xen = xens;

    for (size_t i = 0; i < n / sizeof(*in_xen); i++) {
        char *other = (char *)ours + i * sizeof(*in_xen);
        const uint64_t was = __atomic_load_n(&in_xen[i], __ATOMIC_RELAXED);
        uint64_t now;

        memcpy(&now, other, sizeof(now));
        __atomic_store_n(&in_xen[i], now, __ATOMIC_RELEASE);
        memcpy(other, &was, sizeof(was));
    }
}

void xd_exchange_rows(struct xd_apart *g)
{
    exchange(g->rows, g->other.row, sizeof(g->other.row));
    exchange(g->stack, g->other.stack, sizeof(g->other.stack));
}

void xd_exchange_callbacks(struct xd_apart *g)
{
    exchange(g->callback, g->other.callback, sizeof(g->other.callback));
}

void xd_enter_start(struct xd_vcpu *v)
{
    static const unsigned char undone[] = {HC_SET_TRAP_TABLE, HC_STACK_SWITCH, HC_SET_CALLBACKS,
                                           HC_CALLBACK_OP, HC_PHYSDEV_OP};
    const struct xd_start *s = &v->domain->start;
    struct xd_apart *g = &xd_apart[xd_number_of(v)];

    g->regs = (struct xd_registers){.rip = s->kernel_va,
                                    .rsp = s->stack_va + XD_PAGE_SIZE,
                                    .rflags = XD_RFLAGS_FIXED | XD_RFLAGS_IF,
                                    .cs = XD_FLAT_CS64,
                                    .ss = XD_FLAT_SS};
    if (!expected)
        return;
    for (size_t i = 0; i < sizeof(undone); i++)
        xd_real_machine.used[undone[i]] = true;
    g->other.stack[0] = XD_FLAT_SS;
    g->other.stack[1] = s->stack_va + XD_PAGE_SIZE;
    g->apart = find(xd_number_of(v), s);
}

/* ---- Hypercalls ---- */

static bool registers_rows(uint64_t nr)
{
    return nr == HC_SET_TRAP_TABLE || nr == HC_STACK_SWITCH || nr == HC_NMI_OP ||
           nr == HC_CALLBACK_OP || nr == HC_MULTICALL;
}

static bool registers_callbacks(uint64_t nr)
{
    return nr == HC_SET_CALLBACKS || nr == HC_CALLBACK_OP;
}

static bool sends_nmi(uint64_t nr, const uint64_t *arg)
{
    return nr == HC_VCPU_OP && (uint32_t)arg[0] == VCPUOP_SEND_NMI && !arg[2];
}

/* An event that a list lets in would be delivered while the program's callback stands there. */
static bool list_fits(const struct xd_apart *g, struct xd_vcpu *v, const uint64_t *arg)
{
    struct xd_abi_multicall_entry e;

    for (uint64_t i = 0; i < (uint32_t)arg[1] && xd_look(v, &e, arg[0] + i * sizeof(e), sizeof(e));
         i++) {
        if (!g->apart)
            continue;
        if (e.op == HC_IRET) /* it ends the list */
            return true;
        if (registers_callbacks(e.op) || sends_nmi(e.op, e.args))
            return xd_enter_cant("it registers callbacks in a list of calls, or sends an NMI");
        if (i == LIST_SEEN)
            return xd_enter_cant("its list of calls is too long to be followed");
    }
    return true;
}

/* Which root table user mode has; of a batch that fails nobody says how far it came. */
static void follow_user_root(struct xd_vcpu *v, const uint64_t *arg, int64_t rc)
{
    struct xd_abi_mmuext_op op;

    for (uint64_t i = 0;
         i < (uint32_t)arg[1] && xd_look(v, &op, arg[0] + i * sizeof(op), sizeof(op)); i++) {
        if (op.cmd != NEW_USER_BASEPTR)
            continue;
        xd_apart[xd_number_of(v)].root_unknown = rc != 0;
        v->user_cr3.v = op.arg1;
    }
}

static void follow_callback(struct xd_vcpu *v, const uint64_t *arg)
{
    enum { REGISTER = 0, SYSCALL32 = 7 };
    struct {
        uint16_t type, flags;
        uint64_t address;
    } reg;

    if ((uint32_t)arg[0] == REGISTER && xd_look(v, &reg, arg[1], sizeof(reg)) &&
        reg.type == SYSCALL32)
        xd_apart[xd_number_of(v)].syscall32 = reg.address;
}

/* What enter.c must know of what (v)'s calls have done. */
static void follow(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    struct xd_abi_multicall_entry e;

    for (uint64_t i = 0; nr == HC_MULTICALL && i < (uint32_t)arg[1] &&
                         xd_look(v, &e, arg[0] + i * sizeof(e), sizeof(e));
         i++)
        if (e.op != HC_MULTICALL)
            follow(v, e.op, e.args, (int64_t)e.result);
    if (nr == HC_MMUEXT)
        follow_user_root(v, arg, rc);
    if (nr == HC_CALLBACK_OP && !rc)
        follow_callback(v, arg);
    if (nr == HC_VM_ASSIST && !rc && (uint32_t)arg[0] == VM_ASSIST_ENABLE &&
        (uint32_t)arg[1] == XD_ASSIST_IOPL)
        v->domain->vm_assist |= 1u << XD_ASSIST_IOPL;
}

bool xd_enter_before_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg)
{
    struct xd_apart *g = &xd_apart[xd_number_of(v)];

    if (nr == HC_MULTICALL && !list_fits(g, v, arg))
        return false;
    if (!g->apart || xd_enter_list(v, nr, arg, NULL))
        return true;
    if (sends_nmi(nr, arg))
        return xd_enter_cant("an NMI is delivered before the call by which it is sent returns");
    if (registers_callbacks(nr) && xd_upcall_due(v))
        return xd_enter_cant("an event would be delivered while a callback is registered");
    if (registers_rows(nr))
        xd_exchange_rows(g);
    if (registers_callbacks(nr))
        xd_exchange_callbacks(g);
    return true;
}

void xd_enter_after_call(struct xd_vcpu *v, uint64_t nr, const uint64_t *arg, int64_t rc)
{
    struct xd_apart *g = &xd_apart[xd_number_of(v)];

    if (!g->apart)
        return;
    if (registers_rows(nr))
        xd_exchange_rows(g);
    if (registers_callbacks(nr))
        xd_exchange_callbacks(g);
    if (nr == HC_MULTICALL && v->blocked)
        xd_enter_cant("a list of calls sleeps, and Xen's records are the kernel's when it goes on");
    follow(v, nr, arg, rc);
}

void xd_enter_came_back(const struct xd_vcpu *v, int64_t rc)
{
    struct xd_apart *g = &xd_apart[xd_number_of(v)];

    g->regs.rflags = xd_kept_flags(g->regs.rflags);
    g->regs.rcx = g->regs.rip;
    g->regs.r11 = g->regs.rflags;
    g->regs.rax = (uint64_t)rc;
}
