/* SPDX-License-Identifier: MIT */
/*
 * oracle_peer.c: the process that runs programs on the real hypervisor, by requests and answers.
 *
 * Both are framed: four bytes of length, the lowest first, and so many bytes. It ends by itself when its input ends.
 */
#define _GNU_SOURCE
#include "cli/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX  (256u << 20)
#define GRACE_MS    2000 /* from the end of its input to SIGTERM, and on to SIGKILL */
#define EXEC_FAILED 127
#define OVER        "the time is over"

int64_t xd_oracle_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool start(struct xd_peer *peer, struct xd_str *why)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    pid_t me = getpid();

    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || (peer->pid = fork()) < 0) {
        xd_str_addf(why, "no process can be started: %s", strerror(errno));
        for (int i = 0; i < 2; i++) {
            close(to[i]);
            close(from[i]);
        }
        peer->pid = 0;
        return false;
    }
    if (peer->pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* while it boots, it does not look at its input */
        if (getppid() != me)
            _exit(EXEC_FAILED);
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execl(peer->parts->runner, peer->parts->runner, peer->parts->qemu, peer->parts->xen,
              peer->parts->kernel, (char *)NULL);
        _exit(EXEC_FAILED);
    }
    close(to[0]);
    close(from[1]);
    peer->to = to[1];
    peer->from = from[0];
    peer->answered = false;
    return true;
}

/* Waits up to (ms); false: it still runs. */
static bool ended(struct xd_peer *peer, int ms, int *status)
{
    int64_t end = xd_oracle_now_ms() + ms;

    for (;;) {
        pid_t got = waitpid(peer->pid, status, WNOHANG);

        if (got == peer->pid || (got < 0 && errno != EINTR))
            return true;
        if (xd_oracle_now_ms() >= end)
            return false;
        poll(NULL, 0, 5);
    }
}

static int stop(struct xd_peer *peer)
{
    int status = 0;

    close(peer->to);
    if (!ended(peer, GRACE_MS, &status)) {
        kill(peer->pid, SIGTERM);
        if (!ended(peer, GRACE_MS, &status)) {
            kill(peer->pid, SIGKILL);
            while (waitpid(peer->pid, &status, 0) < 0 && errno == EINTR)
                ;
        }
    }
    close(peer->from);
    peer->pid = 0;
    return status;
}

void xd_peer_stop(struct xd_peer *peer)
{
    if (peer->pid)
        stop(peer);
}

/* Its pipe broke: how did it end? */
static bool gone(struct xd_peer *peer, struct xd_str *why)
{
    int status = stop(peer);

    xd_str_addf(why, "%s ", peer->parts->runner);
    peer->unstartable = WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED && !peer->answered;
    if (peer->unstartable)
        xd_str_add(why, "can't be started");
    else if (WIFSIGNALED(status))
        xd_str_addf(why, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        xd_str_addf(why, "ended without an answer, exit code %d", WEXITSTATUS(status));
    return false;
}

/* Is the time up within so many milliseconds from now on? */
static bool ends_before(const struct xd_peer *peer, int64_t ms)
{
    return peer->end_ms && xd_oracle_now_ms() + ms >= peer->end_ms;
}

bool xd_peer_send(struct xd_peer *peer, const void *request, size_t n, struct xd_str *why)
{
    const unsigned char head[4] = {(unsigned char)n, (unsigned char)(n >> 8),
                                   (unsigned char)(n >> 16), (unsigned char)(n >> 24)};

    if (ends_before(peer, 0)) {
        xd_str_add(why, OVER);
        return false;
    }
    if (!peer->pid && !start(peer, why))
        return false;
    return (xd_write_all(peer->to, head, sizeof(head)) && xd_write_all(peer->to, request, n)) ||
           gone(peer, why);
}

enum got { GOT, GOT_END, GOT_LATE };

static enum got get(const struct xd_peer *peer, void *data, size_t n, int64_t end)
{
    for (char *p = data; n;) {
        struct pollfd fd = {.fd = peer->from, .events = POLLIN};
        int64_t left = end - xd_oracle_now_ms();
        ssize_t got;

        if (left <= 0)
            return GOT_LATE;
        if (poll(&fd, 1, left > 1000 ? 1000 : (int)left) <= 0)
            continue;
        got = read(peer->from, p, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return GOT_END;
        p += got;
        n -= (size_t)got;
    }
    return GOT;
}

bool xd_peer_receive(struct xd_peer *peer, struct xd_str *answer, struct xd_str *why)
{
    const bool soon = ends_before(peer, (int64_t)peer->timeout_s * 1000);
    const int64_t end = soon ? peer->end_ms : xd_oracle_now_ms() + (int64_t)peer->timeout_s * 1000;
    unsigned char head[4];
    enum got got = get(peer, head, sizeof(head), end);
    uint32_t n = 0;

    if (got == GOT) {
        n = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
        if (n > ANSWER_MAX) {
            kill(peer->pid, SIGTERM);
            stop(peer);
            xd_str_addf(why, "%s announces an answer of %lu bytes; it is no oracle",
                        peer->parts->runner, (unsigned long)n);
            return false;
        }
        free(answer->text);
        *answer = (struct xd_str){.text = xd_zalloc((size_t)n + 1), .len = n, .cap = (size_t)n + 1};
        got = get(peer, answer->text, n, end);
    }
    if (got == GOT_END)
        return gone(peer, why);
    if (got == GOT_LATE) {
        kill(peer->pid, SIGTERM);
        stop(peer);
        if (soon)
            xd_str_add(why, OVER);
        else
            xd_str_addf(why, "%s gave no answer for %d s", peer->parts->runner, peer->timeout_s);
        return false;
    }
    peer->answered = true;
    return true;
}
