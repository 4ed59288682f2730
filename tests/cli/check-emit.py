# SPDX-License-Identifier: MIT
"""
Scenarios as tests in C: what `xendouble emit-c` writes compiles with pkg-config's words alone, passes where the scenario
passes, and fails at the same line with the same values where it fails.

    check-emit.py XENDOUBLE SCENARIO_DIR CORPUS_DIR BUILD_DIR COMPILER...

The library is installed from BUILD_DIR below a directory of its own first.
"""
import os
import re
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from emitted import JOBS, EmittedCase, check_flags, place_of, run

COMMAND = SCENARIOS = CORPUS = BUILD = None
EVERY = 12  # of all scenarios in their order: all of them take a minute

FAILING = {
    "result": ("domain d1\nlet t = page(0)\nmmuext_op [PIN_L1_TABLE mfn=t] = 0 done=1\n"
               "update_va_mapping va(0) pte(t, P|RW) = 0\n", 4, "result: expected 0, got -16 (EBUSY)"),
    "done": ("domain d1\nmmu_update [mach(page(0)) = 5, 3 = 7] = EINVAL done=0\n", 2, "done: expected 0 (0), got 1 (0x1)"),
    "why": ("domain d1\nevent_channel_op send port=99 = EINVAL why=evtchn-full\n", 2,
            "why: expected evtchn-full, got evtchn-port-range"),
    "out": ("domain d1\nevent_channel_op alloc_unbound dom=SELF remote_dom=0 = 0 port=$p\n"
            "event_channel_op bind_ipi vcpu=0 = 0 port=$p\n", 3, "port: expected 3 (0x3), got 4 (0x4)"),
    "field": ("domain d1 vcpus=2\nevent_channel_op bind_ipi vcpu=1 = 0 port=77\n", 2, "port: expected 77 (0x4d), got 3 (0x3)"),
    "entry": ("domain d1\nmulticall { xen_version version = 5 ; sched_op yield = 0 } = 0\n", 2,
              "entry 0: result: expected 5, got 262161"),
    "store": ("domain d1\nstore va(0) 1 = ok\n", 2, "expected ok, got pf"),
    "frame": ("domain d1\nexpect frame page(3) type=l2 count=0\n", 2, "type: expected l2, got none"),
    "vcpu": ("domain d1\nsched_op yield = 0\nexpect d1.0 blocked\n", 3, "state: expected blocked, got running"),
    "load": ("domain d1\nload va(0) = $x\n", 2, "expected ok, got pf"),
    "error": ("domain d1\nstore va(0) 1 error=7\n", 2, "error: expected 7 (0x7), got 2 (0x2)"),
    "trap": ("domain d1\ntrap 0x100000006 = handler\n", 2, "vector 32 is no exception"),
    "int": ("domain d1\nint 0x100000080 = handler\n", 2, "int 256: there are vectors"),
    "irq": ("domain d0\nirq 0x100000009\n", 2, "there is no line 4294967295 of a device"),
    "asleep": ("domain d1\nmulticall { sched_op block = 0 ; sched_op yield = 0 } = 0 blocked\nexpect d1.0 running\n", 3,
               "state: expected running, got blocked"),
    "never": ("domain d1\nmulticall { sched_op block = 0 ; sched_op yield = 0 } = 0 blocked\nlet a = 1\n", 2, "this call never came back"),
    "late": ("domain d1 vcpus=2 online=2\nevent_channel_op bind_ipi vcpu=0 = 0 port=$p\n"
             "multicall { sched_op block = 0 ; sched_op yield = 5 } = 0 blocked\n@d1.1\nevent_channel_op send port=$p = 0\n", 3,
             "entry 1: result: expected 5, got 0"),
    "missing": ("domain d1\ninject sched_op yield\n", 2, "error= says what the call is to answer"),
    "gone": ("domain d1\ndomain d2\ndestroy d1\nvirq 1\n", 4, "the current vCPU does not exist"),
    "console": ("domain d0\nconsole_io write 2 text(\"ab\") = 0\nexpect console \"ac\"\n", 3, 'console: expected "ac", got "ab"'),
}


PASSING = {
    "names": ("domain d1\nevent_channel_op alloc_unbound dom=SELF remote_dom=0 = 0 port=$ports_list\n"
              "let op_0 = 1\nlet uint64_t = 2\nlet strcpy = 3\nlet lever = 4\nlet sc_put = 5\nlet put0 = 6\nlet x_ = 7\n"
              "let s = 8\nlet int = op_0 + uint64_t + strcpy + lever + sc_put + put0 + x_ + s\n"
              "sched_op poll ports=[$ports_list] timeout=1 = 0\nset_timer_op int = 0\n"),
    "comments": ("domain d1\n# ends in a backslash \\\nlet a = page(3)\n# and in ??/\nlet b = a\n# /* within */\n"
                 "expect frame b type=none count=0\n"),
    "poke": ("domain d1\nupdate_va_mapping start.padding_va 0 0 = 0\nhypercall 19 ptr4(11) = EFAULT\n"
             "expect entry mach(shared_info())+16 = 0 # cr2: nobody faulted\n"),
    "linked": """machine linked
domain d1 vcpus=2 online=2 scratch=0
domain d2
memory 0x5000 [page(0)[3], pte(page(1), P|RW)]
mmu_update reqs=0x5000 count=1 = 0 done=1
expect entry page(0)[3] = pte(page(1), P|RW)
mmu_update reqs=0x5000 count=1 = EFAULT done=0
poke mach(page(2))+16 "abc"
poke mach(page(2))+24 [1, page(3)]
expect entry page(2)[3] = 1
expect entry page(2)[4] = page(3)
memory 0x6000 0x7ff0 readonly
event_channel_op alloc_unbound arg=0x6000 = EFAULT
event_channel_op alloc_unbound dom=SELF remote_dom=0 = 0 port=$p
multicall { sched_op block = 0 ; sched_op yield = 0 } = 0 blocked
@d1.1
event_channel_op bind_ipi vcpu=0 = 0 port=$q
event_channel_op send port=$q = 0
crash d2
expect d2 shutdown=crash
""",
    "nested": "domain d1\nmulticall { multicall { sched_op yield } = EINVAL ; event_channel_op alloc_unbound dom=SELF remote_dom=0 = 0 port=$p } = 0\n"
              "event_channel_op close port=$p = 0\n",
    "sleeping": "domain d1 vcpus=2 online=2\nevent_channel_op bind_ipi vcpu=0 = 0 port=$p\nlet a = page(0)\n"
                "multicall { sched_op block = 0 ; event_channel_op bind_ipi vcpu=1 = 0 port=$q ; sched_op poll ports=[] timeout=1000000 = 0 "
                "why=none ; update_va_mapping va(0) pte(a, P|RW) = 0 } = 0 blocked\n"
                "@d1.1\nevent_channel_op send port=$p = 0\nupdate_va_mapping va(1) pte(page(1), P|RW) = 0\nadvance 2ms\n"
                "store va(0) 1 = ok\nevent_channel_op close port=$q = 0\n",
    "pointed": "domain d1\nmulticall { xen_version version = 262161 ; vcpu_op VCPU_CMD.get_runstate_info 0 buf(48) = 0 arg=0 ; memory_op current_reservation domid=SELF = $n } = 0\n",
    "many entries": "domain d1\nmulticall { " + " ; ".join(["xen_version version = 262161 why=none"] * 600) + " } = 0\n",
    "division": "domain d1\nlet a = page(3) / page(3) + 7 % (page(4) - page(3))\nstore va(0) a size=a-a+8 = pf\n"
                "expect mem start.start_info_va size=3-1 = 0x6578\n",
    "raw": "domain d1\nhypercall (" + " + ".join(["1000000000"] * 30) + ") 0 = ENOSYS\n",
    "order": "domain d1\nhypercall 19 ptr4(11, ptr(3) - ptr(3) + 16) ptr4(2) = ENOSYS\n",
    "many": "domain d1\nhypercall 19 ptr4(11, " + ", ".join(str(i) for i in range(1500)) + ") = ENOSYS\n",
    "console": "domain d0\n" + ("console_io write 1000 text(\"" + "a" * 999 + "\\n\") = 0\n") * 10 +
               'expect console "' + ("a" * 999 + "\\n") * 10 + '"\n',
}


def files_below(directory):
    return sorted(os.path.join(top, f) for top, _, files in os.walk(directory) for f in files if f.endswith(".xds"))


class Emit(EmittedCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.installed.cleanup)
        dest = cls.installed.name
        r = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", dest)
        assert r.returncode == 0, r.stdout + r.stderr
        place = {f: top for top, _, files in os.walk(dest) for f in files}
        cls.environment = {**os.environ, "LD_LIBRARY_PATH": place["libxendouble.a"], "PKG_CONFIG_SYSROOT_DIR": dest,
                           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        only_ours = {**cls.environment, "PKG_CONFIG_PATH": place["xendouble.pc"]}
        flags = run("pkg-config", "--cflags", "--libs", "xendouble", env=only_ours)
        assert flags.returncode == 0, flags.stderr
        cls.flags = flags.stdout.split() + check_flags()  # libcheck does not lie below the directory

    def emitted(self, scenario):
        source = self.path("test.c")
        r = run(COMMAND, "emit-c", "-o", source, scenario)
        self.assertEqual(r.returncode, 0, r.stderr)
        return self.compiled(source)

    def end_alike(self, scenarios):
        """Each is refused where it can't be run; else its test ends as it does, at the same line. How many were written."""
        written = []
        for i, scenario in enumerate(scenarios):
            source = self.path(f"test{i}.c")
            r = run(COMMAND, "emit-c", "-o", source, scenario)
            replay = run(COMMAND, "replay", "--quiet", scenario)
            self.assertEqual(r.returncode, 2 if replay.returncode == 2 else 0, r.stderr + replay.stderr)
            if r.returncode == 0:
                written.append((scenario, source, replay))
        commands = self.compiled_together([source for _, source, _ in written])
        with ThreadPoolExecutor(JOBS) as pool:
            tests = list(pool.map(lambda command: run(*command, env=self.environment), commands))
        for (scenario, _, replay), test in zip(written, tests):
            with self.subTest(scenario):
                self.assertEqual((test.returncode, place_of(scenario, test.stdout + test.stderr)),
                                 (replay.returncode, place_of(scenario, replay.stderr)), replay.stderr + test.stdout)
        return len(written)

    def test_scenarios_end_alike(self):
        found = files_below(SCENARIOS)[::EVERY]
        self.assertEqual(self.end_alike(found), len(found))

    def test_corpus_ends_alike(self):
        found = files_below(CORPUS)
        self.assertGreater(self.end_alike(found), len(found) // 2)

    def test_failures_are_the_same(self):
        for name, (text, line, words) in FAILING.items():
            path = os.path.join(self.dir.name, name + ".xds")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            replay = run(COMMAND, "replay", path)
            test = run(self.emitted(path), env=self.environment)
            self.assertEqual((replay.returncode, test.returncode), (1, 1), replay.stderr + test.stdout)
            self.assertRegex(replay.stderr, rf"{name}\.xds:{line}:")
            self.assertIn(f"{name}.xds:{line}: ", test.stdout)
            self.assertIn(words, test.stdout)

    def test_passing(self):
        for name, text in PASSING.items():
            path = os.path.join(self.dir.name, name + ".xds")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            replay = run(COMMAND, "replay", path)
            self.assertEqual(replay.returncode, 0, replay.stderr)
            test = run(self.emitted(path), env=self.environment)
            self.assertEqual(test.returncode, 0, name + test.stdout)

    def test_outputs(self):
        scenario, out, other = (os.path.join(self.dir.name, n) for n in ("a.xds", "a.c", "other"))
        for path, text in ((scenario, "domain d1\nsched_op yield = 0\n"), (other, "mine")):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        os.symlink(other, out + ".part")
        os.symlink("real.c", out)
        r = run(COMMAND, "emit-c", scenario)
        self.assertEqual(run(COMMAND, "emit-c", "-o", "/dev/stdout", scenario).stdout, r.stdout)
        for _ in range(2): # the link leads nowhere, then to a file
            self.assertEqual(run(COMMAND, "emit-c", "-o", out, scenario).returncode, 0)
            with open(os.path.join(self.dir.name, "real.c"), encoding="utf-8") as f:
                self.assertEqual(f.read(), r.stdout)
        os.remove(out)
        self.assertEqual(run(COMMAND, "emit-c", "-o", out, scenario).returncode, 0)
        with open(other, encoding="utf-8") as f:
            self.assertEqual(f.read(), "mine")
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["a.c", "a.c.part", "a.xds", "other", "real.c"])

    def test_what_cannot_be_run(self):
        cases = {
            "machine frames=5\n": ":1: it can't be run: this machine can't be",
            "domain d1\nxen_versoin\n": ":2:",
        }
        for text, words in cases.items():
            path = os.path.join(self.dir.name, "x.xds")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            r = run(COMMAND, "emit-c", path)
            self.assertEqual((r.returncode, r.stdout), (2, ""), text + r.stderr)
            self.assertIn("x.xds" + words, r.stderr)
        self.assertEqual(run(COMMAND, "emit-c").returncode, 2)
        r = run(COMMAND, "emit-c", "-o", "/nowhere/x.c", os.path.join(SCENARIOS, "first", "writable-table.xds"))
        self.assertEqual(r.returncode, 2)
        self.assertRegex(r.stderr, re.escape("/nowhere/x.c: No such file"))


if __name__ == "__main__":
    COMMAND, SCENARIOS, CORPUS, BUILD, *EmittedCase.compiler = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
