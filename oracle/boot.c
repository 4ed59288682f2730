/* SPDX-License-Identifier: MIT */
/* boot.c: starts QEMU with the real hypervisor in it, and finds the oracle's kernel there. */
#define _GNU_SOURCE
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096u
#define PRESENT     1u
#define FRAME_TABLE UINT64_C(0xffff82e000000000) /* Xen 4.17's records, one for each frame */
#define M2P         UINT64_C(0xffff800000000000)
#define BOOT_NS     UINT64_C(30000000000)
#define LAST_WORDS  300u
#define NOT_STARTED 127 /* exit code of who could not become QEMU */

bool xd_xen_fail(struct xd_xen *x, const char *what)
{
    snprintf(x->error, sizeof(x->error), "%s: %s", what, strerror(errno));
    return false;
}

/* Its stdin and stdout are the serial line. */
static void become_qemu(const struct xd_xen *x, const struct xd_xen_config *c, int typed_fd,
                        int monitor_fd, bool incoming)
{
    char ram[128], memory[32], cpus[16], append[512], monitor[64];

    snprintf(ram, sizeof(ram),
             "memory-backend-file,id=ram,size=%uM,mem-path=/proc/self/fd/%d,share=on", c->ram_mb,
             x->ram_fd);
    snprintf(memory, sizeof(memory), "%u", c->ram_mb);
    snprintf(cpus, sizeof(cpus), "%u", c->cpus);
    snprintf(monitor, sizeof(monitor), "socket,id=monitor,fd=%d", monitor_fd);
    snprintf(
        append, sizeof(append),
        "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=none dom0_mem=%uM dom0_max_vcpus=%u dom0_vcpus_pin bootscrub=off",
        c->dom0_mb, c->dom0_vcpus);
    fcntl(x->ram_fd, F_SETFD, 0); /* else closed at exec */
    fcntl(monitor_fd, F_SETFD, 0);
    if (dup2(typed_fd, STDIN_FILENO) < 0 || dup2(x->serial_fd, STDOUT_FILENO) < 0)
        _exit(NOT_STARTED);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* One thread takes the processors in turn: a kernel that waits for its mailbox passes on to the next at once. */
    execlp(c->qemu, c->qemu, "-accel", "tcg,thread=single", "-smp", cpus, "-cpu",
           "max,-monitor,-svm,xlevel=0x8000000a", "-m", memory, "-object", ram, "-machine",
           "pc,memory-backend=ram", "-nodefaults", "-display", "none", "-chardev", monitor, "-mon",
           "chardev=monitor,mode=control", "-serial", "stdio", "-no-reboot", "-kernel", c->xen,
           "-initrd", c->kernel, "-append", append, incoming ? "-incoming" : (char *)NULL, "defer",
           (char *)NULL);
    _exit(NOT_STARTED);
}

/* Files that no directory has: whatever ends us, nothing is left behind. */
static bool make_files(struct xd_xen *x, uint64_t ram_size, int *typed_fd, int *monitor_fd)
{
    int line[2] = {-1, -1}, monitor[2];

    x->ram_fd = memfd_create("xendouble-ram", MFD_CLOEXEC);
    x->serial_fd = memfd_create("xendouble-serial", MFD_CLOEXEC);
    if (x->ram_fd < 0 || x->serial_fd < 0 || ftruncate(x->ram_fd, (off_t)ram_size))
        return xd_xen_fail(x, "the machine's RAM");
    if (pipe2(line, O_CLOEXEC))
        return xd_xen_fail(x, "the machine's serial line");
    *typed_fd = line[0];
    x->type_fd = line[1];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor))
        return xd_xen_fail(x, "QEMU's monitor");
    *monitor_fd = monitor[0];
    x->monitor_fd = monitor[1];
    x->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE, MAP_SHARED, x->ram_fd, 0);
    if (x->ram == MAP_FAILED) {
        x->ram = NULL;
        return xd_xen_fail(x, "the machine's RAM");
    }
    x->ram_size = ram_size;
    return true;
}

bool xd_xen_start(struct xd_xen *x, const struct xd_xen_config *c, bool incoming)
{
    int typed_fd = -1, monitor_fd = -1;
    bool ok;

    *x = (struct xd_xen){.ended = c->ended,
                         .waits = c->waits,
                         .ram_fd = -1,
                         .serial_fd = -1,
                         .type_fd = -1,
                         .monitor_fd = -1};
    ok = make_files(x, (uint64_t)c->ram_mb << 20, &typed_fd, &monitor_fd);
    if (ok) {
        x->pid = fork();
        if (x->pid == 0)
            become_qemu(x, c, typed_fd, monitor_fd, incoming);
        ok = x->pid > 0 || xd_xen_fail(x, "fork");
    }
    if (typed_fd >= 0)
        close(typed_fd);
    if (monitor_fd >= 0)
        close(monitor_fd);
    prctl(PR_SET_TIMERSLACK, 1ul); /* naps are as short as they are meant */
    return ok;
}

/* Where each page of a table of Xen's lies: one at (va) with (size) bytes for each frame of RAM. */
static unsigned char **xens_table(struct xd_xen *x, uint64_t va, uint64_t size)
{
    uint64_t pages = x->ram_size / PAGE * size / PAGE;
    unsigned char **page = calloc(pages, sizeof(*page));

    for (uint64_t i = 0; page && i < pages; i++) {
        page[i] = xd_xen_at(x, x->xen_cr3, va + i * PAGE, PRESENT);
        if (!page[i])
            page[i] = x->beyond;
    }
    return page;
}

bool xd_xen_found(struct xd_xen *x, uint64_t at)
{
    struct xd_xen_guest *g = &x->guest[0];
    volatile struct xd_mailbox *m = (volatile void *)(x->ram + at);

    if (m->magic[0] != XD_MAIL_MAGIC0 || m->magic[1] != XD_MAIL_MAGIC1)
        return false;
    x->xen_cr3 = m->cr3 & ~(uint64_t)(PAGE - 1);
    for (uint64_t va = UINT64_C(0xffffffff80000000); va < UINT64_C(0xffffffff8000c000); va += PAGE)
        if (xd_xen_at(x, x->xen_cr3, va, PRESENT) == x->ram + at)
            g->mail_va = va;
    if (g->mail_va)
        g->mail = m;
    x->mail_at = at;
    free(x->records);
    free(x->m2p);
    x->records = xens_table(x, FRAME_TABLE, XD_XEN_RECORD_SIZE);
    x->m2p = xens_table(x, M2P, XD_XEN_M2P_SIZE);
    return g->mail && x->records && x->m2p;
}

/* Only where something was written: a look at the rest would make pages of it. */
static bool find_dom0(struct xd_xen *x)
{
    off_t at = 0, end;

    while ((at = lseek(x->ram_fd, at, SEEK_DATA)) >= 0) {
        end = lseek(x->ram_fd, at, SEEK_HOLE);
        for (; at < end; at += PAGE)
            if (xd_xen_found(x, (uint64_t)at))
                return true;
    }
    return false;
}

/* Not a word came from Xen. Whose fault that is, only QEMU can have said, to standard error; how it ended is told here. */
static void silent(struct xd_xen *x, const struct xd_xen_config *c)
{
    if (!xd_xen_gone(x))
        snprintf(x->error, sizeof(x->error),
                 "%s: is it a Xen 4.17 for x86-64? Half a minute passed before a word came from it",
                 c->xen);
    else if (WIFSIGNALED(x->status))
        snprintf(x->error, sizeof(x->error),
                 "QEMU (%s) was ended by signal %d before a word came from Xen (%s)", c->qemu,
                 WTERMSIG(x->status), c->xen);
    else if (WEXITSTATUS(x->status) == NOT_STARTED)
        snprintf(x->error, sizeof(x->error), "QEMU (%s) can't be started", c->qemu);
    else
        snprintf(x->error, sizeof(x->error),
                 "QEMU (%s) ended with exit code %d before a word came from Xen (%s): "
                 "is the one a QEMU for x86-64, and the other a Xen 4.17 for it?",
                 c->qemu, WEXITSTATUS(x->status), c->xen);
}

bool xd_xen_boot(struct xd_xen *x, const struct xd_xen_config *c)
{
    uint64_t end = xd_xen_now_ns() + BOOT_NS;
    char *log;
    size_t n;

    if (!xd_xen_start(x, c, false))
        return false;
    while (xd_xen_now_ns() < end && !xd_xen_gone(x)) {
        usleep(10000);
        if (!xd_xen_said(x, "oracle: ready") || !find_dom0(x))
            continue;
        free(xd_xen_log(x));
        return true;
    }
    log = xd_xen_log(x);
    n = log ? strlen(log) : 0;
    if (n)
        snprintf(x->error, sizeof(x->error),
                 "Xen did not start the oracle's kernel; its last words: %s",
                 n > LAST_WORDS ? log + n - LAST_WORDS : log);
    else
        silent(x, c);
    for (char *at = x->error; *at; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    free(log);
    return false;
}

void xd_xen_end(struct xd_xen *x)
{
    if (x->pid > 0) {
        kill(x->pid, SIGKILL);
        waitpid(x->pid, NULL, 0);
    }
    if (x->ram)
        munmap(x->ram, x->ram_size);
    if (x->ram_fd > 0)
        close(x->ram_fd);
    if (x->serial_fd > 0)
        close(x->serial_fd);
    if (x->type_fd > 0)
        close(x->type_fd);
    if (x->monitor_fd > 0)
        close(x->monitor_fd);
    free(x->records);
    free(x->m2p);
    x->records = x->m2p = NULL;
    x->ram_fd = x->serial_fd = x->type_fd = x->monitor_fd = -1;
    x->pid = 0;
    x->ram = NULL;
}
