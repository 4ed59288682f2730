/* SPDX-License-Identifier: MIT */
/* enter.c: see enter.h. What each step does. */
#include "enter_apart.h"

#include "hv/copy.h"
#include "hv/pt.h"

#include <stddef.h>
#include <string.h>

#define HC_GET_DEBUGREG 9u
#define DATA_BREAKS     4u
#define DR7             7u
#define DR7_BYTE        3u /* of one register: at reads and writes, of one byte */
#define NO_FAULT        UINT64_C(0x00005ee11a7d5000) /* cr2 while there was none */
#define RF_WORD         3u /* words from the top of a frame to its flags */

static struct xd_xen *const xen = &xd_real_machine.xen;

enum xd_code xd_mode_of(bool user, uint64_t cs)
{
    return !user                                          ? XD_CODE_KERNEL
           : ((uint16_t)cs | XD_RPL) == XD_FLAT_USER_CS32 ? XD_CODE_USER_32
                                                          : XD_CODE_USER;
}

/* Where the program has exceptions of (vector) go; 0: nowhere. */
static uint64_t handler(const struct xd_apart *g, unsigned int vector)
{
    uint64_t address;

    memcpy(&address, g->other.row + vector * XD_TRAP_ROW + 8, 8);
    return address;
}

/* The program's entries, of which any may be taken. */
static bool lay_entries(const struct xd_apart *g)
{
    for (unsigned int vector = 0; vector < XD_TRAP_ROWS; vector++) {
        const uint64_t address = handler(g, vector);

        if (address && !xd_lay(address, XD_CODE_KERNEL, NULL, 0))
            return false;
    }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(g->other.callback); i++)
        if (g->other.callback[i] && !xd_lay(g->other.callback[i], XD_CODE_KERNEL, NULL, 0))
            return false;
    return !g->syscall32 || xd_lay(g->syscall32, XD_CODE_KERNEL, NULL, 0);
}

/*
 * Flags and selectors that the kernel can't load for itself are loaded by Xen, which changes nothing else if the mask is said.
 * Else the kernel clears the mask itself, at last: an event that is due must not come before.
 */
static bool load(struct xd_going *go, volatile struct xd_mail_enter *e)
{
    const struct xd_registers *r = &go->g->regs;
    const struct xd_abi_vcpu_info *info;

    e->in.rax = go->rax;
    e->in.rcx = r->rcx;
    e->in.r11 = r->r11;
    e->in.rsp = go->rsp;
    e->in.rip = go->rip;
    e->in.rflags = r->rflags;
    e->in.rdi = go->rdi;
    e->in.rsi = go->rsi;
    e->caught = xen->guest[xd_number_of(go->v)].mail->caught;
    e->by_iret = r->user || r->rflags & XD_RFLAGS_TF ||
                 (!go->calls && (r->cs != XD_FLAT_CS64 || r->ss != XD_FLAT_SS));
    if (!e->by_iret) {
        e->unmask = xd_real_takes_mask(xd_number_of(go->v))
                        ? xd_lay_mask()
                        : xen->guest[xd_number_of(go->v)].mail_va +
                              offsetof(struct xd_mailbox, enter.out.place);
        return true;
    }
    info = xd_vcpu_info(go->v);
    if (go->v->domain->vm_assist >> XD_ASSIST_IOPL & 1)
        return xd_enter_cant(
            "its registers can't be loaded while iret may change the I/O privilege level");
    if (r->cs != XD_FLAT_CS64 && xd_mode_of(r->user, r->cs) != XD_CODE_USER_32)
        return xd_enter_cant("its code is not Xen's flat one");
    if (info->evtchn_upcall_pending && !info->evtchn_upcall_mask)
        return xd_enter_cant("an event would be delivered while its registers are loaded");
    e->in.flags = 0;
    e->in.cs = r->user ? r->cs : r->cs & ~(uint64_t)XD_RPL;
    e->in.ss = r->ss;
    e->in.rflags &= ~(uint64_t)(XD_RFLAGS_IF | XD_RFLAGS_IOPL);
    if (!info->evtchn_upcall_mask)
        e->in.rflags |= XD_RFLAGS_IF;
    (void)xd_real_takes_mask(xd_number_of(go->v)); /* and by IF Xen clears it */
    return true;
}

/* QEMU leaves RF out of the flags that a fault pushes; the processor sets it (Intel SDM 3A, 6.8.3). */
static void set_resume_flag(const struct xd_going *go, bool was_user, uint64_t rsp)
{
    const uint64_t top = (was_user ? go->g->other.stack[1] : rsp) & ~UINT64_C(0xf);
    uint64_t word[RF_WORD];

    if (!xd_look(go->v, word, top - sizeof(word), sizeof(word)) || word[1] != rsp)
        return;
    word[0] |= XD_RFLAGS_RF;
    (void)xd_copy_out(go->v, top - sizeof(word), word, sizeof(word[0]));
}

/* The code itself did not run into a page fault, since 32-bit code reads it in another way, or the page is not there. */
static bool undisturbed(struct xd_going *go)
{
    struct xd_abi_vcpu_info *info = xd_real_info(xd_number_of(go->v));
    const uint64_t cr2 = info->cr2;

    if (cr2 != NO_FAULT)
        return (cr2 != xd_lay_mark() && !xd_lay_touches(cr2, 1)) ||
               xd_enter_cant("the code that would report can't run there");
    info->cr2 = go->cr2;
    return true;
}

/* Did Xen deliver an event right before the instruction, since an interrupt came in there? */
static bool came_before(const struct xd_going *go, uint64_t rsp)
{
    uint64_t rip;

    return go->at == go->g->other.callback[0] && go->at != go->rip &&
           xd_look(go->v, &rip, rsp + XD_FRAME_RIP * sizeof(rip), sizeof(rip)) && rip == go->rip;
}

bool xd_run_into(struct xd_going *go, const void *instruction, size_t n)
{
    struct xd_apart *g = go->g;
    const unsigned int nr = xd_number_of(go->v);
    volatile struct xd_mailbox *m = xen->guest[nr].mail;
    const bool was_user = g->regs.user;
    const uint64_t rsp = go->rsp;
    struct xd_mail_caught out;
    bool answered;

    if (!xd_lay(go->rip + n, xd_mode_of(was_user, g->regs.cs), instruction, n) || !lay_entries(g))
        return xd_enter_cant(xd_lay_why());
    if (!xd_lay_show(go->v->cr3.v, go->user ? go->v->user_cr3.v : 0)) {
        (void)xd_lay_hide();
        return xd_enter_cant(xd_lay_why() ? xd_lay_why() : "a domain gave no answer");
    }
    if (!load(go, &m->enter)) {
        (void)xd_lay_hide();
        return false;
    }
    go->cr2 = xd_real_info(nr)->cr2;
    xd_real_info(nr)->cr2 = NO_FAULT;
    xd_exchange_rows(g);
    xd_exchange_callbacks(g);
    m->op = XD_MAIL_ENTER;
    answered = xd_xen_ask(xen, nr);
    xd_exchange_rows(g);
    xd_exchange_callbacks(g);
    if (answered && m->enter.out.place & XD_PLACE_USER) {
        m->op = XD_MAIL_BACK;
        answered = xd_xen_ask(xen, nr);
    }
    memcpy(&out, (const void *)(uintptr_t)&m->enter.out, sizeof(out));
    if (!xd_lay_hide())
        answered = xd_enter_cant(xd_lay_why());
    if (answered && !undisturbed(go))
        answered = false;
    xd_real_look();
    if (!answered || xd_real_died())
        return false;
    go->place = (unsigned int)out.place;
    go->at = xd_laid_at(go->place);
    if (came_before(go, out.rsp))
        return xd_enter_cant("by chance an event was delivered before the instruction");
    if (go->at == go->rip + n && !go->passes)
        return xd_enter_cant("no such thing happens there on a real processor");
    g->regs.rip = go->at;
    g->regs.rax = out.rax;
    g->regs.rcx = out.rcx;
    g->regs.r11 = out.r11;
    g->regs.rsp = out.rsp;
    g->regs.rflags = out.rflags;
    g->regs.cs = (uint16_t)(xd_laid_mode(go->place) == XD_CODE_USER_32 ? out.rdx : out.cs);
    g->regs.ss = (uint16_t)out.ss;
    g->regs.user = go->place & XD_PLACE_USER && (out.from_cs & XD_RPL) == XD_RPL;
    go->v->kernel_mode = !g->regs.user;
    if (go->fault && go->at != go->rip + n)
        set_resume_flag(go, was_user, rsp);
    return true;
}

bool xd_going_begin(struct xd_going *go, struct xd_vcpu *v)
{
    *go = (struct xd_going){.v = v, .g = &xd_apart[xd_number_of(v)]};
    if (xd_enter_unfit() || !go->g->apart || v->down)
        return xd_enter_cant("a vCPU that is down has no registers");
    if (v->blocked)
        return xd_enter_cant("a vCPU that sleeps runs into nothing");
    go->rax = go->g->regs.rax;
    go->rsp = go->g->regs.rsp;
    go->rip = go->g->regs.rip;
    go->user = go->g->regs.user;
    xd_lay_begin(v);
    return true;
}

static enum xd_entered finish(bool ran)
{
    return xd_real_died() ? XD_ENTERED_CRASH : ran ? XD_ENTERED_HANDLER : XD_ENTERED_MISUSE;
}

void xd_guest_registers(const struct xd_vcpu *v, struct xd_registers *r)
{
    *r = xd_apart[xd_number_of(v)].regs;
    if (!v->down)
        r->cr2 = xd_vcpu_info((struct xd_vcpu *)(uintptr_t)v)->cr2;
}

int xd_guest_registers_set(struct xd_vcpu *v, const struct xd_registers *r)
{
    struct xd_registers *to = &xd_apart[xd_number_of(v)].regs;

    if (!xd_va_canonical(r->rip))
        return -XD_HOST_EINVAL;
    to->rax = r->rax;
    to->rcx = r->rcx;
    to->r11 = r->r11;
    to->rip = r->rip;
    to->rsp = r->rsp;
    to->rflags = xd_kept_flags(r->rflags);
    return 0;
}

/* The instruction that faults at (cr2), as the last access did if that is the one. */
static size_t accesses(struct xd_going *go, uint32_t error, uint64_t cr2, unsigned char *code)
{
    const bool store = error & 2, last = go->g->access.size && go->g->access.store == store &&
                                         cr2 - go->g->access.va < go->g->access.size;
    const unsigned int size = last ? go->g->access.size : 1;
    size_t n = 0;

    go->rdi = last ? go->g->access.va : cr2;
    go->rsi = last ? go->g->access.value : 0;
    if (size == 2)
        code[n++] = 0x66;
    if (size == 1 || size == 8)
        code[n++] = size == 1 ? 0x40 : 0x48;
    code[n++] = (unsigned char)((store ? 0x88 : 0x8a) + (size > 1));
    code[n++] = 0x37; /* between rsi and (rdi) */
    return n;
}

static bool page_fault(struct xd_going *go, uint32_t error, uint64_t cr2)
{
    unsigned char code[4];
    size_t n = accesses(go, error, cr2, code);
    const bool user = go->g->regs.user;
    uint64_t told;

    if (!xd_lay(go->rip + n, xd_mode_of(user, go->g->regs.cs), code, n) || !lay_entries(go->g))
        return xd_enter_cant(xd_lay_why());
    if (xd_lay_touches(cr2, 1))
        return xd_enter_cant("it faults too near to where it may go on");
    xd_lay_begin(go->v);
    if (!xd_run_into(go, code, n))
        return false;
    if (go->at != handler(go->g, XD_VECTOR_PF))
        return true;
    return (xd_look(go->v, &told, go->g->regs.rsp + 16, 8) &&
            told == ((error & ~(uint32_t)XD_PF_USER) | (user ? XD_PF_USER : 0))) ||
           xd_enter_cant("the access faults in another way");
}

/* Registers of which 32-bit code has only a part, or not at all. */
static bool long_code(const struct xd_going *go)
{
    return xd_mode_of(go->g->regs.user, go->g->regs.cs) != XD_CODE_USER_32 ||
           xd_enter_cant("no instruction is laid that accesses memory in 32-bit code");
}

static bool delivers(const struct xd_program_cpu *c)
{
    const struct xd_runner *r = (const void *)((const char *)c - offsetof(struct xd_runner, cpu));

    return xd_form_item(r->p, &r->p->step[r->step], "deliver");
}

/* User mode runs into what it runs into, and its kernel is told at once. */
static void access_of_user(struct xd_vcpu *v, const struct xd_program_cpu *c,
                           struct xd_outcome *out)
{
    unsigned char code[4];
    struct xd_going go;
    uint64_t error;
    size_t n;

    if (!xd_going_begin(&go, v) ||
        (!delivers(c) && !xd_enter_cant("user mode can't be made to miss its own fault")))
        return;
    if (!long_code(&go))
        return;
    go.fault = true;
    n = accesses(&go, c->what == XD_DO_STORE ? 2 : 0, c->va, code);
    if (!xd_run_into(&go, code, n))
        return;
    if (handler(go.g, XD_VECTOR_PF) == handler(go.g, XD_VECTOR_GP) ||
        (go.at != handler(go.g, XD_VECTOR_PF) && go.at != handler(go.g, XD_VECTOR_GP))) {
        xd_enter_cant("where it went on does not tell which exception it was");
        return;
    }
    out->kind = XD_OUTCOME_TRAP;
    out->vector = go.at == handler(go.g, XD_VECTOR_PF) ? XD_VECTOR_PF : XD_VECTOR_GP;
    if (xd_look(v, &error, go.g->regs.rsp + 16, sizeof(error)))
        out->fault.error = (uint32_t)error;
    out->fault.cr2 = xd_vcpu_info(v)->cr2;
    go.g->access.delivered = true;
}

bool xd_enter_access(struct xd_vcpu *v, const struct xd_program_cpu *c, struct xd_outcome *out)
{
    struct xd_apart *g = &xd_apart[xd_number_of(v)];

    g->access.va = c->va;
    g->access.size = c->size;
    g->access.store = c->what == XD_DO_STORE;
    memcpy(&g->access.value, c->bytes, sizeof(g->access.value));
    if (!g->regs.user)
        return false;
    access_of_user(v, c, out);
    if (xd_real_died())
        out->kind = XD_OUTCOME_CRASHED;
    return true;
}

/*
 * A #DB with cause B0 to B3 comes behind an access to what that debug register names, if the program has set it up for data. Others
 * bring no cause alone: TF stops the code that reports, too.
 */
static bool debug_trap(struct xd_going *go, uint64_t cause)
{
    const unsigned int nr = (unsigned int)__builtin_ctzll(cause | 1u << DR7);
    const unsigned int g = xd_number_of(go->v);
    uint64_t at, control;

    if (cause != UINT64_C(1) << nr || nr >= DATA_BREAKS)
        return xd_enter_cant("no instruction is known that raises #DB for this cause alone");
    at = (uint64_t)xd_xen_call(xen, g, HC_GET_DEBUGREG, (uint64_t[6]){nr}, 0, NULL, 0);
    control = (uint64_t)xd_xen_call(xen, g, HC_GET_DEBUGREG, (uint64_t[6]){DR7}, 0, NULL, 0);
    if (!(control >> 2 * nr & 3) || (control >> (16 + 4 * nr) & 0xf) != DR7_BYTE)
        return xd_enter_cant("its debug registers stop at no access to a byte");
    go->fault = false;
    go->rdi = at;
    go->rip -= 3;
    return xd_run_into(go, "\x40\x8a\x37", 3);
}

static bool trap(struct xd_going *go, unsigned int vector, uint32_t error, uint64_t cr2)
{
    go->fault = true;
    if ((!vector || vector == XD_VECTOR_GP || vector == XD_VECTOR_PF) && !long_code(go))
        return false;
    switch (vector) {
    case 0: return xd_run_into(go, "\x40\xf6\xf6", 3); /* by sil, which is zero */
    case XD_VECTOR_DB: return long_code(go) && debug_trap(go, cr2);
    case XD_VECTOR_BP:
        go->fault = false;
        go->rip -= 1;
        return xd_run_into(go, "\xcc", 1);
    case XD_VECTOR_OF:
        go->fault = false;
        go->rip -= 2;
        return xd_run_into(go, "\xcd\x04", 2);
    case XD_VECTOR_UD: return xd_run_into(go, "\x0f\x0b", 2);
    case XD_VECTOR_NM: go->passes = true; return xd_run_into(go, "\xd9\xd0", 2); /* fnop */
    case XD_VECTOR_GP:
        if (error & XD_RPL)
            break;
        go->rdi = error ? error : XD_GUEST_LOW_END;
        return error ? xd_run_into(go, "\x8e\xdf", 2) /* edi into ds */
                     : xd_run_into(go, "\x40\x8a\x37", 3);
    case XD_VECTOR_PF: return page_fault(go, error, cr2);
    default: break;
    }
    return xd_enter_cant("no instruction is known that raises this exception there");
}

enum xd_entered xd_guest_trap(struct xd_vcpu *v, unsigned int vector, uint32_t error, uint64_t cr2)
{
    struct xd_going go;
    uint64_t rip;
    bool ran;

    if (!xd_going_begin(&go, v))
        return finish(false);
    if (go.g->access.delivered) {
        go.g->access.delivered = false;
        return XD_ENTERED_HANDLER;
    }
    rip = go.rip;
    ran = trap(&go, vector, error, cr2);
    if (ran && go.passes && go.at == rip + 2) { /* it was Xen's own affair */
        go.g->regs.rip = rip;
        return XD_ENTERED_NONE;
    }
    return finish(ran);
}

enum xd_entered xd_guest_int(struct xd_vcpu *v, unsigned int vector)
{
    const bool open = vector == XD_VECTOR_BP || vector == XD_VECTOR_OF || vector == XD_VECTOR_INT80;
    const unsigned int by = open || xd_times_int != 2 ? vector : vector / 2;
    const unsigned char code[2] = {0xcd, (unsigned char)by};
    struct xd_going go;

    if (!xd_going_begin(&go, v) || (vector > 255 && !xd_enter_cant("there is no such vector")))
        return finish(false);
    if (!open && (by * xd_times_int != vector || by == XD_VECTOR_BP || by == XD_VECTOR_OF ||
                  by == XD_VECTOR_INT80)) {
        xd_enter_cant("of this INT QEMU reports another vector");
        return finish(false);
    }
    go.fault = !open;
    return finish(xd_run_into(&go, code, sizeof(code)));
}

enum xd_entered xd_guest_syscall(struct xd_vcpu *v)
{
    struct xd_going go;

    if (!xd_going_begin(&go, v) ||
        (!go.user && !xd_enter_cant("in kernel mode SYSCALL is a hypercall")))
        return finish(false);
    go.rip -= 2;
    return finish(xd_run_into(&go, "\x0f\x05", 2));
}

enum xd_entered xd_guest_failsafe(struct xd_vcpu *v)
{
    (void)v;
    xd_enter_cant("Xen loads segments when it likes");
    return XD_ENTERED_MISUSE;
}

/* WBINVD is an instruction that Xen emulates, for a kernel, and that does nothing. */
enum xd_entered xd_guest_deliver(struct xd_vcpu *v)
{
    struct xd_going go;
    uint64_t rip;
    bool ran;

    if (!xd_going_begin(&go, v) ||
        (go.g->regs.user && !xd_enter_cant("nothing enters Xen from user mode unseen")))
        return finish(false);
    rip = go.rip;
    go.rip -= 2;
    go.passes = true;
    ran = xd_run_into(&go, "\x0f\x09", 2);
    return ran && go.at == rip ? XD_ENTERED_NONE : finish(ran);
}
