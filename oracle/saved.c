/* SPDX-License-Identifier: MIT */
/*
 * saved.c: a machine just booted is kept, and others go on from there.
 *
 * A boot takes a second, most of which Xen waits for clocks; to load what QEMU wrote of the machine takes a tenth of that. The
 * state is that of QEMU's devices and processors; RAM, which is a file, is copied here.
 */
#define _GNU_SOURCE
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_S 10 /* QEMU's monitor takes no longer */
#define LINE_MAX 4096u
#define NAP_NS   1000000

static const char IGNORE_RAM[] =
    "{\"execute\": \"migrate-set-capabilities\", \"arguments\": "
    "{\"capabilities\": [{\"capability\": \"x-ignore-shared\", \"state\": true}]}}";

static const char TAKE_STATE[] = "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"state\"}}";

/* ---- QEMU's monitor (QMP): a line each of JSON ---- */

static bool said(struct xd_xen *x, const char *line, int fd)
{
    char room[CMSG_SPACE(sizeof(fd))] = {0};
    struct iovec text = {.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
    struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1};

    if (fd >= 0) {
        struct cmsghdr *c = (void *)room;

        m.msg_control = room;
        m.msg_controllen = sizeof(room);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    return sendmsg(x->monitor_fd, &m, MSG_NOSIGNAL) == (ssize_t)text.iov_len;
}

static bool heard(struct xd_xen *x, char line[static LINE_MAX])
{
    size_t n = 0;

    while (n < LINE_MAX - 1 && recv(x->monitor_fd, line + n, 1, 0) == 1)
        if (line[n++] == '\n')
            break;
    line[n] = '\0';
    return n && line[n - 1] == '\n';
}

/* Gives the command, with (fd) if that is not -1, and waits for its answer: greeting and events are passed over. */
static bool told(struct xd_xen *x, const char *command, int fd, char answer[static LINE_MAX])
{
    if (said(x, command, fd))
        while (heard(x, answer)) {
            if (strstr(answer, "\"return\""))
                return true;
            if (strstr(answer, "\"error\"")) {
                snprintf(x->error, sizeof(x->error), "QEMU's monitor answers %s with %.300s",
                         command, answer);
                return false;
            }
        }
    snprintf(x->error, sizeof(x->error), "QEMU's monitor does not answer %s", command);
    return false;
}

static bool monitor_ready(struct xd_xen *x)
{
    const struct timeval limit = {.tv_sec = ANSWER_S};
    char answer[LINE_MAX];

    setsockopt(x->monitor_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return told(x, "{\"execute\": \"qmp_capabilities\"}", -1, answer) &&
           told(x, IGNORE_RAM, -1, answer);
}

static bool state_written(struct xd_xen *x)
{
    const uint64_t end = xd_xen_now_ns() + ANSWER_S * UINT64_C(1000000000);
    char answer[LINE_MAX];

    while (told(x, "{\"execute\": \"query-migrate\"}", -1, answer)) {
        if (strstr(answer, "\"completed\""))
            return true;
        if (strstr(answer, "\"failed\"") || xd_xen_now_ns() > end) {
            snprintf(x->error, sizeof(x->error), "QEMU can't save the machine: %.300s", answer);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return false;
}

/* ---- There and back ---- */

bool xd_xen_save(struct xd_xen *x, struct xd_xen_saved *s)
{
    char answer[LINE_MAX];
    int fd = memfd_create("xendouble-state", MFD_CLOEXEC);

    if (fd < 0)
        return xd_xen_fail(x, "the machine's state");
    if (!monitor_ready(x) || !told(x, TAKE_STATE, fd, answer) ||
        !told(x, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"fd:state\"}}", -1,
              answer) ||
        !state_written(x)) {
        close(fd);
        return false;
    }
    *s = (struct xd_xen_saved){
        .there = true, .ram_fd = x->ram_fd, .state_fd = fd, .mail_at = x->mail_at};
    x->ram_fd = -1;
    return true;
}

static bool copy_ram(struct xd_xen *x, int from)
{
    off_t at = 0, end;

    while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
        end = lseek(from, at, SEEK_HOLE);
        for (ssize_t n; at < end; at += n) {
            n = pread(from, x->ram + at, (size_t)(end - at), at);
            if (n <= 0)
                return xd_xen_fail(x, "the machine's RAM");
        }
    }
    return errno == ENXIO || xd_xen_fail(x, "the machine's RAM"); /* no more data */
}

bool xd_xen_restore(struct xd_xen *x, const struct xd_xen_config *c, const struct xd_xen_saved *s)
{
    char path[64], answer[LINE_MAX];
    int fd; /* each QEMU reads from the beginning, by an open file of its own */
    bool ok;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", s->state_fd);
    if (!xd_xen_start(x, c, true) || !copy_ram(x, s->ram_fd))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return xd_xen_fail(x, "the machine's state");
    ok = monitor_ready(x) && told(x, TAKE_STATE, fd, answer) &&
         told(x, "{\"execute\": \"migrate-incoming\", \"arguments\": {\"uri\": \"fd:state\"}}", -1,
              answer) &&
         xd_xen_found(x, s->mail_at);
    close(fd);
    return ok;
}

void xd_xen_forget(struct xd_xen_saved *s)
{
    if (s->there) {
        close(s->ram_fd);
        close(s->state_fd);
    }
    *s = (struct xd_xen_saved){0};
}
