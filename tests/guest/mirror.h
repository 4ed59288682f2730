/* SPDX-License-Identifier: MIT */
/*
 * mirror.h: what the tests of mirrors share: a domain whose initial region lies in a window, a #PF entry
 * and what it saw, and judging what a process said when it died.
 */
#ifndef XD_TESTS_MIRROR_H
#define XD_TESTS_MIRROR_H

#include "guest.h"

#include "guest/access.h"
#include "hv/frame.h"
#include "hv/pt.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/interface/memory.h>

#define RW   (XD_PTE_P | XD_PTE_RW)
#define GIB  UINT64_C(0x40000000)
#define PAGE 4096u

void pf_entry(void); /* tells pf_handle of the frame, skips the error code and returns by iret */

struct pf_frame {
    uint64_t rcx, r11, error, rip, cs, rflags, rsp, ss;
};

void pf_handle(struct pf_frame *f);

/* A domain whose initial region lies in a window. */
struct guest {
    struct xd_domain *d;
    struct xd_vcpu *v0, *v1;
    const struct xd_start *s;
    unsigned char *page; /* of the padding: nobody uses it */
    uint64_t mfn;        /* what the builder mapped there */
    uint64_t other;      /* a page that nothing maps */
};

static struct xd_hv *hv;
static struct guest g;

static struct {
    unsigned int nr;
    struct pf_frame frame;
    uint64_t cr2, entry_rsp;
    uint8_t mask;
    uint64_t map;  /* entry to map at cr2 */
    uint64_t skip; /* bytes of the instruction to skip */
} pf;

/* Under a tool that a mirror can't work with it says so; the test's exit code. */
static inline int mirror_is_refused(void)
{
    struct xd_domain *d;
    int rc;

    if (xd_hv_create(&hv, NULL) || xd_domain_create(hv, NULL, &d))
        return 1;
    rc = xd_guest_mirror(d, NULL);
    printf("%s\n", xd_hv_error(hv));
    rc = rc == -22 && strstr(xd_hv_error(hv), xd_access_hider()) ? 77 : 1;
    xd_hv_destroy(hv);
    return rc;
}

static inline void ok(struct xd_vcpu *v, long rc)
{
    ck_assert_msg(rc == 0, "%ld %s", rc, xd_why_row((enum xd_why)xd_why(v))->name);
}

static inline void guest_make(struct guest *to, bool strict)
{
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_mirror_config m = XD_MIRROR_CONFIG_DEFAULT;

    c.vcpus = c.vcpus_online = 2;
    c.virt_base = xd_guest_room(GIB);
    ck_assert_uint_ne(c.virt_base, 0);
    ck_assert_int_eq(xd_domain_create(hv, &c, &to->d), 0);
    m.strict = strict;
    ck_assert_msg(xd_guest_mirror(to->d, &m) == 0, "%s", xd_hv_error(hv));
    to->v0 = xd_vcpu_at(to->d, 0);
    to->v1 = xd_vcpu_at(to->d, 1);
    to->s = xd_domain_start(to->d);
    to->page = xd_guest_at(to->d, to->s->padding_va);
    to->mfn = xd_domain_mfn(to->d, (to->s->padding_va - to->s->virt_base) / PAGE);
    to->other = xd_domain_mfn(to->d, to->s->first_free_pfn);
    ck_assert_ptr_nonnull(to->page);
}

static inline void setup_as(bool strict)
{
    memset(&pf, 0, sizeof(pf));
    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    guest_make(&g, strict);
    ck_assert_int_eq(xd_enter(g.v0), 0);
}

static inline void setup(void)
{
    setup_as(false);
}

static inline void setup_strict(void)
{
    setup_as(true);
}

static inline void teardown(void)
{
    char *report = NULL;

    xd_leave();
    ck_assert_msg(xd_audit(hv, &report) == 0, "%s", report);
    free(report);
    xd_hv_destroy(hv);
}

static inline uint64_t pte(uint64_t mfn, uint64_t flags)
{
    return mfn << 12 | flags;
}

static inline void map(const void *va, uint64_t entry, unsigned long flags)
{
    ok(xd_self(), HYPERVISOR_update_va_mapping((uintptr_t)va, entry, flags));
}

static inline uint64_t word(uint64_t mfn, unsigned int i)
{
    return ((const uint64_t *)xd_frame_contents(hv, mfn))[i];
}

/* The L1 entry of (va), where it really lies, and in the guest's address space. */
static inline uint64_t *entry_of(const struct guest *of, const void *va)
{
    struct xd_walk w;

    xd_walk(hv, of->v0->cr3, (uintptr_t)va, false, &w);
    ck_assert_ptr_nonnull(w.entry[1]);
    return w.entry[1];
}

static inline uint64_t *entry_va(const struct guest *of, const void *va)
{
    const unsigned char *at = (const unsigned char *)entry_of(of, va);
    uint64_t mfn = (uint64_t)(at - hv->mem) / PAGE;

    for (uint64_t pfn = 0; pfn < of->s->mapped_pages; pfn++)
        if (xd_domain_mfn(of->d, pfn) == mfn)
            return xd_guest_at(of->d, of->s->virt_base + pfn * PAGE + (uintptr_t)at % PAGE);
    ck_abort_msg("the table is not mapped");
    return NULL;
}

void pf_handle(struct pf_frame *f)
{
    pf.nr++;
    pf.frame = *f;
    pf.entry_rsp = (uintptr_t)f;
    pf.cr2 = xd_guest_vcpu_info(xd_self())->arch.cr2;
    pf.mask = xd_guest_vcpu_info(xd_self())->evtchn_upcall_mask;
    if (pf.map)
        map((void *)(uintptr_t)(pf.cr2 & ~UINT64_C(0xfff)), pf.map, UVMF_INVLPG | UVMF_LOCAL);
    f->rip += pf.skip;
}

static inline void traps(struct xd_vcpu *v, uint8_t flags)
{
    struct trap_info t[2] = {
        {.vector = 14, .flags = flags, .cs = FLAT_KERNEL_CS, .address = (uintptr_t)pf_entry}};

    ok(v, HYPERVISOR_set_trap_table(t));
}

/* movb $7, (p): three bytes. */
static __attribute__((noinline, unused)) void put_7(volatile unsigned char *p)
{
    __asm__ volatile("movb $7, (%0)" : : "r"(p) : "memory");
}

static char said[65536];

/* Runs fn in a child, which must abort. */
static inline void ck_dies(void (*fn)(void), const char *const *words)
{
    int out[2], status;
    size_t n = 0;
    ssize_t got;
    pid_t child;

    ck_assert_int_eq(pipe(out), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(out[1], 2);
        signal(SIGABRT, SIG_DFL);
        fn();
        _exit(0);
    }
    close(out[1]);
    while (n < sizeof(said) - 1 && (got = read(out[0], said + n, sizeof(said) - 1 - n)) > 0)
        n += (size_t)got;
    said[n] = 0;
    close(out[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x: %s",
                  (unsigned int)status, said);
    for (; *words; words++)
        ck_assert_msg(strstr(said, *words) != NULL, "no '%s' in: %s", *words, said);
}

#define ck_dies_saying(fn, ...) ck_dies(fn, (const char *const[]){__VA_ARGS__, NULL})

static inline void assist(bool on)
{
    ok(g.v0, HYPERVISOR_vm_assist(on ? 0 : 1, 2));
}

static __attribute__((noinline, unused)) void store(uint64_t *e, uint64_t val)
{
    __asm__ volatile("movq %1, (%0)\n\tnop\n\tnop" : : "D"(e), "a"(val) : "memory");
}

#endif
