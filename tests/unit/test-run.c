/* SPDX-License-Identifier: MIT */
/* test-run.c: programs do what they say, and what they say wrongly is told. */
#include "fixture.h"

#include "program/run.h"

#include <stdlib.h>
#include <string.h>

struct heard {
    unsigned int failures;
    uint32_t line; /* of the first */
    struct xd_str details, explain, told;
};

static void on_failed(void *ctx, const struct xd_failure *f)
{
    struct heard *h = ctx;

    if (h->failures++ == 0)
        h->line = f->line;
    xd_str_add(&h->details, f->details);
    xd_str_add(&h->explain, f->explain);
}

static void on_tell(void *ctx, const char *lines)
{
    struct heard *h = ctx;

    xd_str_add(&h->told, lines);
}

static void forget(struct heard *h)
{
    xd_str_free(&h->details);
    xd_str_free(&h->explain);
    xd_str_free(&h->told);
}

static struct xd_program *parse(const char *text)
{
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", text, strlen(text), &error);

    ck_assert_msg(p, "%s", error);
    return p;
}

static struct xd_run_result run(const char *text, struct xd_run_options opt, struct heard *h)
{
    struct xd_program *p = parse(text);
    struct xd_run_result result;

    *h = (struct heard){0};
    opt.audit = true;
    opt.ctx = h;
    opt.failed = on_failed;
    opt.tell = on_tell;
    xd_program_run(p, &opt, &result);
    xd_program_free(p);
    return result;
}

/* Programs that hold. */
static const char *const right[] = {
    "",
    "machine frames=2048\nlet a = frames()\ndomain d1\nlet b = a-2048\nexpect entry page(0)[3] = b\n",
    /* the window: two L1 tables, typed and linked, all entries empty */
    "domain d1\nexpect entry table(1, va(0))[0] = 0\nexpect entry table(1, va(1023))[511] = 0\n"
    "expect frame table(1, va(0)) type=l1 count=1 !pinned owner=d1 validated\n"
    "expect frame table(2, va(0)) type=l2 count=1\nexpect frame table(3, va(0)) type=l3 count=1\n"
    "expect frame table(4, 0) type=l4 pinned\nexpect frame page(0) count=0 refs=1 allocated\n"
    "expect d1.0 running cr3=table(4, 0) user_cr3=0 upcall_mask !due\n",
    "domain d1 scratch=1025\nexpect frame table(1, va(1024)) type=l1\nlet x = va(1024)\n",
    "domain d1 pages=3\nexpect m2p page(2) = pfn(2)\nexpect d1 pages=start.pages shutdown=none assist=0\n",
    /* two domains, their own pages and numbers */
    "domain d1\ndomain d2 id=9\n@d2.0\nexpect frame page(0) owner=d2\nexpect frame d1.page(0) owner=d1\n"
    "let a = d2-9\nexpect entry page(0)[0] = a\nexpect m2p d1.page(5) = d1.pfn(5)\n",
    /* results and answers of every shape */
    "domain d1\nxen_version version = 0x40011\nxen_version extraversion = 0 text=\".7\"\n"
    "event_channel_op alloc_unbound dom=SELF remote_dom=SELF = 0 port=$p why=none\n"
    "event_channel_op status dom=SELF port=$p = 0 status=unbound vcpu=0\n"
    "event_channel_op_compat close port=$p = 0\nevent_channel_op op=99 = ENOSYS why=op-unknown\n"
    "event_channel_op send arg=0 = EFAULT why=copy-in\nhypercall 63 = ENOSYS why=hypercall-unknown\n",
    "domain d1\nlet t = page(0)\nmmuext_op [PIN_L1_TABLE mfn=t, cmd=14, UNPIN_TABLE mfn=t] = ENOSYS done=1\n"
    "expect frame t type=l1 count=1 refs=2 pinned\nmmuext_op [cmd=4 arg1=t] = 0 done=1\nexpect frame t count=0 !pinned\n"
    "mmuext_op [TLB_FLUSH_LOCAL] pdone=0 = 0 done=none\nmmuext_op [] count=1 ops=0 = EFAULT done=0\n",
    "domain d1\nmmu_update [page(0)[3] = 0x123456, machphys page(1) = 77] = 0 done=2\nexpect entry page(0)[3] = 0x123456\n"
    "expect m2p page(1) = 77\nmmu_update [raw mach(page(0))|4 = 0] = ENOSYS done=0\nmmu_update [] fd=9 = ESRCH\n",
    "domain d1\nmemory_op decrease_reservation extent_start=[page(0), page(1)] domid=SELF = 2\n"
    "memory_op populate_physmap extent_start=[pfn(0)] domid=SELF = 1 extent_start=[$m]\nexpect m2p $m = pfn(0)\n"
    "expect frame $m owner=d1\nexpect frame page(0) refs=0 owner=none\n",
    /* stores and loads through the guest's own tables */
    "domain d1\nstore va(0) 1 = pf error=0x2\nload va(0) = pf error=0x0\n"
    "update_va_mapping va(0) pte(page(0), P|RW) 0 = 0\nstore va(0)+4 0x11223344 size=4 = ok\nload va(0) = 0x1122334400000000\n"
    "load va(0)+7 size=1 = 0x11\nload va(0)+4 size=4 = $x\nstore va(0) $x = ok\nexpect mem va(0) = 0x11223344\n",
    "domain d1\nlet t = page(0)\nvm_assist enable writable_pagetables = 0\nmmuext_op [PIN_L1_TABLE mfn=t] = 0\n"
    "update_va_mapping va(0) pte(t, P) 0 = 0\nstore va(0) pte(page(1), P|RW) = emulated\n"
    "expect entry t[0] = pte(page(1), P|RW|US|G|GK)&~G|entry(t[0])&G\nstore va(0) pte(t, P|RW) = pf error=0x3 why=l1e-rw-table\n",
    /* a multicall, its entries' answers usable behind it */
    "domain d1\nmulticall {\n  event_channel_op alloc_unbound dom=SELF remote_dom=SELF = 0 port=$p\n"
    "  event_channel_op send port=4000 = EINVAL why=evtchn-port-range\n  multicall { sched_op yield } = EINVAL why=multicall-nested\n"
    "} = 0\nexpect d1 port $p unbound\n",
    /* a blocked vCPU goes on by itself when an event comes */
    "domain d1 vcpus=2 online=2\nevent_channel_op bind_ipi vcpu=0 = 0 port=$p\n"
    "multicall {\n  sched_op block = 0\n  xen_version version = 0x40011\n} = 0 blocked\n"
    "expect d1.0 blocked continuing\n@d1.1\nevent_channel_op send port=$p = 0\nexpect d1.0 running !continuing due\n",
    "domain d1\nsched_op shutdown reason=crash = 0\nexpect d1 shutdown=crash\nexpect d1.0 shutdown\n",
    /* injected answers */
    "domain d1\ninject xen_version version nth=2 error=ENOMEM\nxen_version version = 0x40011\nxen_version extraversion = 0\n"
    "xen_version version = ENOMEM\nxen_version version = 0x40011\n",
    "domain d1\ninject mmuext_op UNPIN_TABLE error=EIO\nmmuext_op [PIN_L1_TABLE mfn=page(0), UNPIN_TABLE mfn=page(0)] = EIO done=1 why=injected\n"
    "expect frame page(0) pinned\nmmuext_op [UNPIN_TABLE mfn=page(0)] = 0\n",
    "domain d1\ninject mmuext_op error=7\nmulticall { mmuext_op [TLB_FLUSH_LOCAL] = 7 ; mmuext_op [TLB_FLUSH_LOCAL] = 0 }\n",
    /* the machine around the domains */
    "domain d0\nconsole_io write 2 \"hi\" = 0\nexpect console \"hi\"\nexpect console \"\"\n"
    "console_input \"abc\"\nconsole_io read 16 buf(16) = 3 buffer=\"abc\"\n",
    "domain d1\nevent_channel_op bind_virq virq=DEBUG vcpu=0 = 0 port=$p\nvirq DEBUG\nexpect d1 port $p virq virq=DEBUG pending vcpu=0\n",
    "domain d1\nset_callbacks va(0) va(1) va(2) = 0\nexpect d1.0 event=va(0) failsafe=va(1) syscall=va(2)\n",
    "domain d1\ndomain d2\nlet p = d2.page(0)\ndestroy d2\nexpect frame p owner=none refs=0\nexpect frame d2.page(0) refs=0\n",
    "domain d1\nlet t = page(0)\nadvance 10ms\nadvance 1s\nexpect audit\n",
    "domain d1\ndomain d2\ncrash d1\nexpect d1 shutdown=crash\nexpect d1.0 shutdown\n@d2.0\nsched_op yield = 0\n",
    /* what linked code does to frames */
    "domain d1\npoke page(0)[0] [1, 0x2]\npoke mach(page(0))+4 \"ab\"\npoke page(0)[2] pte(page(1), P)\n"
    "expect entry page(0)[0] = 0x626100000001\nexpect entry page(0)[1] = 2\nexpect entry page(0)[2] = pte(page(1), P)\n",
    /* a linked machine: memory beside it, and nothing else */
    "machine linked boot_ns=7777 extraversion=\".9\" cmdline=\"x=y\"\ndomain d1 total=1200 handle=\"0123456789abcdef\"\n"
    "xen_version extraversion = 0 text=\".9\"\nxen_version commandline = 0 text=\"<denied>\"\n"
    "xen_version guest_handle = 0 handle=\"0123456789abcdef\"\n"
    "event_channel_op alloc_unbound dom=SELF remote_dom=SELF = 0 port=$p\n"
    "event_channel_op alloc_unbound arg=start.padding_va = EFAULT why=copy-in\n"
    "mmu_update [page(0)[0] = 0] count=2 = EFAULT done=1 why=copy-in\nmmuext_op [TLB_FLUSH_LOCAL] count=2 = EFAULT done=1\n"
    "multicall { event_channel_op send port=$p = 0 ; sched_op yield = 0 } = 0\n",
    "machine linked\ndomain d1\nmemory 0x7000 [0x7ff07ff0]\nhypercall 32 6 0x7000 = 0\nexpect mem 0x7000 = 0x37ff07ff0\n"
    "hypercall 32 6 0x7000 = EFAULT why=copy-in\n"
    "memory 0x7000 \"\\xf0\\x7f\\xf0\\x7f\"\nmemory 0x7004 \"\\x00\\x00\\x00\\x00\"\nhypercall 32 6 0x7000 = 0\nexpect mem 0x7004 size=4 = 4\n"
    "memory 0x7000 [0x7ff07ff0] readonly\nhypercall 32 6 0x7000 = EFAULT why=copy-out\n",
};

START_TEST(programs_that_hold_pass)
{
    struct heard h;
    struct xd_run_result r = run(right[_i], (struct xd_run_options){0}, &h);

    ck_assert_msg(r.verdict == XD_PASSED && !h.failures, "line %u: %s%s", h.line,
                  xd_str_text(&h.details), xd_str_text(&h.explain));
    forget(&h);
}
END_TEST

START_TEST(nothing_depends_on_the_seed)
{
    for (uint64_t seed = 2; seed < 6; seed++) {
        struct heard h;
        struct xd_run_result r =
            run(right[_i], (struct xd_run_options){.has_seed = true, .seed = seed}, &h);

        ck_assert_msg(r.verdict == XD_PASSED, "seed %u, line %u: %s", (unsigned int)seed, h.line,
                      xd_str_text(&h.details));
        forget(&h);
    }
}
END_TEST

/* Programs that do not: the verdict, the line, and what the report must say. */
static const struct {
    const char *text;
    enum xd_verdict verdict;
    uint32_t line;
    const char *says;
} wrong[] = {
    {"machine frames=10", XD_UNUSABLE, 1, "frames must be"},
    {"machine seed=1 domains=65", XD_UNUSABLE, 1, "domains_max must be"},
    {"domain d1 vcpus=99", XD_UNUSABLE, 1, "this domain can't be: vcpus"},
    {"domain d1 scratch=999999999", XD_UNUSABLE, 1, "scratch: 999999999 is too large"},
    {"domain d1\ndomain d2 id=1", XD_UNUSABLE, 2, "domain 1 already"},
    {"domain d1 pages=999999", XD_UNUSABLE, 1, "this domain can't be"},
    {"domain d1 pages=9 total=1200", XD_UNUSABLE, 1, "say one of them"},
    {"domain d1 total=9", XD_UNUSABLE, 1, "this domain can't be"},
    {"domain d1 handle=\"0123456789abcdefg\"", XD_UNUSABLE, 1, "handle: at most 16 bytes"},
    {"machine extraversion=\"0123456789abcdef\"", XD_UNUSABLE, 1, "extraversion must be"},
    {"domain d1\nincomplete \"because\"", XD_UNUSABLE, 2, "this recording is not whole: because"},
    {"domain d1\nmemory 1 2", XD_FAILED, 2, "only a linked machine's guests"},
    {"domain d1\npoke page(0)[511] [1, 2]", XD_FAILED, 2, "go past the end of the frame"},
    {"domain d1\npoke frames()[0] 1", XD_FAILED, 2, "there is no frame"},
    {"domain d1\ndestroy d1\ncrash d1", XD_FAILED, 3, "d1 does not exist"},
    {"domain d1\nxen_version version = 1", XD_FAILED, 2, "result: expected 1, got 0x40011"},
    {"domain d1\nxen_version version = EINVAL", XD_FAILED, 2, "expected EINVAL, got 0x40011"},
    {"domain d1\nmmuext_op [PIN_L1_TABLE mfn=cr3()] = 0", XD_FAILED, 2, "expected 0, got EINVAL"},
    {"domain d1\nevent_channel_op send port=99 = EINVAL why=evtchn-not-sendable", XD_UNUSABLE, 0,
     NULL},
    {"domain d1\nevent_channel_op send port=99 = EINVAL why=none", XD_FAILED, 2,
     "why: expected none, got evtchn-port-range"},
    {"domain d1\nmmuext_op [TLB_FLUSH_LOCAL] = 0 done=5", XD_FAILED, 2, "done: expected 5, got 1"},
    {"domain d1\nmmuext_op [TLB_FLUSH_LOCAL] = 0 done=none", XD_FAILED, 2,
     "expected nothing written, got 1"},
    {"domain d1\nmmuext_op [TLB_FLUSH_LOCAL] pdone=0 = 0 done=1", XD_FAILED, 2, "no done word"},
    {"domain d1\nxen_version extraversion = 0 text=\".8\"", XD_FAILED, 2,
     "expected \".8\", got \".7\""},
    {"domain d1\nevent_channel_op bind_ipi vcpu=0 = 0 port=77", XD_FAILED, 2,
     "port: expected 77, got"},
    {"domain d1\nsched_op yield = 0 blocked", XD_FAILED, 2, "expected the vCPU to be blocked"},
    {"domain d1\nsched_op block = 0\nsched_op yield", XD_FAILED, 3,
     "d1.0 can't execute this: it is blocked"},
    {"domain d1\nmulticall { sched_op yield = 1 } = 0", XD_FAILED, 2,
     "entry 0, line 2: sched_op yield = 1\n  result: expected 1, got 0"},
    {"domain d1\nmulticall { sched_op yield = 0 } nr_calls=0 = 0", XD_FAILED, 2,
     "entry 0, line 2: sched_op yield = 0\n  it was not run"},
    {"domain d1\nmulticall { sched_op block ; sched_op yield } = 0", XD_FAILED, 2,
     "this call never came back"},
    {"domain d1\ndomain d2\n@d2.0\nmulticall { sched_op block ; sched_op yield } = 0\ndestroy d2",
     XD_FAILED, 4, "its domain was destroyed"},
    {"domain d1\nlet a = page(256)", XD_FAILED, 2, "the domain has 256 free pages"},
    {"domain d1\nlet a = va(1024)", XD_FAILED, 2, "the scratch window has 1024 pages"},
    {"domain d1\nlet a = table(1, 0x7000)", XD_FAILED, 2, "no such table"},
    {"domain d1\nlet a = table(5, 0)", XD_FAILED, 2, "levels are 1 to 4"},
    {"machine frames=2048\ndomain d1\nlet a = entry(mach(frames()))", XD_FAILED, 3,
     "there is no frame 0x800"},
    {"machine frames=2048\ndomain d1\nlet a = 1/(frames()-2048)", XD_FAILED, 3, "division by zero"},
    {"domain d1\nload 0 = $x\nlet a = $x", XD_FAILED, 2, "page fault at 0x0"},
    {"domain d1\nstore va(0) 1 = ok", XD_FAILED, 2, "expected ok, got pf"},
    {"domain d1\nstore va(0) 1 = pf error=0x7", XD_FAILED, 2, "error: expected 0x7, got 0x2"},
    {"domain d1\nstore va(0) 1 size=3 = pf", XD_FAILED, 2, "1, 2, 4 or 8 bytes"},
    {"domain d1\nexpect frame page(0) type=l1 count=1", XD_FAILED, 2, "type: expected l1, got"},
    {"domain d1\nexpect frame page(0) pinned", XD_FAILED, 2, "expected pinned, it is !pinned"},
    {"domain d1\nexpect frame page(0) owner=xen", XD_FAILED, 2,
     "owner: expected xen, got domain 0x1"},
    {"domain d1\nexpect frame frames()", XD_FAILED, 2, "there is no frame"},
    {"domain d1\nexpect entry cr3()[511] = 0", XD_FAILED, 2, "entry: expected"},
    {"domain d1\nexpect mem va(0) = 0", XD_FAILED, 2, "nothing is mapped"},
    {"domain d1\nexpect m2p page(0) = 0", XD_FAILED, 2, "m2p entry: expected 0, got"},
    {"domain d1\nexpect d1 port 5 virq", XD_FAILED, 2, "state: expected virq, got free"},
    {"domain d1\nexpect d1.0 blocked", XD_FAILED, 2, "state: expected blocked, got running"},
    {"domain d1\nexpect d1.1 running", XD_FAILED, 2, "d1 has no vCPU 1"},
    {"domain d1\nexpect d1 shutdown=crash", XD_FAILED, 2, "it is not shut down"},
    {"domain d1\nsched_op shutdown reason=poweroff\nexpect d1 shutdown=none", XD_FAILED, 3,
     "expected none, got code 0"},
    {"domain d1\nexpect console \"x\"", XD_FAILED, 2, "expected \"x\", got \"\""},
    {"domain d1\ndestroy d1\ndestroy d1", XD_FAILED, 3, "does not exist"},
    {"domain d1\ndestroy d1\nsched_op yield", XD_FAILED, 3, "d1.0 does not exist"},
    {"domain d1\n@d1.3", XD_FAILED, 2, "d1 has no vCPU 3"},
    {"domain d1\nvirq 24", XD_FAILED, 2, "VIRQs 0 to 23"},
    {"domain d1\ninject sched_op", XD_FAILED, 2, "error= says"},
    {"domain d1\ninject sched_op nth=0 error=EPERM", XD_FAILED, 2, "nth=0"},
    {"domain d1\ninject sched_op times=0 error=EPERM", XD_FAILED, 2, "times=0"},
    {"domain d1\ninject sched_op percent=0 error=EPERM", XD_FAILED, 2, "1 to 100"},
    {"domain d1\ninject sched_op percent=101 error=EPERM", XD_FAILED, 2, "1 to 100"},
    {"domain d1\ndestroy d1\ninject sched_op error=EPERM", XD_FAILED, 3, "does not exist"},
    {"domain d1\nevent 63", XD_FAILED, 2, "port 63 of d1 is free: no event can arrive there"},
    {"domain d1\nevent 0x100000001", XD_FAILED, 2, "is none"},
    {"domain d1\ndestroy d1\nupcall", XD_FAILED, 3, "does not exist"},
    {"domain d1\nmmu_update [buf(999999999) = 1]", XD_FAILED, 2, "larger than all there is"},
};

START_TEST(what_is_wrong_is_told)
{
    struct heard h;
    struct xd_run_result r;
    char *error = NULL;
    struct xd_program *p = xd_program_parse("f", wrong[_i].text, strlen(wrong[_i].text), &error);

    xd_program_free(p);
    free(error);
    if (!wrong[_i].says) { /* a reason that does not exist is found when reading */
        ck_assert_ptr_null(p);
        return;
    }
    r = run(wrong[_i].text, (struct xd_run_options){0}, &h);
    ck_assert_int_eq(r.verdict, wrong[_i].verdict);
    ck_assert_uint_eq(h.failures, 1);
    ck_assert_uint_eq(r.failures, 1);
    ck_assert_uint_eq(h.line, wrong[_i].line);
    ck_assert_msg(strstr(xd_str_text(&h.details), wrong[_i].says), "%s does not say: %s",
                  xd_str_text(&h.details), wrong[_i].says);
    forget(&h);
}
END_TEST

START_TEST(a_refusal_that_was_not_expected_is_explained)
{
    struct heard h;

    run("domain d1\nmmu_update [table(1, va(0))[0] = pte(table(1, va(0)), P|RW)] = 0",
        (struct xd_run_options){0}, &h);
    ck_assert_ptr_nonnull(strstr(xd_str_text(&h.explain), "l1e-rw-table"));
    forget(&h);
    run("domain d1\nmmu_update [table(1, va(0))[0] = pte(table(1, va(0)), P|RW)] = EBUSY",
        (struct xd_run_options){0}, &h);
    ck_assert_str_eq(xd_str_text(&h.explain), "");
    forget(&h);
}
END_TEST

START_TEST(it_stops_at_the_first_failure_unless_told)
{
    static const char text[] =
        "domain d1\nsched_op yield = 1\nsched_op yield = 0\nsched_op yield = 2\n";
    struct heard h;

    ck_assert_uint_eq(run(text, (struct xd_run_options){0}, &h).calls, 1);
    ck_assert_uint_eq(h.failures, 1);
    forget(&h);
    ck_assert_uint_eq(run(text, (struct xd_run_options){.keep_going = true}, &h).calls, 3);
    ck_assert_uint_eq(h.failures, 2);
    forget(&h);
}
END_TEST

START_TEST(what_is_not_said_is_filled_in)
{
    static const char text[] =
        "domain d1\nxen_version version\nevent_channel_op bind_ipi vcpu=0\n"
        "event_channel_op send port=99\nmmuext_op [TLB_FLUSH_LOCAL]\nmmuext_op [] ops=0 count=1 = ?\n"
        "mmuext_op [] pdone=0\nstore va(0) 1\nload start.padding_va+4096\nsched_op yield = 7\n"
        "multicall { event_channel_op close port=0 ; sched_op yield }\n";
    static const char filled[] =
        "domain d1\nxen_version version = 0x40011\nevent_channel_op bind_ipi vcpu=0 = 0 port=3\n"
        "event_channel_op send port=99 = EINVAL why=evtchn-port-range\nmmuext_op [TLB_FLUSH_LOCAL] = 0 done=1\n"
        "mmuext_op [] ops=0 count=1 = ? done=0 why=copy-in\n"
        "mmuext_op [] pdone=0 = 0\nstore va(0) 1 = pf error=0x2\nload start.padding_va+4096 = 0\nsched_op yield = 7\n"
        "multicall { event_channel_op close port=0 = EINVAL why=evtchn-port-reserved ; sched_op yield = 0 } = 0\n";
    struct heard h = {0};
    struct xd_program *p = parse(text);
    struct xd_run_options opt = {
        .fill = p, .keep_going = true, .ctx = &h, .failed = on_failed, .tell = on_tell};
    struct xd_run_result result;
    struct xd_str out = {0};

    xd_program_run(p, &opt, &result);
    ck_assert_uint_eq(h.failures, 1); /* the stated result is not overwritten */
    xd_program_print(p, &out);
    ck_assert_str_eq(xd_str_text(&out), filled);
    xd_str_free(&out);
    xd_program_free(p);
    forget(&h);
}
END_TEST

START_TEST(a_trace_has_a_line_for_each_call)
{
    static const char text[] =
        "machine frames=2048 seed=1\ndomain d1\n"
        "multicall { xen_version version ; event_channel_op send port=99 }\nvm_assist enable 2\n"
        "memory_op current_reservation domid=SELF\nmmuext_op [cmd=77] fd=9\n";
    struct heard h;

    run(text, (struct xd_run_options){.trace = true}, &h);
    ck_assert_msg(strstr(h.told.text,
                         "d1.0 multicall {\n  xen_version version = 0x40011\n"
                         "  event_channel_op send port=99 = EINVAL why=evtchn-port-range\n} = 0\n"
                         "d1.0 vm_assist enable writable_pagetables = 0\n"
                         "d1.0 memory_op current_reservation domid=SELF = "),
                  "%s", h.told.text);
    ck_assert_msg(
        strstr(h.told.text,
               "d1.0 mmuext_op [cmd=77 arg1=0x0 arg2=0x0] fd=d9 = ESRCH why=fd-unknown\n"),
        "%s", h.told.text);
    forget(&h);
}
END_TEST

START_TEST(refusals_are_explained_on_request)
{
    struct heard h;

    run("domain d1\nmulticall { event_channel_op send port=99 ; sched_op yield }\nsched_op yield\n",
        (struct xd_run_options){.explain = true}, &h);
    ck_assert_ptr_nonnull(strstr(xd_str_text(&h.told), "refused: EINVAL, evtchn-port-range"));
    ck_assert_ptr_null(strstr(strstr(h.told.text, "refused") + 1, "refused"));
    forget(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *tc = tcase_create("run");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, programs_that_hold_pass, 0, XD_ARRAY_SIZE(right));
    tcase_add_loop_test(tc, nothing_depends_on_the_seed, 0, XD_ARRAY_SIZE(right));
    tcase_add_loop_test(tc, what_is_wrong_is_told, 0, XD_ARRAY_SIZE(wrong));
    tcase_add_test(tc, a_refusal_that_was_not_expected_is_explained);
    tcase_add_test(tc, it_stops_at_the_first_failure_unless_told);
    tcase_add_test(tc, what_is_not_said_is_filled_in);
    tcase_add_test(tc, a_trace_has_a_line_for_each_call);
    tcase_add_test(tc, refusals_are_explained_on_request);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
