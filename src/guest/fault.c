/* SPDX-License-Identifier: MIT */
/*
 * fault.c: a fault in a window, handled as the processor and Xen would: the translation is found and
 * mapped; or it is a page-table write that Xen carries out; or #PF goes to the guest's trap table.
 *
 * All of it runs in a signal handler, on the signal stack. The guest goes on where the ucontext says
 * when the handler returns: that is how a trap is entered. AS-XEN: do_page_fault, pv_inject_event,
 * create_bounce_frame
 */
#define _GNU_SOURCE
#include "guest/mirror.h"

#if XD_ACCESS_GUARDED

#include "guest/bounce.h"
#include "guest/insn.h"
#include "guest/tools.h"
#include "hv/ptwr.h"
#include "hv/sched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define PF_FETCH       16u
#define RFLAGS_TF      0x100u
#define RFLAGS_DF      0x400u
#define RFLAGS_CLEARED 0x74100u /* at entry: AC VM RF NT TF */

/* Where the guest's code stood. */
struct place {
    struct xd_mirror *m;
    struct xd_vcpu *v;
    uint64_t va;
    ucontext_t *uc;
    greg_t *regs;
    bool write, fetch;
    struct xd_told_access *told; /* for who records */
};

static const int reg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                               REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                               REG_R12, REG_R13, REG_R14, REG_R15};

static const char *what(const struct place *p)
{
    return p->fetch ? "execution" : p->write ? "write" : "read";
}

/* ---- Using a stale translation ---- */

static void tell_frame(struct xd_str *out, const struct place *p, const struct xd_translation *t)
{
    const struct xd_frame *f = xd_frame_at(p->v->hv, t->mfn);

    xd_str_addf(out,
                "  d%uv%u's TLB may still lead to frame %#" PRIx64 ", %s, by L1 entry %#" PRIx64
                "\n  the frame was %s of d%u then and is %s of d%u now\n",
                p->v->domain->domid, p->v->id, t->mfn.v, t->writable ? "writable" : "read-only",
                t->pte, xd_type_name(t->type), t->owner, f->count ? xd_type_name(f->type) : "free",
                f->owner);
}

static void tell_tables(struct xd_str *out, const struct place *p)
{
    struct xd_walk w;

    xd_walk(p->v->hv, p->v->cr3, p->va, false, &w);
    if (w.ok)
        xd_str_addf(out,
                    "  the page tables say: frame %#" PRIx64 ", L1 entry %#" PRIx64 "; changed\n",
                    xd_pte_mfn(w.value[1]).v, w.value[1]);
    else
        xd_str_addf(out,
                    "  the page tables say: nothing, the entry of level %u forbids it; changed\n",
                    w.level);
}

static _Noreturn void die_of_stale(const struct place *p, const struct xd_translation *t)
{
    struct xd_str out = {0};

    xd_str_addf(&out,
                "xendouble: missing TLB flush: %s of %#" PRIx64 " through a stale translation\n",
                what(p), p->va);
    tell_frame(&out, p, t);
    tell_tables(&out, p);
    xd_str_add(&out, t->cause ? t->cause->text : "  by a call that is not known\n");
    xd_str_add(&out, "  used here:\n");
    xd_tell_place(&out, p->uc);
    fflush(stdout);
    fputs(xd_str_text(&out), stderr);
    abort();
}

/* Valgrind follows a stack by what is pushed on it, and looks a red zone ahead. */
static void stack_moves_to(uint64_t sp)
{
    VALGRIND_MAKE_MEM_UNDEFINED(sp - XD_RED_ZONE, XD_RED_ZONE);
    (void)sp;
}

/* ---- The guest's memory ---- */

/* By the kernel, since a fault here could not be handled. */
static bool write_to_guest(uint64_t va, const void *buf, size_t n)
{
    struct iovec local = {(void *)(uintptr_t)buf, n}, remote = {(void *)(uintptr_t)va, n};

    xd_mirror_touch(va, n, true);
    return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)n;
}

/* ---- #PF ---- */

/* The code that goes on where a domain without a handler crashed: it does not. */
static void after_crash(void)
{
    xd_guest_return(&xd_this_thread, 0);
    abort();
}

static void crash(const struct place *p, const struct xd_fault *f, const char *because)
{
    struct xd_str out = {0};
    char why[64];
    const uint64_t sp = ((uint64_t)p->regs[REG_RSP] - XD_RED_ZONE) & ~UINT64_C(15), nowhere = 0;

    xd_str_addf(&out,
                "xendouble: d%uv%u: page fault, %s of %#" PRIx64
                ", error code %#x, and %s: the domain "
                "crashes, as under Xen\n",
                p->v->domain->domid, p->v->id, what(p), p->va, f->error, because);
    if (f->why)
        xd_str_addf(&out, "  it is a write to a page table that Xen did not carry out: %s\n",
                    xd_why_text(f->why, why, sizeof(why)));
    xd_tell_place(&out, p->uc);
    fflush(stdout);
    fputs(xd_str_text(&out), stderr);
    xd_str_free(&out);
    xd_crash_is_news(p->v->domain); /* told right here */
    xd_tell_before(p->v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = p->v->domain});
    xd_domain_crash(p->v->domain);
    xd_tell_after(p->v->hv, &(struct xd_told){.what = XD_DEED_CRASH, .d = p->v->domain});
    write_to_guest(sp - sizeof(nowhere), &nowhere, sizeof(nowhere)); /* a backtrace ends there */
    stack_moves_to(sp - 8);
    VALGRIND_MAKE_MEM_DEFINED(sp - sizeof(nowhere), sizeof(nowhere));
    p->regs[REG_RSP] = (greg_t)(sp - 8);
    p->regs[REG_RIP] = (greg_t)(uintptr_t)after_crash;
    p->regs[REG_EFL] &= ~(greg_t)RFLAGS_DF;
}

static void read_from_guest(uint64_t va, void *buf, size_t n)
{
    struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)va, n};

    xd_mirror_touch(va, n, false);
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)n)
        memset(buf, 0, n);
}

/* Enters the guest's #PF handler. The red zone of C code is left alone, which Xen would not do. */
static void bounce(const struct place *p, const struct xd_fault *f)
{
    struct xd_vcpu *v = p->v;
    const struct xd_trap *trap = &v->trap[XD_VECTOR_PF];
    struct xd_abi_vcpu_info *info = xd_vcpu_info(v);
    const uint64_t rsp = (uint64_t)p->regs[REG_RSP], rflags = (uint64_t)p->regs[REG_EFL];
    const uint64_t top = (rsp - XD_RED_ZONE) & ~UINT64_C(15);
    uint32_t mask;
    uint64_t frame[8];

    memcpy(&mask, &info->evtchn_upcall_mask, sizeof(mask)); /* and what lies behind it */
    frame[0] = (uint64_t)p->regs[REG_RCX];
    frame[1] = (uint64_t)p->regs[REG_R11];
    frame[2] = f->error;
    frame[3] = (uint64_t)p->regs[REG_RIP];
    frame[4] = 0xe030 | (uint64_t)mask << 32;
    frame[5] = xd_frame_flags(v, rflags, info->evtchn_upcall_mask);
    frame[6] = rsp;
    frame[7] = 0xe02b;
    if (!write_to_guest(top - sizeof(frame), frame, sizeof(frame))) {
        crash(p, f, "the guest's stack takes no bounce frame");
        return;
    }
    if (!trap->address) {
        crash(p, f, "there is no handler in the trap table");
        return;
    }
    stack_moves_to(top - sizeof(frame));
    VALGRIND_MAKE_MEM_DEFINED(top - sizeof(frame), sizeof(frame));
    if (trap->flags & XD_TRAP_MASKS)
        XD_PUT(v->hv, info->evtchn_upcall_mask, info->evtchn_upcall_mask | 1);
    p->regs[REG_RSP] = (greg_t)(top - sizeof(frame));
    p->regs[REG_RIP] = p->regs[REG_RCX] = (greg_t)trap->address; /* as sysret leaves them */
    p->regs[REG_EFL] = p->regs[REG_R11] = (greg_t)(rflags & ~(uint64_t)RFLAGS_CLEARED);
}

/* ---- Writes to page tables ---- */

static void get_regs(const ucontext_t *uc, struct xd_insn_regs *r)
{
    for (unsigned int i = 0; i < 16; i++)
        r->r[i] = (uint64_t)uc->uc_mcontext.gregs[reg_of[i]];
    r->rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    r->rflags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL];
    memcpy(r->xmm, uc->uc_mcontext.fpregs->_xmm, sizeof(r->xmm));
}

static void put_regs(ucontext_t *uc, const struct xd_insn_regs *r)
{
    for (unsigned int i = 0; i < 16; i++)
        uc->uc_mcontext.gregs[reg_of[i]] = (greg_t)r->r[i];
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)r->rip;
    uc->uc_mcontext.gregs[REG_EFL] = (greg_t)r->rflags;
}

/* As many bytes as there are: behind them there may be nothing. */
static size_t fetch_code(uint64_t rip, uint8_t *code)
{
    const size_t left = XD_PAGE_SIZE - rip % XD_PAGE_SIZE;
    struct iovec local = {code, XD_INSN_MAX},
                 remote[2] = {{(void *)(uintptr_t)rip, left < XD_INSN_MAX ? left : XD_INSN_MAX},
                              {(void *)(uintptr_t)(rip + left),
                               left < XD_INSN_MAX ? XD_INSN_MAX - left : 0}};
    ssize_t n = process_vm_readv(getpid(), &local, 1, remote, 2, 0);

    return n > 0 ? (size_t)n : 0;
}

static _Noreturn void die_of_insn(const struct place *p, const char *where, const uint8_t *code,
                                  size_t n)
{
    struct xd_str out = {0};

    xd_str_addf(&out,
                "xendouble: d%uv%u writes to the page table at %#" PRIx64
                " by an instruction that is not emulated %s (src/guest/insn.h says which are):",
                p->v->domain->domid, p->v->id, p->va, where);
    for (size_t i = 0; i < n; i++)
        xd_str_addf(&out, " %02x", code[i]);
    xd_str_add(&out, "\n");
    xd_tell_place(&out, p->uc);
    fflush(stdout);
    fputs(xd_str_text(&out), stderr);
    abort();
}

/* Valgrind takes no flags from a handler, shows it no vector registers, and a string operation midway. */
static bool is_beyond_valgrind(const struct xd_insn *i, uint64_t flags,
                               const struct xd_insn_regs *r)
{
    return xd_under_valgrind() && (i->op == XD_OP_MOV_XMM || i->rep || r->rflags != flags);
}

/* Xen has a look at the instruction. True: it was carried out. */
static bool emulate(const struct place *p, const struct xd_walk *w)
{
    struct xd_vcpu *v = p->v;
    uint8_t code[XD_INSN_MAX];
    struct xd_insn_regs r;
    struct xd_insn i;
    uint64_t old, flags, from = 0, val;
    bool stores;
    size_t n;

    if (!xd_ptwr_wants(v, p->va, w))
        return false;
    get_regs(p->uc, &r);
    n = fetch_code(r.rip, code);
    if (!xd_insn_decode(code, n, &r, &i))
        die_of_insn(p, "here", code, n);
    if (i.op == XD_OP_WIDE || p->va - i.ea >= i.size || i.ea % i.size) {
        xd_ptwr_misshapen(v, p->va, i.op == XD_OP_WIDE ? 16 : i.size);
        p->told->cannot = "a store that lies across entries of a page table";
        return false;
    }
    old = 0;
    memcpy(&old,
           (unsigned char *)xd_frame_words(v->hv, xd_pte_mfn(w->value[1])) + i.ea % XD_PAGE_SIZE,
           i.size);
    if (i.op == XD_OP_MOVS)
        read_from_guest(r.r[6], &from, i.size);
    flags = r.rflags;
    stores = xd_insn_run(&i, &r, old, from, &val);
    if (is_beyond_valgrind(&i, flags, &r))
        die_of_insn(p, "under Valgrind, which hides flags and vector registers", code, n);
    *p->told = (struct xd_told_access){
        .va = i.ea, .value = stores ? val : 0, .size = stores ? i.size : 0, .write = true};
    if (stores && !xd_ptwr(v, i.ea, w, &val, i.size)) {
        if (p->va != i.ea)
            p->told->cannot = "a store that faults in its middle";
        return false;
    }
    put_regs(p->uc, &r);
    if (p->m->strict)
        xd_mirror_compare(p->m, "a write to a page table", p->uc);
    return true;
}

/* ---- The fault ---- */

static bool forbids_execution(const struct xd_walk *w)
{
    uint64_t all = 0;

    for (unsigned int level = 1; level <= 4; level++)
        all |= w->value[level];
    return all & XD_PTE_NX;
}

static _Noreturn void die_of_foreigner(const struct place *p)
{
    struct xd_str out = {0};
    const struct xd_vcpu *v = xd_this_thread.v;

    xd_str_addf(&out, "xendouble: %s of %#" PRIx64 " in a window of d%u by ", what(p), p->va,
                p->m->d->domid);
    if (v)
        xd_str_addf(&out, "d%uv%u", v->domain->domid, v->id);
    else
        xd_str_add(&out, "a thread that is no vCPU");
    xd_str_add(&out, ": only a vCPU of the domain has page tables for it (xd_enter)\n");
    xd_tell_place(&out, p->uc);
    fflush(stdout);
    fputs(xd_str_text(&out), stderr);
    abort();
}

static _Noreturn void die_of_io(const struct place *p, uint64_t mfn)
{
    xd_guest_die("d%uv%u: %s of %#" PRIx64 ", which leads to machine frame %#" PRIx64
                 " beyond RAM: a mirror has no devices",
                 p->v->domain->domid, p->v->id, what(p), p->va, mfn);
}

static void tell(const struct place *p, void (*how)(struct xd_hv *hv, const struct xd_told *told))
{
    how(p->v->hv, &(struct xd_told){.what = XD_DEED_ACCESS, .v = p->v, .bytes = p->told});
}

static void to_guest(const struct place *p, const struct xd_walk *w, uint32_t extra)
{
    struct xd_fault f = {0};

    xd_page_fault(p->v, p->va, w, &f);
    f.error |= extra;
    f.why = p->v->rec.reject.why;
    p->told->error = f.error;
    p->told->why = f.why;
    tell(p, xd_tell_after);
    bounce(p, &f);
}

/* No translation allows it: Xen carries it out, or the guest hears of it. */
static void handle(const struct place *p, struct xd_walk *w)
{
    *p->told = (struct xd_told_access){.va = p->va, .size = 1, .write = p->write};
    if (p->fetch)
        p->told->cannot = "execution";
    tell(p, xd_tell_before);
    p->v->rec.reject.why = XD_WHY_NONE;
    if (w->ok)
        w->error |= XD_PF_PRESENT;
    p->told->emulated = !w->ok && p->write && emulate(p, w);
    if (p->told->emulated)
        tell(p, xd_tell_after);
    else
        to_guest(p, w, p->fetch ? PF_FETCH : 0);
}

/* (copying): Xen's own access, which is refused and never emulated. */
static bool resolve(const struct place *p, bool copying)
{
    const struct xd_translation *t;
    struct xd_walk w;

    xd_mirror_switch(p->v);
    t = p->m->strict ? xd_mirror_find(p->m, p->va, p->v) : NULL;
    if (t && (t->stale_read || (p->write && t->stale_write)))
        die_of_stale(p, t);
    xd_walk(p->v->hv, p->v->cr3, p->va, p->write, &w);
    if (w.ok && !(p->fetch && forbids_execution(&w))) {
        if (xd_mirror_fill(p->m, p->v, p->va, &w, p->write, p->fetch))
            return true;
        if (!copying)
            die_of_io(p, xd_pte_mfn(w.value[1]).v);
        return false;
    }
    if (copying)
        return false;
    handle(p, &w);
    return true;
}

bool xd_mirror_fault(uintptr_t addr, void *uc)
{
    const int keep = errno;
    struct xd_window *window;
    struct xd_told_access told;
    struct place p = {.va = addr, .uc = uc, .v = xd_this_thread.v, .told = &told};
    const bool copying = xd_access_is_copy(uc);
    bool done;

    p.m = xd_mirror_at(addr, &window);
    if (!p.m)
        return false;
    p.regs = p.uc->uc_mcontext.gregs;
    p.write = p.regs[REG_ERR] & XD_PF_WRITE;
    p.fetch = p.regs[REG_ERR] & PF_FETCH;
    if (!p.v || p.v->domain != p.m->d) {
        if (!copying)
            die_of_foreigner(&p);
        return false;
    }
    done = resolve(&p, copying);
    errno = keep;
    return done;
}

#endif
