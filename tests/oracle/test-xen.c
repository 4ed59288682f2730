/* SPDX-License-Identifier: MIT */
/*
 * test-xen.c: oracle/boot.c, saved.c and xen.c, with this program itself in the place of QEMU.
 *
 * Started as QEMU is, it lays a few page tables, frame records and a mailbox into the RAM file, says that the kernel is
 * ready, and answers requests as follow() tells.
 */
#define _GNU_SOURCE
#include "../../oracle/xen.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define RAM_MB      8u
#define RAM         (RAM_MB << 20)
#define ROOT        0x1000u  /* the L4 table; further tables follow */
#define MAIL        0x40000u /* where the mailbox lies */
#define MAIL_VA     UINT64_C(0xffffffff80003000)
#define RECORDS     0x50000u
#define RECORDS_VA  UINT64_C(0xffff82e000000000)
#define M2P         0x70000u
#define M2P_VA      UINT64_C(0xffff800000000000)
#define DOMAIN      0x80000u /* Xen's struct of some domain, whose first two bytes are its number */
#define GUEST_VA    UINT64_C(0x0000123456789000)
#define LARGE_VA    UINT64_C(0x0000400000000000)
#define HUGE_VA     UINT64_C(0x0000500000000000)
#define BEYOND_VA   UINT64_C(0x0000600000000000)
#define NO_WRITE_VA UINT64_C(0x0000700000000000)

#define STATE "all but RAM"

enum { CALL_ADD = 1, CALL_STRUCT, CALL_CRASH, CALL_TRAP, CALL_SLEEP, CALL_NO_ROOM, CALL_QUIT };

/* ---- In the place of QEMU ---- */

static unsigned char *ram;
static uint64_t next_table = ROOT + 0x1000;

static void put(uint64_t at, const void *data, size_t n)
{
    memcpy(ram + at, data, n);
}

static uint64_t *entry(uint64_t table, uint64_t va, unsigned int level)
{
    return (uint64_t *)(void *)(ram + table) + (va >> (12 + 9 * (level - 1)) & 511);
}

/* Maps (va) to (pa) by an entry of (level) with these flags; tables above allow everything. */
static void map(uint64_t va, uint64_t pa, unsigned int level, uint64_t flags)
{
    uint64_t table = ROOT;

    for (unsigned int l = 4; l > level; l--) {
        uint64_t *e = entry(table, va, l);

        if (!*e) {
            *e = next_table | 7;
            next_table += 0x1000;
        }
        table = *e & ~UINT64_C(0xfff);
    }
    *entry(table, va, level) = pa | flags;
}

static void record(uint64_t mfn, uint64_t count, uint64_t type, uint32_t owner, int16_t linear)
{
    put(RECORDS + mfn * 32 + 8, &count, 8);
    put(RECORDS + mfn * 32 + 16, &type, 8);
    put(RECORDS + mfn * 32 + 24, &owner, 4);
    put(RECORDS + mfn * 32 + 30, &linear, 2);
}

static void lay_out(struct xd_mailbox *m)
{
    const uint16_t domid = 7;

    map(MAIL_VA, MAIL, 1, 7);
    for (uint64_t at = 0; at < RAM / 4096 * 32; at += 4096)
        map(RECORDS_VA + at, RECORDS + at, 1, 3);
    for (uint64_t at = 0; at < RAM / 4096 * 8; at += 4096)
        map(M2P_VA + at, M2P + at, 1, 3);
    map(GUEST_VA, 0x99000, 1, 7);
    map(LARGE_VA, 0x200000, 2, 0x87);
    map(HUGE_VA, 0, 3, 0x87);
    map(BEYOND_VA, 0x40000000, 1, 7);
    map(NO_WRITE_VA, 0x99000, 1, 5);
    put(DOMAIN, &domid, 2);
    record(5, UINT64_C(1) << 63 | 3, UINT64_C(7) << 61 | UINT64_C(1) << 58 | 2, DOMAIN / 4096, 0);
    record(6, UINT64_C(1) << 63 | UINT64_C(1) << 62 | 1, 0, 0, 0);
    record(7, 2, UINT64_C(4) << 61 | UINT64_C(1) << 59 | UINT64_C(1) << 56 | 1, DOMAIN / 4096, -3);
    put(M2P + 600 * 8, &(uint64_t){0x1234}, 8);
    m->cr3 = ROOT | 0x18; /* bits that are no address */
    m->magic[0] = XD_MAIL_MAGIC0;
    m->magic[1] = XD_MAIL_MAGIC1;
}

static void say(const char *text)
{
    if (fputs(text, stdout) < 0 || fflush(stdout))
        exit(1);
}

/* As Xen does with CTRL-A; what came before is told. */
static void take_input(void)
{
    static unsigned int ordered;
    char c;

    while (read(STDIN_FILENO, &c, 1) == 1) {
        if (c != 1) {
            printf("<%c>", c);
            continue;
        }
        ordered++;
        if (ordered % 3 == 0)
            printf("*** Serial input to %s (type 'CTRL-a' three times)\n",
                   ordered % 6 ? "Xen" : "DOM0");
        say("");
    }
}

static int monitor; /* our end */
static bool stands; /* it is being saved, or waits for a state */
static bool can_save = true;

static void answer(const char *line)
{
    if (send(monitor, line, strlen(line), 0) < 0)
        exit(3);
}

/* What QEMU's monitor is asked for so that a machine is saved, and another goes on from there. */
static void take_command(void)
{
    static int state = -1;
    static unsigned int asked;
    char line[1024] = "", room[CMSG_SPACE(sizeof(int))], got[sizeof(STATE)] = "";
    struct iovec text = {.iov_base = line, .iov_len = sizeof(line) - 1};
    struct msghdr m = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};

    if (recvmsg(monitor, &m, MSG_DONTWAIT) <= 0)
        return;
    if (strstr(line, "getfd") && m.msg_controllen)
        memcpy(&state, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(state));
    if (strstr(line, "\"migrate\"")) {
        stands = true;
        if (!can_save)
            answer("{\"error\": {\"desc\": \"there is no room\"}}\r\n");
        else if (write(state, STATE, sizeof(STATE)) != sizeof(STATE))
            exit(3);
    }
    if (strstr(line, "migrate-incoming")) {
        if (read(state, got, sizeof(got)) != sizeof(STATE) || strcmp(got, STATE) != 0)
            exit(3);
        stands = false;
    }
    answer("{\"event\": \"STOP\"}\r\n");
    if (!strstr(line, "query-migrate"))
        answer("{\"return\": {}}\r\n");
    else
        answer(asked++ ? "{\"return\": {\"status\": \"completed\"}}\r\n"
                       : "{\"return\": {\"status\": \"active\"}}\r\n");
}

/* The kernel's loop. */
static void follow(volatile struct xd_mailbox *m)
{
    for (uint32_t seen = m->answered;; seen++) {
        while (stands || __atomic_load_n(&m->asked, __ATOMIC_ACQUIRE) == seen) {
            take_input();
            take_command();
            usleep(100);
        }
        switch (m->op == XD_MAIL_CALL ? m->nr : CALL_QUIT) {
        case CALL_ADD: m->result = m->arg[0] + m->arg[5]; break;
        case CALL_STRUCT:
            m->result = m->arg[1];
            m->scratch[0]++;
            break;
        case CALL_CRASH:
            say("(XEN) Domain 0 crashed: just so\n");
            for (;;)
                pause();
        case CALL_TRAP: m->trapped = 1; break;
        case CALL_NO_ROOM: can_save = false; break;
        case CALL_SLEEP: /* until somebody wakes it */
            while (!__atomic_load_n(&m->scratch[0], __ATOMIC_ACQUIRE))
                usleep(100);
            m->result = 17;
            break;
        default: exit(0);
        }
        __atomic_store_n(&m->answered, seen + 1, __ATOMIC_RELEASE);
    }
}

static const char *argument(char **argv, const char *option, const char *begin)
{
    for (; argv[0] && argv[1]; argv++)
        if (!strcmp(argv[0], option) && strstr(argv[1], begin))
            return strstr(argv[1], begin) + strlen(begin);
    exit(2);
}

static int qemu(char **argv)
{
    char *path = strdup(argument(argv, "-object", "mem-path="));
    int fd;

    (void)argument(argv, "-serial", "stdio");
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    path[strcspn(path, ",")] = '\0';
    fd = open(path, O_RDWR);
    ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || ram == MAP_FAILED || strcmp(argument(argv, "-kernel", ""), "the Xen"))
        return 1;
    monitor = atoi(argument(argv, "-chardev", "fd="));
    answer("{\"QMP\": {}}\r\n");
    while (argv[1])
        stands = !strcmp(*argv++, "-incoming") || stands;
    while (stands)
        take_command();
    if (!*(uint64_t *)(void *)(ram + MAIL)) {
        say("(XEN) Xen version 4.17\n");
        lay_out((void *)(ram + MAIL));
        say("oracle: ready\n");
    }
    follow((void *)(ram + MAIL));
    return 0;
}

/* ---- The tests ---- */

static struct xd_xen *x;
static int files;

static int open_files(void)
{
    int nr = 0;

    for (int fd = 0; fd < 256; fd++)
        nr += fcntl(fd, F_GETFD) != -1;
    return nr;
}

static const struct xd_xen_config c = {.qemu = "/proc/self/exe",
                                       .xen = "the Xen",
                                       .kernel = "the kernel",
                                       .ram_mb = RAM_MB,
                                       .dom0_mb = 4,
                                       .dom0_vcpus = 1};

static void boot(void)
{
    files = open_files();
    x = calloc(1, sizeof(*x));
    ck_assert_msg(xd_xen_boot(x, &c), "%s", x->error);
}

static void end(void)
{
    xd_xen_end(x);
    ck_assert_int_eq(open_files(), files);
    free(x);
}

START_TEST(the_kernel_is_found)
{
    ck_assert(x->guest[0].mail == (volatile void *)(x->ram + MAIL));
    ck_assert_uint_eq(x->guest[0].mail_va, MAIL_VA);
    ck_assert(!x->guest[1].mail);
    ck_assert(!x->dead && !x->guest[0].dead);
}
END_TEST

START_TEST(tables_are_walked_as_the_processor_does)
{
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, GUEST_VA + 5, 1), x->ram + 0x99005);
    ck_assert_ptr_eq(xd_xen_at(x, ROOT | 0xfff, GUEST_VA, 7), x->ram + 0x99000);
    ck_assert_ptr_null(xd_xen_at(x, ROOT, GUEST_VA + 4096, 1));
    ck_assert_ptr_null(xd_xen_at(x, ROOT, GUEST_VA + (UINT64_C(1) << 39), 1));
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, LARGE_VA + 0x12345, 1), x->ram + 0x212345);
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, HUGE_VA + 0x312345, 1), x->ram + 0x312345);
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, BEYOND_VA, 1), x->beyond);
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, HUGE_VA + RAM, 1), x->beyond);
    ck_assert_ptr_eq(xd_xen_at(x, ROOT, NO_WRITE_VA, 5), x->ram + 0x99000);
    ck_assert_ptr_null(xd_xen_at(x, ROOT, NO_WRITE_VA, 3));
    ck_assert_ptr_null(xd_xen_at(x, RAM, GUEST_VA, 1));
}
END_TEST

START_TEST(frame_records_are_taken_apart)
{
    struct xd_xen_frame f;

    xd_xen_frame_at(x, 5, &f);
    ck_assert(f.allocated && !f.xen_heap && !f.pinned && f.validated && !f.partial);
    ck_assert_uint_eq(f.count, 3);
    ck_assert_uint_eq(f.type, 7);
    ck_assert_uint_eq(f.type_count, 2);
    ck_assert_uint_eq(f.owner, 7);
    xd_xen_frame_at(x, 6, &f);
    ck_assert(f.allocated && f.xen_heap);
    ck_assert_uint_eq(f.owner, ~0u);
    xd_xen_frame_at(x, 7, &f);
    ck_assert(!f.allocated && f.pinned && !f.validated && f.partial);
    ck_assert_uint_eq(f.type, 4);
    ck_assert_int_eq(f.linear, -3);
    xd_xen_frame_at(x, RAM / 4096 - 1, &f);
    ck_assert_uint_eq(f.count, 0);
    ck_assert_uint_eq(xd_xen_m2p(x, 600), 0x1234);
    ck_assert_uint_eq(xd_xen_m2p(x, 599), 0);
}
END_TEST

START_TEST(calls_go_there_and_back)
{
    const uint64_t arg[6] = {40, 0, 0, 0, 0, 2};
    uint64_t data[2] = {8, 9};

    ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), 42);
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_STRUCT, arg, 1, data, sizeof(data)),
                     (long)(MAIL_VA + offsetof(struct xd_mailbox, scratch)));
    ck_assert_uint_eq(data[0], 9);
    ck_assert_uint_eq(data[1], 9);
}
END_TEST

START_TEST(a_domain_that_crashed_is_not_waited_for)
{
    const uint64_t arg[6] = {0};
    char *log;

    free(xd_xen_log(x));
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_CRASH, arg, 0, NULL, 0), -1);
    ck_assert(x->dead && x->guest[0].dead);
    log = xd_xen_log(x);
    ck_assert_str_eq(log, "(XEN) Domain 0 crashed: just so\n");
    free(log);
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), -1);
}
END_TEST

START_TEST(a_trap_is_no_result)
{
    const uint64_t arg[6] = {0};

    ck_assert_int_eq(xd_xen_call(x, 0, CALL_TRAP, arg, 0, NULL, 0), -1);
    ck_assert(x->dead && x->guest[0].dead && x->guest[0].hung);
}
END_TEST

START_TEST(what_is_typed_has_been_seen)
{
    char *log;

    free(xd_xen_log(x));
    ck_assert(xd_xen_type(x, "ab", 2));
    x->log_at = 0;
    log = xd_xen_log(x);
    ck_assert_ptr_nonnull(strstr(log, "<a><b>*** Serial input to Xen"));
    free(log);
    ck_assert(xd_xen_type(x, "", 0));
    ck_assert(!xd_xen_type(x, x->error, XD_XEN_TYPED_MAX + 1));
    x->dead = true;
    ck_assert(!xd_xen_type(x, "c", 1));
}
END_TEST

static unsigned int looks;

static bool waits_at_the_third_look(struct xd_xen *xen, unsigned int g)
{
    ck_assert(xen == x && g == 0);
    return ++looks >= 3;
}

START_TEST(a_call_that_waits_comes_back_later)
{
    const uint64_t arg[6] = {40, 0, 0, 0, 0, 2};

    looks = 0;
    x->waits = waits_at_the_third_look;
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), 42);
    ck_assert_uint_eq(looks, 0); /* only what may wait is asked about */
    x->guest[0].may_wait = true;
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_SLEEP, arg, 0, NULL, 0), -1);
    ck_assert_uint_eq(looks, 3);
    ck_assert(x->guest[0].waits && !x->guest[0].dead && !x->dead);
    ck_assert(!xd_xen_ask(x, 0));
    ck_assert_int_eq(xd_xen_call_woken(x, 0), -1); /* nobody woke it */
    ck_assert(x->guest[0].waits && !x->guest[0].dead);
    __atomic_store_n(&x->guest[0].mail->scratch[0], 1, __ATOMIC_RELEASE);
    x->waits = NULL;
    ck_assert_int_eq(xd_xen_call_woken(x, 0), 17);
    ck_assert(!x->guest[0].waits);
    ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), 42);
}
END_TEST

START_TEST(the_end_of_qemu_is_noticed)
{
    const uint64_t arg[6] = {0};

    ck_assert_int_eq(xd_xen_call(x, 0, CALL_QUIT, arg, 0, NULL, 0), -1);
    ck_assert(x->dead);
}
END_TEST

START_TEST(machines_go_on_from_one_that_was_saved)
{
    const uint64_t arg[6] = {40, 0, 0, 0, 0, 2};
    struct xd_xen_saved s = {0};

    ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), 42);
    x->ram[0x123456] = 0x5a;
    ck_assert_msg(xd_xen_save(x, &s), "%s", x->error);
    for (unsigned int i = 0; i < 2; i++) {
        xd_xen_end(x);
        ck_assert_msg(xd_xen_restore(x, &c, &s), "%s", x->error);
        ck_assert_uint_eq(x->ram[0x123456], 0x5a);
        x->ram[0x123456]++;
        ck_assert_uint_eq(x->guest[0].mail_va, MAIL_VA);
        ck_assert_uint_eq(xd_xen_m2p(x, 600), 0x1234);
        ck_assert_int_eq(xd_xen_call(x, 0, CALL_ADD, arg, 0, NULL, 0), 42);
    }
    xd_xen_end(x);
    ck_assert_int_eq(pwrite(s.state_fd, "?", 1, 0), 1);
    ck_assert(!xd_xen_restore(x, &c, &s));
    ck_assert_ptr_nonnull(
        strstr(x->error, "monitor does not answer {\"execute\": \"migrate-incoming\""));
    xd_xen_forget(&s);
    ck_assert(!s.there);
}
END_TEST

START_TEST(what_can_not_be_saved_says_so)
{
    const uint64_t arg[6] = {0};
    struct xd_xen_saved s = {0};

    ck_assert_int_eq(xd_xen_call(x, 0, CALL_NO_ROOM, arg, 0, NULL, 0), 0);
    ck_assert(!xd_xen_save(x, &s));
    ck_assert(!s.there);
    ck_assert_ptr_nonnull(strstr(x->error, "there is no room"));
}
END_TEST

START_TEST(what_does_not_boot_says_so)
{
    struct xd_xen_config bad = c;

    bad.xen = "no Xen";
    files = open_files();
    x = calloc(1, sizeof(*x));
    ck_assert(!xd_xen_boot(x, &bad));
    ck_assert_ptr_nonnull(strstr(
        x->error,
        "QEMU (/proc/self/exe) ended with exit code 1 before a word came from Xen (no Xen): "));
    end();
    x = calloc(1, sizeof(*x));
    bad.qemu = "/nowhere/qemu";
    ck_assert(!xd_xen_boot(x, &bad));
    ck_assert_ptr_nonnull(strstr(x->error, "QEMU (/nowhere/qemu) can't be started"));
    end();
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite;
    SRunner *sr;
    TCase *tc, *none;
    int failed;

    if (argc > 1 && !strcmp(argv[1], "-accel"))
        return qemu(argv);
    suite = suite_create("xen");
    tc = tcase_create("xen");
    tcase_add_checked_fixture(tc, boot, end);
    tcase_add_test(tc, the_kernel_is_found);
    tcase_add_test(tc, tables_are_walked_as_the_processor_does);
    tcase_add_test(tc, frame_records_are_taken_apart);
    tcase_add_test(tc, calls_go_there_and_back);
    tcase_add_test(tc, a_domain_that_crashed_is_not_waited_for);
    tcase_add_test(tc, a_trap_is_no_result);
    tcase_add_test(tc, what_is_typed_has_been_seen);
    tcase_add_test(tc, a_call_that_waits_comes_back_later);
    tcase_add_test(tc, the_end_of_qemu_is_noticed);
    tcase_add_test(tc, machines_go_on_from_one_that_was_saved);
    tcase_add_test(tc, what_can_not_be_saved_says_so);
    suite_add_tcase(suite, tc);
    none = tcase_create("none");
    tcase_add_test(none, what_does_not_boot_says_so);
    tcase_set_timeout(tc, 60);
    tcase_set_timeout(none, 60);
    suite_add_tcase(suite, none);
    sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
