# SPDX-License-Identifier: MIT
"""
The command as its users meet it: exit codes, what is printed where, and that no input ends in a crash.

    check-cli.py XENDOUBLE SCENARIO_DIR
"""
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ET

COMMAND = SCENARIOS = None

PASSES = "domain d1\nxen_version version = 0x40011\n"
FAILS = "domain d1\nsched_op yield = 1\nsched_op yield = 2\n"
REFUSED = "domain d1\nevent_channel_op send port=99 = 0\n"
UNREADABLE = "domain d1\nxen_versoin version\n"
UNUSABLE = "machine frames=1\n"


def run(*args, given=None, memory=None, env=None):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    r = subprocess.run([COMMAND, *args], input=given, capture_output=True, timeout=300, check=False,
                       preexec_fn=limit if memory else None, env=env)
    r.out, r.err = r.stdout.decode(errors="replace"), r.stderr.decode(errors="replace")
    return r


def group(pid):
    try:
        return os.getpgid(int(pid))
    except ProcessLookupError:
        return None


class Cli(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def file(self, name, text):
        path = os.path.join(self.dir.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def child_of(self, p):
        """The process that the command has started, once there is one."""
        while True:
            with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
                if children := f.read().split():
                    return int(children[0])
            self.assertIsNone(p.poll())
            time.sleep(0.005)

    def expect(self, r, code, *words, where="err"):
        self.assertEqual(r.returncode, code, r.out + r.err)
        for word in words:
            self.assertIn(word, getattr(r, where))

    # ---- machines in files ----

    def test_saved_machines(self):
        path, machine = self.file("a.xds", FAILS), os.path.join(self.dir.name, "m")
        self.expect(run("replay", "--save", machine, path), 1, "a.xds:2")
        r = run("show", machine)
        self.expect(r, 0, "digest ", "d1: ", "vCPU 0: running, cr3 in frame 0x", "port 1: unbound, waits for d0", where="out")
        self.assertEqual(r.out, run("show", machine).out)  # another process, other addresses
        self.expect(run("replay", "--save", machine, self.file("b.xds", PASSES)), 0)
        self.assertNotEqual(run("show", machine).out, "")
        with open(machine, "rb") as f:
            good = f.read()
        bad = self.file("bad", good[:3000] + b"?" + good[3001:])
        self.expect(run("show", bad), 2, f"{bad}: byte ", "is damaged")
        self.expect(run("show", self.file("short", good[:5000])), 2, "cut short")
        self.expect(run("show", path), 2, "a.xds: byte 0: this is no machine of xendouble")
        self.expect(run("show", os.path.join(self.dir.name, "none")), 2, "none: No such file")
        self.expect(run("show"), 2, "which files?")
        self.expect(run("replay", "--save", "/nowhere/m", path), 2, "--save: /nowhere/m: No such file")
        self.expect(run("replay", "--save", machine, self.file("none.xds", "# nothing\n")), 2, "--save: ", "it makes no machine")
        self.expect(run("replay", "--save", machine, path, path), 2, "--save: one scenario, please; here are 2")

    # ---- finding one's way ----

    def test_help_and_version(self):
        self.expect(run("--help"), 0, "usage: xendouble COMMAND", "replay", "fmt", "list", "exit codes", where="out")
        self.expect(run("--version"), 0, "xendouble ", where="out")
        for c in "replay", "fmt", "shrink", "fuzz", "emit-c", "show", "oracle", "list":
            self.expect(run(c, "--help"), 0, f"usage: xendouble {c}", where="out")
            self.assertEqual(run("help", c).out, run(c, "--help").out)

    def test_bad_usage(self):
        self.expect(run(), 2, "usage: xendouble")
        self.expect(run("rplay"), 2, "did you mean replay?")
        self.expect(run("xyzzy"), 2, 'there is no command "xyzzy"')
        self.expect(run("--trace"), 2, "unknown option")
        self.expect(run("help", "rplay"), 2, "did you mean replay?")
        for c in "replay", "fmt", "shrink", "fuzz", "emit-c", "show", "oracle", "list":
            self.expect(run(c, "--nonsense"), 2, "xendouble: unrecognized option '--nonsense'", f"xendouble {c} --help")
        self.expect(run("replay"), 2, "which files")
        self.expect(run("fmt"), 2, "which files")
        self.expect(run("shrink"), 2, "which file")
        self.expect(run("shrink", "a", "b"), 2, "which file")
        self.expect(run("shrink", "--runs", "0", "a"), 2, '--runs: "0" is no number from 1 to 1000000000')
        self.expect(run("shrink", "--time", "x", "a"), 2, '--time: "x" is no number from 1 to')
        self.expect(run("shrink", "--seed", "-1", "a"), 2, '--seed: "-1" is no number of 64 bits')
        self.expect(run("replay", self.file("two.xds", "machine frames=2048\nmachine frames=4096\n")), 2,
                    "two.xds:2:1: the machine comes first, and there is one of them")
        self.expect(run("shrink", "--oracles", "--audit", "a"), 2, "no --audit and no --seed")
        self.expect(run("list", "resons"), 2, "did you mean reasons?")
        f = self.file("a.xds", PASSES)
        self.expect(run("replay", "--jobs", "0", f), 2, "--jobs")
        self.expect(run("replay", "--jobs", "x", f), 2, "--jobs")
        self.expect(run("replay", "--seed", "-1", f), 2, "--seed")
        self.expect(run("replay", "--seed"), 2, "requires an argument")

    def test_output_that_can_not_be_written(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            r = subprocess.run([COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(r.returncode, 2)
        self.assertIn(b"can't be written", r.stderr)

    # ---- replay ----

    def test_exit_codes(self):
        p, f = self.file("p.xds", PASSES), self.file("f.xds", FAILS)
        self.expect(run("replay", p), 0, "1 scenario: 1 passed; 1 call, 1 expectation", where="out")
        self.expect(run("replay", f), 1, "f.xds:2: sched_op yield = 1", "expected 1, got 0", "again: xendouble replay")
        self.expect(run("replay", self.file("u.xds", UNREADABLE)), 2, "u.xds:2:1", "did you mean xen_version?", "^")
        self.expect(run("replay", self.file("m.xds", UNUSABLE)), 2, "frames must be")
        r = run("replay", self.dir.name)
        self.expect(r, 2, "f.xds:2", "m.xds:1", "u.xds:2")
        self.assertIn("4 scenarios: 1 passed, 1 failed, 2 could not be run", r.out)

    def test_a_failure_is_explained_and_can_be_repeated(self):
        f = self.file("r.xds", REFUSED)
        r = run("replay", "--seed", "7", f)
        self.expect(r, 1, "expected 0, got EINVAL", "refused: EINVAL, evtchn-port-range", "--seed 7")
        again = r.err[r.err.index("again: xendouble ") + 17:].split()
        self.expect(run(*again), 1, "expected 0, got EINVAL")

    def test_keep_going(self):
        f = self.file("f.xds", FAILS)
        self.assertEqual(run("replay", f).err.count("expected"), 1)
        self.assertEqual(run("replay", "--keep-going", f).err.count("expected"), 2)

    def test_trace_and_explain(self):
        f = self.file("r.xds", REFUSED.replace("= 0", "= EINVAL"))
        self.expect(run("replay", "--trace", f), 0,
                    "d1.0 event_channel_op send port=99 = EINVAL why=evtchn-port-range\n", where="out")
        self.expect(run("replay", "--explain", f), 0, "refused: EINVAL, evtchn-port-range", where="out")

    def test_trace_of_accesses(self):
        r = run("replay", "--trace", "-", given=b"machine seed=1\ndomain d1\nstore va(0) 7 size=4\nvm_assist enable 2\n"
                b"mmuext_op [PIN_L1_TABLE mfn=page(0)]\nupdate_va_mapping va(0) pte(page(0), P)\nstore va(0) 0\n"
                b"store va(0) pte(page(0), P|RW)\nload va(0)\n")
        lines = [line for line in r.out.splitlines() if " store " in line or " load " in line]
        self.assertEqual([re.sub("0x[0-9a-f]{6,}", "X", line) for line in lines],
                         ["d1.0 store X 0x7 size=4 = pf error=0x2", "d1.0 store X 0x0 = emulated",
                          "d1.0 store X X = pf error=0x3 why=l1e-rw-table", "d1.0 load X = 0x0"])

    def test_a_broken_promise(self):
        with subprocess.Popen([COMMAND, "replay", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            p.stdin.write(b"domain d1\n")
            p.stdin.flush()
            time.sleep(0.5)
            p.send_signal(signal.SIGABRT)
            p.stdin.close()
            self.assertEqual(p.wait(), 3)

    def test_quiet(self):
        r = run("replay", "-q", self.file("p.xds", PASSES))
        self.assertEqual((r.returncode, r.out, r.err), (0, "", ""))

    def test_report(self):
        """Each file counts once for what it meets, in however many processes; entries of multicalls and refusals count too."""
        a = self.file("a.xds", "domain d1\nmulticall { event_channel_op send port=9999 ; vcpu_op up 9 0 }\n"
                      "event_channel_op send port=9999\nload va(9)\n")
        b = self.file("b.xds", "domain d1\nvcpu_op 1 9 0\nmmuext_op [PIN_L1_TABLE mfn=page(1), TLB_FLUSH_LOCAL]\n")
        for jobs in "1", "2":
            r = run("replay", "--report", "-j", jobs, a, b)
            self.expect(r, 0)
            rows = dict(line.split(None, 1)[::-1] for line in r.out.splitlines() if line.startswith("    "))
            for name, count in (("vcpu_op up", "2"), ("vcpu-unknown", "2"), ("EVTCHNOP send", "1"), ("multicall", "1"),
                                ("MMUEXT PIN_L1_TABLE", "1"), ("MMUEXT TLB_FLUSH_LOCAL", "1")):
                self.assertEqual(rows.get(name), count, (name, r.out))
            self.assertIn("never met", r.out)
        self.expect(run("replay", "--report", "--tap", a), 2, "one of them, please")

    def test_standard_input(self):
        self.expect(run("replay", "-", given=PASSES.encode()), 0, "1 passed", where="out")
        self.expect(run("replay", "-", given=UNREADABLE.encode()), 2, "(standard input):2:1")

    def test_directories(self):
        self.file("b/z.xds", PASSES)
        self.file("b/a/y.xds", PASSES)
        self.file("b/note.txt", "not a scenario")
        self.file("b/.hidden/x.xds", UNREADABLE)
        r = run("replay", "--tap", self.dir.name)
        self.expect(r, 0)
        self.assertEqual([line.split("/b/")[1] for line in r.out.splitlines() if line.startswith("ok")],
                         ["a/y.xds", "z.xds"])
        os.mkdir(os.path.join(self.dir.name, "c"))
        self.expect(run("replay", os.path.join(self.dir.name, "c")), 2, "no scenarios")
        self.expect(run("replay", os.path.join(self.dir.name, "d")), 2, "No such file or directory")

    def test_a_loop_of_links(self):
        self.file("l/a.xds", PASSES)
        os.symlink(".", os.path.join(self.dir.name, "l", "again"))
        self.expect(run("replay", self.dir.name), 0, "1 scenario: 1 passed", where="out")

    def test_tap(self):
        p, f = self.file("p.xds", PASSES), self.file("f.xds", FAILS)
        lines = run("replay", "--tap", p, f).out.splitlines()
        self.assertEqual(lines[:3], ["1..2", f"ok 1 - {p}", f"not ok 2 - {f}"])
        self.assertTrue(all(line.startswith("# ") for line in lines[3:]), lines)

    def test_junit(self):
        p, f = self.file("p<&>\".xds", PASSES), self.file("f.xds", FAILS)
        u, out = self.file("u.xds", UNREADABLE.encode() + b"\x01\xff<"), os.path.join(self.dir.name, "out.xml")
        self.expect(run("replay", "--junit", out, p, f, u), 2)
        suite = ET.parse(out).getroot()
        self.assertEqual({k: suite.get(k) for k in ("tests", "failures", "errors")},
                         {"tests": "3", "failures": "1", "errors": "1"})
        cases = suite.findall("testcase")
        self.assertEqual([c.get("name") for c in cases], [p, f, u])
        self.assertIn("expected 1, got 0", cases[1].find("failure").text)
        self.assertIn("u.xds:2:1", cases[2].find("error").get("message"))
        self.expect(run("replay", "--junit", os.path.join(self.dir.name, "no", "x"), p), 2, "No such file")

    def test_jobs_change_nothing(self):
        for i in range(12):
            self.file(f"{i:02}.xds", [PASSES, FAILS, REFUSED, UNREADABLE][i % 4])
        for options in ([], ["--trace", "--explain"], ["--tap"], ["--keep-going", "--audit"]):
            one, many = run("replay", *options, self.dir.name), run("replay", "-j5", *options, self.dir.name)
            self.assertEqual((one.returncode, one.out, one.err), (many.returncode, many.out, many.err))
        one, many = run("replay", SCENARIOS), run("replay", "-j4", SCENARIOS)
        self.assertEqual((one.returncode, one.out, one.err), (many.returncode, many.out, many.err))

    def test_runs_are_the_same_each_time(self):
        one, two = (run("replay", "--trace", "--explain", SCENARIOS) for _ in range(2))
        self.assertEqual(one.out, two.out)

    # ---- fmt ----

    def test_fmt(self):
        messy, tidy = "domain   d1\n\n\n@d1.0 # x\nlet a=1 + 2\n", "domain d1\n\n@d1.0 # x\nlet a = 1+2\n"
        f = self.file("a.xds", messy)
        os.chmod(f, 0o640)
        os.symlink("a.xds", os.path.join(self.dir.name, "link.xds"))
        r = run("fmt", "--check", f)
        self.expect(r, 1, f, where="out")
        self.expect(run("fmt", os.path.join(self.dir.name, "link.xds")), 0)
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), tidy)
        self.assertEqual(stat.S_IMODE(os.stat(f).st_mode), 0o640)
        self.assertTrue(os.path.islink(os.path.join(self.dir.name, "link.xds")))
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["a.xds", "link.xds"])
        before = os.stat(f).st_ino
        self.expect(run("fmt", f), 0)
        self.assertEqual(os.stat(f).st_ino, before)
        self.expect(run("fmt", "--check", self.dir.name), 0)
        self.assertEqual(run("fmt", "-", given=messy.encode()).out, tidy)

    def test_fmt_leaves_what_it_can_not_read(self):
        f = self.file("u.xds", UNREADABLE)
        self.expect(run("fmt", f), 2, "u.xds:2:1")
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), UNREADABLE)

    def test_fill(self):
        r = run("fmt", "--fill", "-", given=b"domain d1\nevent_channel_op send port=99\nsched_op yield\n")
        self.assertEqual(r.out, "domain d1\nevent_channel_op send port=99 = EINVAL why=evtchn-port-range\nsched_op yield = 0\n")
        self.expect(run("fmt", "--fill", "-", given=FAILS.encode()), 1, "expected 1, got 0")
        self.expect(run("fmt", "--fill", "-", given=UNUSABLE.encode()), 2, "frames must be")

    # ---- fuzz ----

    def test_fuzz(self):
        two, one = (run("fuzz", "-n", "60", "-s", "1", "-l", "6", "-j", j, "--report") for j in "21")
        self.expect(two, 0, "60 programs (seed 0x1, 2 jobs)", "nothing found", "reasons never met:", " operations; ", where="out")
        self.expect(one, 0, "60 programs (seed 0x1, 1 job)", where="out")
        cut = [r.out[r.out.index("\nreasons"):] for r in (one, two)]
        self.assertEqual(cut[0], cut[1])
        self.assertNotEqual(run("fuzz", "-n", "60", "-s", "7", "-l", "6").out.split("job")[1], two.out.split("job")[1])
        self.expect(run("fuzz", "-t", "1", "--only", "events", "--every", "5"), 0, "nothing found", where="out")

    def test_fuzz_judges_files(self):
        f = self.file("p.xds", PASSES)
        self.expect(run("fuzz", f, self.file("f.xds", FAILS)), 0, "2 programs judged, 0 show xendouble wrong", where="out")
        r = run("fuzz", f, self.file("u.xds", UNREADABLE))
        self.expect(r, 2, "u.xds:2:1")
        self.expect(r, 2, "1 program judged, 0 show xendouble wrong; 1 can't be\n", where="out")

    def test_fuzz_interrupted(self):
        # An interrupt reaches all processes of a terminal; here those that work hear of it long before the first.
        for number in (signal.SIGINT, signal.SIGTERM):
            p = subprocess.Popen([COMMAND, "fuzz", "-t", "100", "-j", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            while len(workers := [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(p.pid) and group(pid) == p.pid]) < 2:
                time.sleep(0.02)
            time.sleep(0.3)
            for pid in workers:
                os.kill(int(pid), number)
            time.sleep(0.3)
            os.killpg(p.pid, number)
            out, err = p.communicate(timeout=60)
            self.assertEqual((p.returncode, err), (0, b""), out)
            self.assertRegex(out, rb"^[1-9][0-9]* programs .*\nnothing found\n$")

    def test_fuzz_misused(self):
        self.expect(run("fuzz", "-n", "0"), 2, '--programs: "0" is no number from 1')
        self.expect(run("fuzz", "--only", "evens"), 2, "did you mean events?")
        self.expect(run("fuzz", "--keep", self.file("x", "")), 2, "Not a directory")
        self.expect(run("fuzz", "--keep", "/proc", "-n", "1"), 2, "--keep: /proc: no file can be made there: ")
        self.assertEqual(os.listdir(self.dir.name), ["x"])
        keep = os.path.join(self.dir.name, "kept")
        self.expect(run("fuzz", "--keep", keep, "-n", "1", "-l", "1"), 0)
        self.assertEqual(os.listdir(keep), [])
        self.expect(run("fuzz", "-j", "1000"), 2, "--jobs")
        self.expect(run("fuzz", "--twice", "-1"), 2, '--twice: "-1" is no number from 0')
        for option in (["--seed", "1"], ["--only", "mm"], ["-n1"], ["-j1"], ["--report"]):
            self.expect(run("fuzz", *option, self.file("p.xds", PASSES)), 2, "beside them there are only --every, --twice and --keep")
        self.expect(run("fuzz", "--nonsense"), 2, "--help")

    # ---- shrink ----

    LONG = ("# A story.\nmachine frames=8192\ndomain d1\nlet t = page(7) # a table\n"
            "mmuext_op [TLB_FLUSH_LOCAL, PIN_L1_TABLE mfn=t] = 0\n" + "sched_op yield = 0\n" * 300 +
            "mmu_update [page(3)[1] = 0, t[6] = pte(t, P|RW|US), t[1] = 0] = 0 done=3\n" + "sched_op yield = 7\n" * 300)
    SHORT = ("domain d1\nlet t = page(0)\nmmuext_op [PIN_L1_TABLE mfn=t]\nmmu_update [t[0] = pte(t, P|RW)] = 0\n")

    def test_shrink(self):
        f = self.file("f.xds", self.LONG)
        r = run("shrink", f)
        self.expect(r, 0, "f.xds:306: mmu_update", "expected 0, got EBUSY", "l1e-rw-table", "605 steps shrunk to 4")
        self.assertEqual(r.out, self.SHORT)
        self.assertEqual(run("shrink", "-", given=self.LONG.encode()).out, self.SHORT)
        short = os.path.join(self.dir.name, "s.xds")
        self.expect(run("shrink", "-o", short, f), 0)
        with open(short, encoding="ascii") as g:
            self.assertEqual(g.read(), self.SHORT)
        self.expect(run("replay", short), 1, "expected 0, got EBUSY", "l1e-rw-table")
        r = run("shrink", "-o", self.dir.name, f)
        self.expect(r, 2, "can't be written: Is a directory")
        self.assertEqual(r.out, self.SHORT)
        self.assertEqual(run("shrink", short).out, self.SHORT)

    def test_shrink_keeps_what_failed(self):
        for text, short in (("domain d1\nmulticall { sched_op yield ; xen_version version = 1 } = 0\n",
                             "domain d1\nmulticall { xen_version version = 1 }\n"),
                            ("domain d1\nstore va(3) 9\nxen_version version = 1\nexpect mem va(3) = 7\n", None),
                            ("domain d1\nupdate_va_mapping va(3) pte(page(5), P|RW) UVMF_INVLPG\nstore va(3) 9\n"
                             "expect mem va(3) = 7\nexpect mem va(3) = 8\n",
                             "domain d1\nupdate_va_mapping va(0) pte(page(0), P|RW)\nstore va(0) 9\nexpect mem va(0) = 7\n"),
                            (FAILS, "domain d1\nsched_op yield = 1\n")):
            r = run("shrink", "-", given=text.encode())
            self.expect(r, 0)
            self.assertEqual(r.out, short or "domain d1\nxen_version version = 1\n")

    def test_shrink_with_limits(self):
        r = run("shrink", "--runs", "5", "-", given=self.LONG.encode())
        self.expect(r, 0, "there may be a smaller one")
        self.expect(run("replay", "-", given=r.out.encode()), 1, "expected 0, got EBUSY")

    def test_what_can_not_be_shrunk(self):
        self.expect(run("shrink", self.file("p.xds", PASSES)), 1, "it passes")
        self.expect(run("shrink", self.file("u.xds", UNREADABLE)), 2, "u.xds:2:1")
        self.expect(run("shrink", self.file("m.xds", UNUSABLE)), 2, "frames must be", "can't be run")
        self.expect(run("shrink", os.path.join(self.dir.name, "none.xds")), 2, "No such file")
        self.assertEqual(run("shrink", os.path.join(self.dir.name, "p.xds")).out, "")

    def test_shrink_over_the_file_itself(self):
        f = self.file("f.xds", self.LONG)
        link = os.path.join(self.dir.name, "link.xds")
        os.symlink(f, link)
        self.expect(run("shrink", "-o", link, link), 0)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["f.xds", "link.xds"])
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), self.SHORT)

    def test_shrink_interrupted_before_it_has_begun(self):
        f = self.file("f.xds", "domain d1\n" + "mmuext_op [PIN_L1_TABLE mfn=page(0), UNPIN_TABLE mfn=page(0)]\n" * 200000 + "sched_op yield = 7\n")
        p = subprocess.Popen([COMMAND, "shrink", f], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.child_of(p)
        time.sleep(0.05) # it may not hear of it yet, and run to its end
        os.killpg(p.pid, signal.SIGINT)
        out, err = p.communicate(timeout=60)
        self.assertEqual((p.returncode, out, err.splitlines()[-1]), (2, b"", b"xendouble: interrupted"))

    # ---- emit-c ----

    SLOW = "domain d1\n" + "mmuext_op [PIN_L1_TABLE mfn=page(0)]\n" * 20000

    def test_emit_c_leaves_the_scenario_alone(self):
        f = self.file("f.xds", PASSES)
        link = os.path.join(self.dir.name, "link.c")
        os.symlink(f, link)
        for output in f, link:
            self.expect(run("emit-c", "-o", output, f), 2, f"--output: {output}: that is the scenario itself")
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), PASSES)

    def test_emit_c_that_is_ended_from_outside(self):
        f = self.file("slow.xds", self.SLOW)
        for nr, words in ((signal.SIGPROF, rb"the run was not done after 60 s of processor time; fewer steps"),
                          (signal.SIGALRM, rb"the run was not done after 60 s of processor time; fewer steps"),
                          (signal.SIGTERM, rb"the run was ended by signal 15 \(Terminated\) from outside\n$"),
                          (signal.SIGKILL, rb"the run was ended by signal 9 \(Killed\) from outside; the host may be short of memory\n$")):
            p = subprocess.Popen([COMMAND, "emit-c", "-o", os.path.join(self.dir.name, "test.c"), f], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            os.kill(self.child_of(p), nr)
            out, err = p.communicate(timeout=60)
            self.assertEqual((p.returncode, out), (2, b""), err)
            self.assertRegex(err, rb"^xendouble: .*slow\.xds:[0-9]+: " + words)
            self.assertEqual(os.listdir(self.dir.name), ["slow.xds"])

    def test_emit_c_whose_reader_goes_away(self):
        p = subprocess.Popen([COMMAND, "emit-c", self.file("slow.xds", self.SLOW[:20000])], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.read(10)
        p.stdout.close()
        self.assertEqual((p.stderr.read(), p.wait(timeout=60)), (b"", -signal.SIGPIPE))
        p.stderr.close()

    # ---- bytes ----

    def test_bytes_and_back(self):
        f, b = self.file("a.xds", FAILS), os.path.join(self.dir.name, "a.xdb")
        self.expect(run("fmt", "--to-bytes", f), 0)
        with open(b, "rb") as g:
            data = g.read()
        self.assertLess(len(data), len(FAILS) / 2)
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), FAILS)
        self.assertEqual(run("fmt", "-b", "-", given=FAILS.encode()).stdout, data)
        self.assertEqual(run("fmt", "-B", "-", given=data).out, FAILS)
        self.expect(run("replay", b), 1, "a.xdb:2: sched_op yield = 1", "expected 1, got 0", "again: xendouble replay")
        os.unlink(f)
        self.expect(run("fmt", "--from-bytes", b), 0)
        with open(f, encoding="ascii") as g:
            self.assertEqual(g.read(), FAILS)
        filled = run("fmt", "--fill", "--to-bytes", "-", given=b"domain d1\nsched_op yield\n").stdout
        self.assertEqual(run("fmt", "-B", "-", given=filled).out, "domain d1\nsched_op yield = 0\n")

    def test_any_bytes_are_a_program(self):
        for i, data in enumerate((b"", b"\0", b"\xff" * 1000, bytes(range(256)) * 9, b"\x7fELF\x02\x01\x01\0\0\0")):
            f = self.file(f"{i}.xdb", data)
            self.assertLess(run("replay", "--quiet", "--keep-going", "--audit", f).returncode, 3)
            self.expect(run("fmt", "--from-bytes", f), 0)
            self.expect(run("fmt", "--check", f[:-1] + "s"), 0)

    def test_bytes_where_text_is_wanted(self):
        t, b = self.file("a.xds", PASSES), self.file("b.xdb", b"")
        self.expect(run("fmt", b), 2, "b.xdb: these are bytes; --from-bytes")
        self.expect(run("fmt", "--to-bytes", b), 2, "--to-bytes converts files *.xds")
        self.expect(run("fmt", "--from-bytes", t), 2, "--from-bytes converts files *.xdb")
        self.expect(run("fmt", "--to-bytes", "--check", t), 2, "one of --check")
        self.expect(run("fmt", "-B", os.path.join(self.dir.name, "no.xdb")), 2, "No such file")

    # ---- list ----

    def test_list(self):
        for name, words in (("hypercalls", ["mmu_update", "grant_table_op"]), ("ops", ["PIN_L1_TABLE", "alloc_unbound"]),
                            ("reasons", ["frame-mapped-writable", "EINVAL"]), ("constants", ["UVMF_INVLPG", "0x7ff0"]),
                            ("functions", ["page(K)"]), ("commands", ["vcpu_op", "VCPU_CMD.get_runstate_info"])):
            self.expect(run("list", name), 0, *words, where="out")
            self.expect(run("list", "--markdown", name), 0, "## ", "---|", *words, where="out")
            self.assertIn(run("list", name).out, run("list").out)

    # ---- bad input ----

    def test_what_is_no_scenario(self):
        for i, text in enumerate((b"\x7fELF\x02\x01\x01\0\0\0", bytes(range(256)) * 50, b"\0" * 5000, b"domain d1\0", b"\xff\xfe",
                                  b"let a = " + b"(" * 200000, b"domain d1\n" + b"multicall {" * 5000, b"\"" * 1000,
                                  b"let a = 1" + b"+1" * 400000, b"a" * 3000000, b"let a = " + b"9" * 100000)):
            f = self.file(f"{i}.xds", text)
            r = run("replay", f)
            self.expect(r, 2, f"{i}.xds:")
            self.assertLess(len(r.err), 1000)
            self.expect(run("fmt", f), 2)

    def test_a_line_of_100_megabytes(self):
        path = os.path.join(self.dir.name, "big.xds")
        with open(path, "wb") as f:
            for _ in range(100):
                f.write(b"a" * 1000000)
        self.expect(run("replay", path), 2, "larger than 64 MiB")
        with open(path, "r+b") as f:
            f.truncate(60000000)
        self.expect(run("replay", path), 2, "this line is longer than")

    def test_dr6_of_another_exception(self):
        self.expect(run("replay", "-", given=b"domain d1\ntrap 6 dr6=1\n"), 1, "(standard input):2: ", "dr6= says why a #DB comes")

    def test_impossible_machines(self):
        for text in ("machine frames=0", "machine frames=1048577", "machine frames=0xffffffffffffffff", "machine domains=0",
                     "machine domains=65", "machine khz=0", "domain d1 pages=0xffffffff", "domain d1 vcpus=0",
                     "domain d1 vcpus=65", "domain d1 vcpus=33 online=33", "domain d1 vcpus=2 online=3", "domain d1 port_max=131072", "domain d1 id=0x7ff0",
                     "domain d1 scratch=0xffffffffff", "domain d1 virt_base=0xffff800000000000", "machine frames=1024\ndomain d1 pages=4000",
                     "domain d1 init_p2m=1", "domain d1 kernel_pages=0xffffffff", "domain d1 initrd=0xffffffffffffffff",
                     "machine domains=1\ndomain d1\ndomain d2"):
            r = run("replay", "-", given=text.encode())
            self.expect(r, 2, "(standard input):")
            self.assertRegex(r.err, "can't be: |is too large")

    def test_values_that_there_can_not_be(self):
        gone = "domain d1\ndestroy d1\n"
        for why, texts in (("there is no domain", ["let x = " + v for v in (
                                "page(0)", "pfn(0)", "va(0)", "table(1, 0)", "cr3()", "user_cr3()", "shared_info()", "start.pages")]),
                           ("d1 does not exist yet", ["let x = page(0)\ndomain d1", "machine seed=start.pages\ndomain d1"]),
                           ("before `machine` is done", [f"machine seed={v}" for v in ("frames()", "m2p(3)", "entry(0)", "page(0)")]),
                           ("into memory of the current domain", [f"machine boot_ns={v}" for v in ("ptr8()", "ptr4(1)", 'text("a")', "buf(8)")] +
                            ["domain d1 pages=ptr(1)"] + [gone + step for step in (
                                "virq ptr(0)", "expect frame ptr(0) type=l1", "scarce buf(8)", 'expect entry text("a") = 1')])):
            for text in texts:
                line = text.count("\n", 0, text.rfind("\ndomain d1") if text.endswith("\ndomain d1") else None) + 1
                for args in (("replay",), ("replay", "--keep-going", "--audit"), ("fmt", "--fill")):
                    self.expect(run(*args, "-", given=text.encode()), 1, f":{line}: ", why)
        self.expect(run("replay", "-", given=(gone + "let x = cr3()\n").encode()), 1, "(standard input):3: ", "the domain is gone")

    def test_a_host_without_memory(self):
        if os.environ.get("XD_BUILD", "sanitize-none") != "sanitize-none":
            self.skipTest("the sanitizers need more address space than is left here")
        f = self.file("p.xds", PASSES)
        if run("replay", f, memory=1 << 30).returncode:
            self.skipTest("this build does not run in 1 GiB of address space")
        self.expect(run("replay", "-", given=b"machine frames=1048576\ndomain d1\n", memory=1 << 30), 2, "not enough memory")
        for mib in range(6, 80, 4):
            r = run("replay", f, memory=mib << 20)
            self.assertIn(r.returncode, (0, 2, 127), f"{mib} MiB: {r.err}") # 127: the loader had no room for libc
            if r.returncode == 2:
                self.assertIn("memory", r.err)


if __name__ == "__main__":
    COMMAND, SCENARIOS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
