# SPDX-License-Identifier: MIT
"""
Scenarios as tests in C: what `xendouble emit-c` writes compiles with pkg-config's words alone, passes where the scenario
passes, and fails at the same line with the same values where it fails.

    check-emit.py XENDOUBLE SCENARIO_DIR BUILD_DIR COMPILER...

The library is installed from BUILD_DIR below a directory of its own first.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

COMMAND = SCENARIOS = BUILD = COMPILER = None
EVERY = 25  # of all scenarios in their order; all of them take a minute and more

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
    "raw": "domain d1\nhypercall (" + " + ".join(["1000000000"] * 30) + ") 0 = ENOSYS\n",
    "order": "domain d1\nhypercall 19 ptr4(11, ptr(3) - ptr(3) + 16) ptr4(2) = ENOSYS\n",
    "many": "domain d1\nhypercall 19 ptr4(11, " + ", ".join(str(i) for i in range(1500)) + ") = ENOSYS\n",
    "console": "domain d0\n" + ("console_io write 1000 text(\"" + "a" * 999 + "\\n\") = 0\n") * 10 +
               'expect console "' + ("a" * 999 + "\\n") * 10 + '"\n',
}


def run(*args, **more):
    return subprocess.run(args, capture_output=True, text=True, timeout=300, check=False, **more)


class Emit(unittest.TestCase):
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
        check = run("pkg-config", "--cflags", "--libs", "check") # not below the directory
        assert flags.returncode == 0 and check.returncode == 0, flags.stderr + check.stderr
        cls.flags = flags.stdout.split() + check.stdout.split()

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def compiled(self, scenario):
        source, binary = (os.path.join(self.dir.name, "test" + end) for end in (".c", ""))
        r = run(COMMAND, "emit-c", "-o", source, scenario)
        self.assertEqual(r.returncode, 0, r.stderr)
        r = run(*COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", source, "-o", binary, *self.flags)
        self.assertEqual(r.returncode, 0, f"{scenario}: {r.stderr[:3000]}")
        return binary

    def test_scenarios_pass(self):
        found = sorted(os.path.join(top, f) for top, _, files in os.walk(SCENARIOS) for f in files if f.endswith(".xds"))
        emitted = 0
        for scenario in found[::EVERY]:
            if run(COMMAND, "emit-c", scenario).returncode == 0:
                r = run(self.compiled(scenario), env=self.environment)
                self.assertEqual(r.returncode, 0, scenario + r.stdout)
                emitted += 1
        self.assertGreater(emitted, len(found) // EVERY // 2)

    def test_failures_are_the_same(self):
        for name, (text, line, words) in FAILING.items():
            path = os.path.join(self.dir.name, name + ".xds")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            replay = run(COMMAND, "replay", path)
            test = run(self.compiled(path), env=self.environment)
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
            test = run(self.compiled(path), env=self.environment)
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

    def test_what_c_has_no_words_for(self):
        cases = {
            "domain d1 vcpus=2 online=2\nevent_channel_op bind_ipi vcpu=0 = 0 port=$p\n"
            "multicall { sched_op block = 0 ; sched_op yield = 0 } = 0 blocked\n": ":3: can't be written in C: its list is cut short",
            "machine linked\ndomain d1\npoke start.start_info_va 5\n": ":3: can't be written in C: what a recording says",
            "domain d1\nmulticall { multicall { } } = 0\n": ":2: can't be written in C: a list in a list",
            "domain d1\nmulticall { " + " ; ".join(["sched_op yield"] * 513) + " } = 0\n":
                ":2: can't be written in C: a list of more than 512 entries",
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
    COMMAND, SCENARIOS, BUILD, *COMPILER = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
