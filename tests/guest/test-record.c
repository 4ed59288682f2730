/* SPDX-License-Identifier: MIT */
/*
 * test-record.c: recordings of linked guests, replayed: every result is the same, and so is every byte
 * of the machine at the end.
 */
#define _DEFAULT_SOURCE
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

static void begin(const char *name)
{
    strcpy(dir, "/tmp/xendouble-record-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(setenv("XENDOUBLE_RECORD", path, 1), 0);
}

static void setup(void)
{
    begin("r.xds");
    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
}

/* The files in (dir), in the order of their names. Their number. */
static int files(char list[][160], int max)
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

static void remove_all(void)
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

static char *read_file(const char *name)
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

static void stepped(void *ctx, const struct xd_runner *r, uint32_t at)
{
    struct replay *re = ctx;

    if (at == re->p->steps - 1)
        re->digest = xd_digest(r->hv);
}

static void failed(void *ctx, const struct xd_failure *f)
{
    struct replay *re = ctx;

    xd_str_addf(&re->said, "line %u: %s\n%s%s", f->line, f->step, f->details, f->explain);
}

static void unused_called(void *ctx, const struct xd_runner *r, const struct xd_made *made,
                          int64_t rc)
{
    (void)ctx;
    (void)r;
    (void)made;
    (void)rc;
}

static void unused_accessed(void *ctx, const struct xd_runner *r, const struct xd_step *s,
                            enum xd_access how, const struct xd_fault *f)
{
    (void)ctx;
    (void)r;
    (void)s;
    (void)how;
    (void)f;
}

/* Replays (text); returns what the machine's digest is at the end. */
static uint64_t replay(enum xd_verdict verdict)
{
    static const struct xd_run_watch watch = {
        .called = unused_called, .accessed = unused_accessed, .stepped = stepped};
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
static uint64_t again(uint64_t *digest)
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
static void same_again(void)
{
    uint64_t digest, replayed = again(&digest);

    ck_assert_uint_eq(replayed, digest);
}

#define ck_says(line) ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in\n%s", line, text)

/* ---- Guest code ---- */

static evtchn_port_t connect(void)
{
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_bind_interdomain bind = {.remote_dom = 1};
    uint64_t arg[6] = {EVTCHNOP_bind_interdomain, (uintptr_t)&bind};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un), 0);
    bind.remote_port = un.port;
    ck_assert_int_eq((int)xd_hypercall(m.peer, __HYPERVISOR_event_channel_op, arg), 0);
    return bind.local_port;
}

static void send_as(struct xd_vcpu *v, evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};
    uint64_t arg[6] = {EVTCHNOP_send, (uintptr_t)&send};

    ck_assert_int_eq((int)xd_hypercall(v, __HYPERVISOR_event_channel_op, arg), 0);
}

static uint64_t free_page(uint64_t k)
{
    return xd_domain_mfn(m.d1, xd_domain_start(m.d1)->first_free_pfn + k);
}

/* Code that is linked with the machine can write to a frame that nothing maps. */
static uint64_t *contents(uint64_t mfn)
{
    return (uint64_t *)(uintptr_t)xd_frame_contents(m.hv, mfn);
}

START_TEST(events_and_the_guests_own_bits)
{
    struct shared_info *s = xd_guest_shared_info(m.d1);
    struct evtchn_send nowhere = {.port = 99};
    evtchn_port_t port = connect();

    send_as(m.peer, port);
    s->evtchn_mask[0] |= 2;
    s->evtchn_pending[0] = 0;
    s->vcpu_info[0].evtchn_upcall_pending = 0;
    s->vcpu_info[0].evtchn_pending_sel = 0;
    send_as(m.peer, port);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_send, &nowhere), 0);
    same_again();
    ck_says("event_channel_op bind_interdomain remote_dom=d1 remote_port=3 = 0 local_port=3\n");
    ck_says("expect d1 port 3 pending\n");
    ck_says("event_channel_op send port=99 = EINVAL why=evtchn-port-range\n");
    ck_says("poke d1.shared_info()[320] 0x2\n");
}
END_TEST

START_TEST(page_tables)
{
    uint64_t t = free_page(0), p = free_page(1);
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = t};
    struct mmu_update u[2] = {{t << 12 | 8, p << 12 | 3}, {t << 12 | 16, t << 12 | 3}};
    int done = -1;

    for (unsigned int i = 0; i < 40; i++)
        contents(t)[3 + i] = p << 12 | 0x67;
    contents(p)[511] = 0x1234567890;
    ck_assert_int_eq(HYPERVISOR_mmuext_op(&pin, 1, &done, DOMID_SELF), 0);
    ck_assert_int_lt(HYPERVISOR_mmu_update(u, 2, &done, DOMID_SELF), 0);
    ck_assert_int_eq(done, 1);
    ck_assert_int_lt(HYPERVISOR_mmu_update(u, 2, NULL, 5), 0);
    HYPERVISOR_update_va_mapping(0xffffffff80000000, p << 12 | 0x65, UVMF_INVLPG);
    same_again();
    ck_says("mmuext_op [PIN_L1_TABLE mfn=page(0)] = 0 done=1\n");
    ck_says("mmu_update [page(0)[1] = pte(page(1), P|RW), page(0)[2] = pte(page(0), P|RW)] = EBUSY "
            "done=1 why=l1e-rw-table\n");
    ck_says("[pte(page(1), P|RW|US|A|D), pte(page(1), P|RW|US|A|D), ");
    ck_says("poke page(1)[511] 0x1234567890\n");
    ck_says("expect frame page(0) type=l1 ");
}
END_TEST

static bool refuse_the_second(void *ctx, struct xd_vcpu *v, uint64_t nr, const uint64_t *arg,
                              int64_t *rc)
{
    unsigned int *sends = ctx;

    (void)v;
    *rc = -28;
    return nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_send && ++*sends == 2;
}

START_TEST(multicalls_and_what_a_hook_answers)
{
    unsigned int sends = 0;
    struct xd_hooks hooks = {.ctx = &sends, .inject = refuse_the_second};
    evtchn_port_t port = connect();
    struct evtchn_send send = {.port = port};
    struct multicall_entry e[4] = {{.op = __HYPERVISOR_event_channel_op},
                                   {.op = __HYPERVISOR_xen_version},
                                   {.op = __HYPERVISOR_event_channel_op},
                                   {.op = 77}};

    xd_hooks_set(m.hv, &hooks);
    for (int i = 0; i < 3; i += 2) {
        e[i].args[0] = EVTCHNOP_send;
        e[i].args[1] = (uintptr_t)&send;
    }
    ck_assert_int_eq(HYPERVISOR_multicall(e, 3), 0);
    ck_assert_int_eq((int)e[2].result, -28);
    ck_assert_int_eq(HYPERVISOR_multicall(e, 1), 0);
    ck_assert_int_eq(HYPERVISOR_multicall(e, 4), 0); /* one has no row: said in registers */
    ck_assert_int_lt(HYPERVISOR_multicall(NULL, 2), 0);
    same_again();
    ck_says("inject event_channel_op send nth=2 error=ENOSPC\n"
            "multicall { event_channel_op send port=3 = 0 ; xen_version version = 0x40011 ; "
            "event_channel_op send port=3 = ENOSPC why=injected } = 0\n");
}
END_TEST

START_TEST(memory_of_all_kinds)
{
    static const struct evtchn_alloc_unbound constant = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_alloc_unbound un = {.dom = DOMID_SELF, .remote_dom = 7};
    struct evtchn_alloc_unbound *inside = (void *)(contents(free_page(3)) + 5);
    long size = sysconf(_SC_PAGESIZE);
    char *edge =
        mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct vcpu_runstate_info info;
    struct xen_memory_reservation r = {.nr_extents = 2, .domid = DOMID_SELF};
    xen_pfn_t frames[2] = {free_page(8), free_page(9)};
    char said[] = "hello";
    uint64_t arg[6] = {EVTCHNOP_alloc_unbound, (uintptr_t)&un};

    un.port = 0xdeadbeef; /* what an operation does not set shows what stood there */
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &un), 0);
    *inside = constant;
    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, inside), 0);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, NULL), 0);
    ck_assert_int_lt(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, (void *)0x1234), 0);
    ck_assert_int_lt(
        HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, (void *)(uintptr_t)&constant), 0);
    munmap(edge + size, (size_t)size);
    memset(edge, 0, (size_t)size);
    ck_assert_int_lt(HYPERVISOR_mmu_update((void *)(edge + size - 16), 2, NULL, DOMID_SELF), 0);
    HYPERVISOR_console_io(0, 5, said); /* not a control domain */
    ck_assert_int_eq(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    set_xen_guest_handle(r.extent_start, frames);
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 2);
    frames[0] = xd_domain_start(m.d1)->first_free_pfn + 8;
    frames[1] = frames[0] + 1;
    ck_assert_int_eq((int)HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 2);
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_event_channel_op, arg), 0);
    munmap(edge, (size_t)size);
    same_again();
    ck_says("event_channel_op alloc_unbound dom=SELF remote_dom=7 = 0 port=3\n");
    ck_says("event_channel_op alloc_unbound arg=0 = EFAULT why=copy-in\n");
    ck_says(" readonly\n");
    ck_says("memory_op decrease_reservation extent_start=[page(8), page(9)] ");
    ck_says("vcpu_op get_runstate_info 0 buf(48) = 0 arg=[");
    ck_says("@d1.1\n");
}
END_TEST

/* The list goes on when its vCPU wakes, and its line stands where it began. */
START_TEST(a_multicall_that_sleeps)
{
    evtchn_port_t port = connect(), mine = 3;
    struct sched_poll poll = {.nr_ports = 1};
    struct multicall_entry e[3] = {
        {.op = __HYPERVISOR_xen_version},
        {.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_poll, (uintptr_t)&poll}},
        {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 3}, digest;

    set_xen_guest_handle(poll.ports, &mine);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    ck_assert(xd_continuing(m.v1));
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    send_as(m.peer, port);
    ck_assert_int_eq((int)xd_continue(m.v1), 0);
    ck_assert_int_eq((int)e[2].result, 0x40011);
    again(&digest); /* where the list lay, which Xen remembers, is another place */
    ck_says("@d1.1\nmulticall { xen_version version = 0x40011 ; sched_op poll ports=[3] = 0 ; ");
}
END_TEST

static void wait_for_it(void *port)
{
    struct sched_poll poll = {.nr_ports = 1};

    set_xen_guest_handle(poll.ports, (evtchn_port_t *)port);
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
    poll.timeout = xd_now_ns(m.hv) + 5000;
    xd_guest_shared_info(m.d1)->evtchn_pending[0] = 0;
    ck_assert_int_eq(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
}

static void send_it(void *port)
{
    struct evtchn_send send = {.port = *(evtchn_port_t *)port};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), 0);
}

static void hear(void *v)
{
    struct vcpu_info *info = xd_guest_vcpu_info(v);

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
}

START_TEST(vcpus_time_upcalls_and_the_host)
{
    evtchn_port_t port = connect(), mine = 3;
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};
    struct xd_domain_config c = XD_DOMAIN_CONFIG_DEFAULT;
    struct xd_domain *d;

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind), 0);
    xd_leave();
    ck_assert_int_eq(xd_vcpu_start(m.v0, wait_for_it, &mine), 0);
    ck_assert_int_eq(xd_vcpu_start(m.peer, send_it, &port), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    xd_guest_on_upcall(m.v0, hear, m.v0);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_virq_raise(m.v0, VIRQ_TIMER);
    xd_preempt();
    ck_assert_uint_eq(xd_console_input(m.hv, "typed\n", 6), 6);
    c.command_line = "root=\"/dev/xvda\"";
    c.handle[3] = 0x80;
    ck_assert_int_eq(xd_domain_create(m.hv, &c, &d), 0);
    xd_advance(m.hv, 123456);
    xd_domain_destroy(m.d2);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    same_again();
    ck_says("sched_op poll ports=[3] = 0 blocked\n");
    ck_says("advance 123456ns\n");
    ck_says("virq TIMER\n");
    ck_says("domain d3 total=2048 ");
    ck_says("destroy d2\n");
}
END_TEST

START_TEST(a_domain_that_crashes)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};

    ck_assert_int_eq(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &bind), 0);
    xd_leave();
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 0;
    xd_virq_raise(m.v0, VIRQ_TIMER);
    ck_assert_int_eq(xd_vcpu_start(m.v0, send_it, &bind.port), 0);
    ck_assert_int_eq(xd_run(m.hv, NULL), XD_RUN_FINISHED);
    same_again();
    ck_says("crash d1\n");
}
END_TEST

/* ---- What can't be recorded ---- */

static void no_replay_of_it(const char *why)
{
    char list[8][160];

    machine_teardown(&m);
    ck_assert_int_eq(files(list, 8), 1);
    text = read_file(list[0]);
    ck_says("incomplete ");
    ck_says(why);
    replay(XD_UNUSABLE);
}

START_TEST(a_machine_that_was_used_before)
{
    struct xd_hv *hv;
    struct xd_domain *d;
    char list[8][160];

    machine_teardown(&m);
    remove_all();
    begin("r.xds");
    ck_assert_int_eq(xd_hv_create(&hv, NULL), 0);
    ck_assert_int_eq(xd_domain_create(hv, NULL, &d), 0);
    xd_advance(hv, 1000);
    ck_assert_int_eq(xd_enter(xd_vcpu_at(d, 0)), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011); /* the test goes on */
    xd_hv_destroy(hv);
    ck_assert_int_eq(files(list, 8), 1);
    text = read_file(list[0]);
    ck_says("incomplete \"the machine was used before it was linked");
    replay(XD_UNUSABLE);
}
END_TEST

START_TEST(a_change_that_is_no_step)
{
    struct xd_snapshot s = xd_snapshot(m.hv);

    connect();
    ck_assert_int_eq(xd_restore(m.hv, s), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("something that is no step");
}
END_TEST

static bool no_memory(void *ctx, struct xd_vcpu *v, uint64_t va, void *buf, size_t n)
{
    (void)ctx;
    (void)v;
    (void)va;
    (void)buf;
    (void)n;
    return false;
}

START_TEST(hooks_before_the_guests_memory)
{
    struct xd_hooks hooks = {.read = no_memory};

    xd_hooks_set(m.hv, &hooks);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("hooks of the host's");
}
END_TEST

START_TEST(a_multicall_that_never_ends)
{
    struct multicall_entry e[2] = {{.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_block}},
                                   {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 2};

    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    no_replay_of_it("in the middle of a multicall of d1v1");
}
END_TEST

START_TEST(a_multicall_that_went_on_late)
{
    evtchn_port_t port = connect(), mine = 3;
    struct sched_poll poll = {.nr_ports = 1};
    struct multicall_entry e[2] = {
        {.op = __HYPERVISOR_sched_op_new, .args = {SCHEDOP_poll, (uintptr_t)&poll}},
        {.op = __HYPERVISOR_xen_version}};
    uint64_t arg[6] = {(uintptr_t)e, 2};

    set_xen_guest_handle(poll.ports, &mine);
    xd_guest_vcpu_info(m.v0)->evtchn_upcall_mask = 1;
    ck_assert_int_eq((int)xd_hypercall(m.v1, __HYPERVISOR_multicall, arg), 0);
    send_as(m.peer, port);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    ck_assert_int_eq((int)xd_continue(m.v1), 0);
    no_replay_of_it("only after others had done more");
}
END_TEST

/* ---- Files ---- */

START_TEST(every_machine_and_every_process_has_a_file)
{
    struct machine other;
    char list[8][160];
    int status;
    pid_t child;

    machine_setup(&other);
    connect();
    fflush(stdout);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct evtchn_send nowhere = {.port = 77};

        HYPERVISOR_event_channel_op(EVTCHNOP_send, &nowhere);
        xd_hv_destroy(m.hv);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    machine_teardown(&m);
    machine_teardown(&other);
    ck_assert_int_eq(files(list, 8), 3);
    for (int i = 0; i < 3; i++) {
        free(text);
        text = read_file(list[i]);
        replay(XD_PASSED);
    }
}
END_TEST

START_TEST(the_name_can_have_the_process_in_it)
{
    char list[8][160], want[32];

    machine_teardown(&m);
    remove_all();
    begin("of-%p.xds");
    machine_setup(&m);
    machine_teardown(&m);
    ck_assert_int_eq(files(list, 8), 1);
    snprintf(want, sizeof(want), "/of-%ld", (long)getpid());
    ck_assert_msg(strstr(list[0], want) != NULL, "%s", list[0]);
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_told)
{
    machine_teardown(&m);
    remove_all();
    setenv("XENDOUBLE_RECORD", "/nowhere/at/all.xds", 1);
    machine_setup(&m);
    ck_assert_int_eq(xd_enter(m.v0), 0);
    ck_assert_int_eq(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011);
    machine_teardown(&m);
    strcpy(dir, "/nowhere");
    unsetenv("XENDOUBLE_RECORD");
}
END_TEST

static void teardown_files(void)
{
    if (strcmp(dir, "/nowhere"))
        remove_all();
}

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");

    tcase_add_checked_fixture(tc, setup, teardown_files);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, events_and_the_guests_own_bits);
    tcase_add_test(tc, page_tables);
    tcase_add_test(tc, multicalls_and_what_a_hook_answers);
    tcase_add_test(tc, memory_of_all_kinds);
    tcase_add_test(tc, a_multicall_that_sleeps);
    tcase_add_test(tc, vcpus_time_upcalls_and_the_host);
    tcase_add_test(tc, a_domain_that_crashes);
    tcase_add_test(tc, a_machine_that_was_used_before);
    tcase_add_test(tc, a_change_that_is_no_step);
    tcase_add_test(tc, hooks_before_the_guests_memory);
    tcase_add_test(tc, a_multicall_that_never_ends);
    tcase_add_test(tc, a_multicall_that_went_on_late);
    tcase_add_test(tc, every_machine_and_every_process_has_a_file);
    tcase_add_test(tc, the_name_can_have_the_process_in_it);
    tcase_add_test(tc, a_file_that_cannot_be_made_is_told);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
