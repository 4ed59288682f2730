/* SPDX-License-Identifier: MIT */
/*
 * access.c: a hypercall's way to the memory of a linked guest.
 *
 * On the path of every hypercall: nothing here may touch a vector register on the common way.
 */
#define _GNU_SOURCE
#include "guest/access.h"

#include "guest/mirror.h"
#include "guest/tools.h"
#include "hv/copy.h"
#include "hv/holders.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#endif
#include <string.h>

#if defined(__linux__)
/* By the kernel: slow, and bothers no tool. */
static bool copy_by_kernel(void *ours, uint64_t va, size_t n, bool write)
{
    struct iovec local = {ours, n}, remote = {(void *)(uintptr_t)va, n};
    ssize_t done = write ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0)
                         : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

    if (write && done > 0)
        VALGRIND_MAKE_MEM_DEFINED(remote.iov_base, (size_t)done);
    return done == (ssize_t)n;
}
#endif

#if XD_ACCESS_GUARDED

#include <ucontext.h>

size_t xd_try_copy(void *dst, const void *src, size_t n);
size_t xd_try_store(void *dst, const void *src, size_t n);
extern const char xd_try_words[], xd_try_bytes[], xd_try_end[];

#define PROBE_SEEN 0x5eed5eedu
uint32_t xd_probe(const void *nowhere);
extern const char xd_probe_rip[], xd_probe_next[], xd_probe_eax[], xd_probe_back[], xd_probe_end[];

/* What is said to stand in the registers. */
static void probe_faulted(ucontext_t *uc)
{
    greg_t *regs = uc->uc_mcontext.gregs;
    const uintptr_t at = (uintptr_t)regs[REG_RIP];

    if (at == (uintptr_t)xd_probe_rip) {
        regs[REG_RIP] = (greg_t)(uintptr_t)xd_probe_next;
        return;
    }
    if (at != (uintptr_t)xd_probe_eax)
        regs[REG_RAX] = 0;
    regs[REG_RIP] = (greg_t)(uintptr_t)xd_probe_back;
}

bool xd_access_is_copy(const void *uc)
{
    const uintptr_t at = (uintptr_t)((const ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];

    return at >= (uintptr_t)xd_try_words && at < (uintptr_t)xd_try_end;
}

bool xd_access_fixup(void *uc)
{
    greg_t *ip = &((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
    const uintptr_t at = (uintptr_t)*ip;

    if (at >= (uintptr_t)xd_try_words && at < (uintptr_t)xd_try_bytes)
        *ip = (greg_t)(uintptr_t)xd_try_bytes;
    else if (at >= (uintptr_t)xd_try_bytes && at < (uintptr_t)xd_try_end)
        *ip = (greg_t)(uintptr_t)xd_try_end;
    else if (at >= (uintptr_t)xd_probe && at < (uintptr_t)xd_probe_end)
        probe_faulted(uc);
    else
        return false;
    return true;
}

/* What may be a number is written by one store: all of it or nothing. */
static inline size_t try_write(uint64_t va, const void *buf, size_t n)
{
    void *theirs = (void *)(uintptr_t)va;

    return xd_one_store(n) ? xd_try_store(theirs, buf, n) : xd_try_copy(theirs, buf, n);
}

/* AddressSanitizer's own memory, which it maps from byte (offset) on, is nobody's to name. */
static bool is_shadow(uint64_t va, size_t n)
{
    size_t scale, offset;

    __asan_get_shadow_mapping(&scale, &offset);
    return va + n > offset && va < offset + (UINT64_C(1) << (47 - scale));
}

/* The guest named memory that it has freed, or that lies beside its variable. */
static void ask_asan(uint64_t va, size_t n, bool write)
{
    void *at = (void *)(uintptr_t)va;

    if (!__asan_region_is_poisoned(at, n))
        return;
    if (write)
        __asan_report_store_n(at, n);
    else
        __asan_report_load_n(at, n);
}

static bool copy(void *ours, uint64_t va, size_t n, bool write)
{
    void *theirs = (void *)(uintptr_t)va;

    if (xd_under_valgrind()) {
        xd_mirror_touch(va, n, write);
        return copy_by_kernel(ours, va, n, write);
    }
    if (xd_under_asan() && is_shadow(va, n))
        return false;
    if (write ? try_write(va, ours, n) : xd_try_copy(ours, theirs, n))
        return false;
    if (xd_under_asan())
        ask_asan(va, n, write);
    return true;
}

#elif defined(__linux__)

static bool copy(void *ours, uint64_t va, size_t n, bool write)
{
    return va + n - 1 <= UINTPTR_MAX && copy_by_kernel(ours, va, n, write);
}

#else

/* LIMIT: no way is known here to tell a bad pointer from a good one. */
static bool copy(void *ours, uint64_t va, size_t n, bool write)
{
    void *theirs = (void *)(uintptr_t)va;

    memcpy(write ? theirs : ours, write ? ours : theirs, n);
    return true;
}

#endif

bool xd_access_read(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    return copy(buf, va, n, false);
}

/* In windows by the page tables: a use of them would set A bits, and be a use of what is stale. */
bool xd_access_look(struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    unsigned char *to = buf;

    for (size_t len; n; n -= len, va += len, to += len) {
        const struct xd_domain *d = v->hv->host->watcher ? xd_mirrored_at(va) : NULL;

        len = XD_PAGE_SIZE - va % XD_PAGE_SIZE;
        len = len < n ? len : n;
        if (d) {
            if (d != v->domain || !xd_look_by_tables(v, to, va, len))
                return false;
            continue;
        }
#if XD_ACCESS_GUARDED
        if (xd_under_asan() && __asan_region_is_poisoned((void *)(uintptr_t)va, len))
            return false; /* it is gone by now */
#endif
        if (!copy(to, va, len, false))
            return false;
    }
    return true;
}

bool xd_access_write(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    return copy((void *)(uintptr_t)buf, va, n, true);
}

#if XD_ACCESS_GUARDED
static bool read_plain(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    return xd_try_copy(buf, (const void *)(uintptr_t)va, n) == 0;
}

static bool write_plain(void *ctx, struct xd_vcpu *v, uint64_t va, const void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    return try_write(va, buf, n) == 0;
}
#endif

void xd_access_hook(struct xd_host *host)
{
    host->linked.look = xd_access_look;
    host->linked.read = xd_access_read;
    host->linked.write = xd_access_write;
#if XD_ACCESS_GUARDED
    if (!xd_under_asan() && !xd_under_valgrind()) {
        host->linked.read = read_plain;
        host->linked.write = write_plain;
    }
#endif
}

#if XD_ACCESS_GUARDED

#define VALGRIND_OPTIONS "--vex-iropt-register-updates=allregs-at-mem-access --vex-guest-chase=no"

/* Valgrind writes most registers back at the end of a piece of code only, and follows calls without
 * telling; there is no asking whether it was told not to. */
static bool shows_registers(void)
{
    void *nowhere = mmap(NULL, XD_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool shows;

    XD_ALWAYS(nowhere != MAP_FAILED);
    VALGRIND_MAKE_MEM_DEFINED(nowhere, XD_PAGE_SIZE);
    xd_faults_install();
    shows = xd_probe(nowhere) == PROBE_SEEN;
    munmap(nowhere, XD_PAGE_SIZE);
    return shows;
}

#endif

const char *xd_access_hider(void)
{
    if (xd_under_tsan())
        return "ThreadSanitizer";
#if XD_ACCESS_GUARDED
    if (xd_under_valgrind() && !shows_registers())
        return "Valgrind but with " VALGRIND_OPTIONS;
#endif
    return NULL;
}

bool xd_access_watched(void)
{
    return xd_under_asan() || xd_under_tsan() || xd_under_valgrind();
}
