/* SPDX-License-Identifier: MIT */
/*
 * recorded.h: what the tests of recordings share: a machine that is recorded to a file of its own, replaying
 * that, and some guest code.
 */
#ifndef XD_TESTS_RECORDED_H
#define XD_TESTS_RECORDED_H

#include "guest.h"

#include "program/runner.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/interface/memory.h>
#include <xen/interface/vcpu.h>

static struct machine m;
static char dir[64], path[160];
static char *text; /* of the recording */

static inline void begin(const char *name)
{
    strcpy(dir, "/tmp/xendouble-record-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(setenv("XENDOUBLE_RECORD", path, 1), 0);
}

static inline void setup(void)
{
    begin("r.xds");
    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}

/* The files in (dir), in the order of their names. Their number. */
static inline int files(char list[][160], int max)
{
    struct dirent **e;
    int n = scandir(dir, &e, NULL, alphasort), nr = 0;

    ck_assert_int_ge(n, 0);
    for (int i = 0; i < n; i++) {
        if (e[i]->d_name[0] != '.' && nr < max)
            snprintf(list[nr++], 160, "%.60s/%.90s", dir, e[i]->d_name);
        free(e[i]);
    }
    free(e);
    return nr;
}

static inline void remove_all(void)
{
    char list[8][160];
    int n = files(list, 8);

    for (int i = 0; i < n; i++)
        unlink(list[i]);
    rmdir(dir);
    free(text);
    text = NULL;
    unsetenv("XENDOUBLE_RECORD");
}

static inline char *read_file(const char *name)
{
    FILE *f = fopen(name, "r");
    char *s = calloc(1, 1 << 22);
    size_t n;

    ck_assert_msg(f != NULL, "there is no %s", name);
    n = fread(s, 1, (1 << 22) - 1, f);
    ck_assert_uint_lt(n, (1 << 22) - 1);
    fclose(f);
    return s;
}

/* ---- Replaying ---- */

struct replay {
    struct xd_program *p;
    uint64_t digest; /* of the machine behind the last step */
    struct xd_str said;
};

static inline void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct replay *re = ctx;

    if (at == re->p->steps - 1)
        re->digest = xd_digest(r->hv);
}

static inline void failed(void *ctx, const struct xd_failure *f)
{
    struct replay *re = ctx;

    xd_str_addf(&re->said, "line %u: %s\n%s%s", f->line, f->step, f->details, f->explain);
}

/* Replays (text); returns what the machine's digest is at the end. */
static inline uint64_t replay(enum xd_verdict verdict)
{
    static const struct xd_run_watch watch = {.stepped = stepped};
    struct replay re = {0};
    struct xd_run_options opt = {.watch = &watch, .failed = failed, .ctx = &re, .audit = true};
    struct xd_run_result result;
    struct xd_str again = {0};
    char *error = NULL;

    re.p = xd_program_parse("r.xds", text, strlen(text), &error);
    ck_assert_msg(re.p != NULL, "%s\n%s", error, text);
    xd_program_print(re.p, &again);
    ck_assert_str_eq(xd_str_text(&again), text); /* it is canonical */
    xd_str_free(&again);
    xd_program_run(re.p, &opt, &result);
    ck_assert_msg(result.verdict == verdict, "verdict %d\n%s\n%s", (int)result.verdict,
                  xd_str_text(&re.said), text);
    xd_str_free(&re.said);
    xd_program_free(re.p);
    return re.digest;
}

/* The machine ends and its recording is replayed. What it comes out as: *was it so? */
static inline uint64_t again(uint64_t *digest)
{
    char list[8][160];

    *digest = xd_digest(m.hv);
    machine_teardown(&m);
    ck_assert_int_eq(files(list, 8), 1);
    text = read_file(list[0]);
    ck_assert_msg(!strstr(text, "incomplete"), "%s", text);
    return replay(XD_PASSED);
}

/* The same machine comes out, to the last byte. */
static inline void same_again(void)
{
    uint64_t digest, replayed = again(&digest);

    ck_assert_uint_eq(replayed, digest);
}

#define ck_says(line) ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in\n%s", line, text)

/* ---- Guest code ---- */

static inline evtchn_port_t connect(void)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_bind_interdomain bind = {.remote_dom = 1};
    uint64_t arg[6] = {EVTCHNOP_bind_interdomain, (uintptr_t)&bind};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un), 0);
    bind.remote_port = un.port;
    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_event_channel_op, arg), 0);
    return bind.local_port;
}

static inline void send_as(struct xd_vcpu *v, evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};
    uint64_t arg[6] = {EVTCHNOP_send, (uintptr_t)&send};

    ck_assert_int_eq((int)xd_hypercall(v, __HYPERVISOR_event_channel_op, arg), 0);
}

static inline uint64_t free_page(uint64_t k)
{
    return xd_domain_mfn(m.d1, xd_domain_start(m.d1)->first_free_pfn + k);
}

/* Code that is linked with the machine can write to a frame that nothing maps. */
static inline uint64_t *contents(uint64_t mfn)
{
    return (uint64_t *)(uintptr_t)xd_frame_contents(m.hv, mfn);
}

static inline void teardown_files(void)
{
    if (strcmp(dir, "/nowhere"))
        remove_all();
}

#endif
