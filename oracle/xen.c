/* SPDX-License-Identifier: MIT */
/* xen.c: boots the real hypervisor and looks into it. */
#define _GNU_SOURCE
#include "xen.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE         4096u
#define ADDRESS      UINT64_C(0x000ffffffffff000)
#define PRESENT      1u
#define LARGE        0x80u
#define FRAME_TABLE  UINT64_C(0xffff82e000000000) /* Xen 4.17's records, 32 bytes for each frame */
#define FRAME_RECORD 32u
#define M2P          UINT64_C(0xffff800000000000)
#define BOOT_NS      UINT64_C(30000000000)
#define ANSWER_NS    UINT64_C(4000000000)

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool fail(struct xd_xen *x, const char *what)
{
    snprintf(x->error, sizeof(x->error), "%s: %s", what, strerror(errno));
    return false;
}

static void start_qemu(const struct xd_xen *x, const struct xd_xen_config *c)
{
    char ram[160], serial[96], memory[32], append[512];

    snprintf(ram, sizeof(ram), "memory-backend-file,id=ram,size=%uM,mem-path=%s/ram,share=on",
             c->ram_mb, x->dir);
    snprintf(serial, sizeof(serial), "file:%s/serial", x->dir);
    snprintf(memory, sizeof(memory), "%u", c->ram_mb);
    snprintf(
        append, sizeof(append),
        "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all dom0_mem=%uM dom0_max_vcpus=1 %s",
        c->dom0_mb, c->options ? c->options : "");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp(c->qemu, c->qemu, "-accel", "tcg", "-cpu", "max", "-m", memory, "-object", ram,
           "-machine", "pc,memory-backend=ram", "-nodefaults", "-display", "none", "-monitor",
           "none", "-serial", serial, "-no-reboot", "-kernel", c->xen, "-initrd", c->kernel,
           "-append", append, (char *)NULL);
    _exit(127);
}

static bool gone(struct xd_xen *x)
{
    if (!x->dead && x->pid > 0 && waitpid(x->pid, NULL, WNOHANG) == x->pid) {
        x->dead = true;
        x->pid = 0;
    }
    return x->dead;
}

static bool map_ram(struct xd_xen *x, uint64_t size)
{
    char path[96];
    int fd;

    snprintf(path, sizeof(path), "%s/ram", x->dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size))
        return fail(x, path);
    x->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (x->ram == MAP_FAILED)
        return fail(x, path);
    x->ram_size = size;
    return true;
}

static bool said_ready(struct xd_xen *x)
{
    size_t at = x->log_at;
    char *log;
    bool ready;

    x->log_at = 0;
    log = xd_xen_log(x);
    x->log_at = at;
    ready = strstr(log, "oracle: ready") != NULL;
    free(log);
    return ready;
}

static bool find_mailbox(struct xd_xen *x)
{
    for (uint64_t at = 0; at < x->ram_size; at += PAGE) {
        volatile struct xd_mailbox *m = (volatile void *)(x->ram + at);

        if (m->magic[0] != XD_MAIL_MAGIC0 || m->magic[1] != XD_MAIL_MAGIC1)
            continue;
        x->mail = m;
        x->xen_cr3 = m->cr3 & ADDRESS;
        x->mail_va = 0;
        for (uint64_t va = UINT64_C(0xffffffff80000000); va < UINT64_C(0xffffffff80008000);
             va += PAGE)
            if (xd_xen_at(x, x->xen_cr3, va, PRESENT) == x->ram + at)
                x->mail_va = va;
        return x->mail_va != 0;
    }
    return false;
}

bool xd_xen_boot(struct xd_xen *x, const struct xd_xen_config *c)
{
    uint64_t end = now_ns() + BOOT_NS;

    *x = (struct xd_xen){0};
    snprintf(x->dir, sizeof(x->dir), "/dev/shm/xendouble-oracle.XXXXXX");
    if (!mkdtemp(x->dir))
        return fail(x, x->dir);
    if (!map_ram(x, (uint64_t)c->ram_mb << 20))
        return false;
    x->pid = fork();
    if (x->pid < 0)
        return fail(x, "fork");
    if (x->pid == 0)
        start_qemu(x, c);
    while (now_ns() < end && !gone(x)) {
        usleep(10000);
        if (said_ready(x) && find_mailbox(x)) {
            free(xd_xen_log(x));
            return true;
        }
    }
    snprintf(x->error, sizeof(x->error), "Xen did not start the oracle's kernel; see %s/serial",
             x->dir);
    return false;
}

void xd_xen_end(struct xd_xen *x)
{
    char path[96];

    if (x->pid > 0) {
        kill(x->pid, SIGKILL);
        waitpid(x->pid, NULL, 0);
    }
    if (x->ram)
        munmap(x->ram, x->ram_size);
    snprintf(path, sizeof(path), "%s/ram", x->dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/serial", x->dir);
    unlink(path);
    rmdir(x->dir);
    x->pid = 0;
    x->ram = NULL;
}

bool xd_xen_ask(struct xd_xen *x)
{
    uint64_t end = now_ns() + ANSWER_NS;
    uint32_t nr;

    if (x->dead)
        return false;
    nr = x->mail->asked + 1;
    __atomic_store_n(&x->mail->asked, nr, __ATOMIC_RELEASE);
    for (unsigned int spins = 0; __atomic_load_n(&x->mail->answered, __ATOMIC_ACQUIRE) != nr;
         spins++) {
        if (spins % 256 == 255)
            sched_yield();
        if (spins % 65536 == 65535 && (gone(x) || now_ns() > end)) {
            x->dead = true;
            return false;
        }
    }
    return true;
}

unsigned char *xd_xen_at(struct xd_xen *x, uint64_t cr3, uint64_t va, uint64_t need)
{
    uint64_t table = cr3 & ADDRESS;

    for (unsigned int level = 4; level >= 1; level--) {
        unsigned int shift = 12 + 9 * (level - 1);
        uint64_t e;

        if (table + PAGE > x->ram_size)
            return NULL;
        e = ((volatile uint64_t *)(void *)(x->ram + table))[va >> shift & 511];
        if ((e & need) != need)
            return NULL;
        if (level == 1 || (level < 4 && e & LARGE)) {
            uint64_t in = va & ((UINT64_C(1) << shift) - 1);
            uint64_t at = (e & ADDRESS & ~((UINT64_C(1) << shift) - 1)) + in;

            return at < x->ram_size ? x->ram + at : x->beyond;
        }
        table = e & ADDRESS;
    }
    return NULL;
}

bool xd_xen_frame_at(struct xd_xen *x, uint64_t mfn, struct xd_xen_frame *f)
{
    const uint64_t va = FRAME_TABLE + mfn * FRAME_RECORD;
    const unsigned char *p;
    uint64_t count, type;
    uint32_t owner;
    int16_t linear;

    if (x->record_page !=
        va / PAGE + 1) { /* records are read in order, a page of them lies together */
        x->record_page = va / PAGE + 1;
        x->records = xd_xen_at(x, x->xen_cr3, va & ~(uint64_t)(PAGE - 1), PRESENT);
    }
    p = x->records ? x->records + va % PAGE : NULL;
    *f = (struct xd_xen_frame){.owner = ~0u};
    if (!p)
        return false;
    memcpy(&count, p + 8, 8);
    memcpy(&type, p + 16, 8);
    memcpy(&owner, p + 24, 4);
    memcpy(&linear, p + 30, 2);
    f->count = count & ((UINT64_C(1) << 57) - 1);
    f->allocated = count >> 63;
    f->xen_heap = count >> 62 & 1;
    f->type_count = type & ((UINT64_C(1) << 55) - 1);
    f->type = (unsigned int)(type >> 61);
    f->pinned = type >> 59 & 1;
    f->validated = type >> 58 & 1;
    f->partial = type >> 56 & 1;
    f->linear = linear;
    if (f->count && owner && (uint64_t)owner * PAGE + 2 <= x->ram_size) {
        uint16_t domid;

        memcpy(&domid, x->ram + (uint64_t)owner * PAGE, 2);
        f->owner = domid;
    }
    return true;
}

uint64_t xd_xen_m2p(struct xd_xen *x, uint64_t mfn)
{
    const unsigned char *p = xd_xen_at(x, x->xen_cr3, M2P + mfn * 8, PRESENT);
    uint64_t pfn = ~UINT64_C(0);

    if (p)
        memcpy(&pfn, p, 8);
    return pfn;
}

char *xd_xen_log(struct xd_xen *x)
{
    char path[96], *text = NULL;
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/serial", x->dir);
    f = fopen(path, "re");
    text = calloc(1, 1u << 20);
    if (f && text && !fseek(f, (long)x->log_at, SEEK_SET))
        n = fread(text, 1, (1u << 20) - 1, f);
    if (f)
        fclose(f);
    x->log_at += n;
    return text;
}
