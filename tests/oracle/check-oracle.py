# SPDX-License-Identifier: MIT
"""
`xendouble oracle` without QEMU: the other side is fake-runner, so what goes differently is known.

    check-oracle.py XENDOUBLE FAKE-RUNNER SCENARIO_DIR
"""
import gzip
import importlib.machinery
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

COMMAND = RUNNER = SCENARIOS = None


def catches(text):
    """Would tests/oracle/mutate say of this output that a bug was caught?"""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutate")
    spec = importlib.util.spec_from_loader("mutate", importlib.machinery.SourceFileLoader("mutate", path))
    mutate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutate)
    return any(mutate.TELLS.match(line) for line in text.splitlines())


def workers(command):
    """
    The processes that do its work.  Each leads a group of its own, which tells them from what LeakSanitizer starts at the
    command's end: killed, that would never let it go.
    """
    found = []
    try:
        with open(f"/proc/{command.pid}/task/{command.pid}/children", encoding="utf-8") as f:
            for child in map(int, f.read().split()):
                if os.getpgid(child) == child:
                    found.append(child)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


PIN_IN_VAIN = "domain d1\nmmu_update [page(1)[0] = pte(cr3(), P|RW), page(0)[0] = pte(page(1), P|RW)]\nmmuext_op [PIN_L4_TABLE mfn=page(0)]\n"
VERSION = "domain d0\nlet t = page(0)\nsched_op yield\nxen_version version\nsched_op yield\n"


class Oracle(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.qemu = self.file("qemu", b"#!/bin/sh\n", 0o755)
        self.xen = self.file("xen", b"\177ELF and so on")
        self.kernel = self.file("kernel", b"")
        self.parts = ["--qemu", self.qemu, "--xen", self.xen, "--kernel", self.kernel, "--runner", RUNNER]

    def file(self, name, data, mode=0o644):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path

    def run_oracle(self, *args, how="", parts=None, env=None):
        r = subprocess.run([COMMAND, "oracle", *(self.parts if parts is None else parts), *args], capture_output=True, timeout=600,
                           check=False, stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": how, **(env or {})})
        r.out, r.err = r.stdout.decode(errors="replace"), r.stderr.decode(errors="replace")
        return r

    def expect(self, r, code, *patterns):
        self.assertEqual(r.returncode, code, r.out + r.err)
        for pattern in patterns:
            self.assertRegex(r.out + r.err, pattern)

    # ---- what must be there ----

    def test_a_part_that_is_missing_is_named_and_how_to_get_it(self):
        env = {"PATH": self.dir.name, "XENDOUBLE_QEMU": "", "XENDOUBLE_XEN": ""}
        os.rename(self.qemu, self.qemu + "-of-other-name")
        self.expect(self.run_oracle("-n", "1", parts=self.parts[2:], env=env), 77, "QEMU.*not found.*apt-get install qemu-system-x86")
        os.rename(self.qemu + "-of-other-name", self.qemu)
        for option, path in ("--qemu", "/nowhere/q"), ("--xen", "/nowhere/x"), ("--kernel", "/nowhere/k"), ("--runner", "/nowhere/r"):
            self.expect(self.run_oracle("-n", "1", option, path), 77, path)

    def test_environment_names_the_parts_too(self):
        env = {"XENDOUBLE_QEMU": self.qemu, "XENDOUBLE_XEN": self.xen, "XENDOUBLE_ORACLE_KERNEL": self.kernel, "XENDOUBLE_ORACLE_RUNNER": RUNNER}
        self.expect(self.run_oracle("-n", "2", parts=[], env=env), 0)
        for name in env:
            self.expect(self.run_oracle("-n", "2", parts=[], env={**env, name: "/nowhere/x"}), 77, "/nowhere/x")

    def test_xen_may_be_packed_but_must_be_a_program(self):
        packed = self.file("xen.gz", gzip.compress(b"\177ELF and so on"))
        temporary = os.path.join(self.dir.name, "temporary")
        os.mkdir(temporary)
        self.expect(self.run_oracle("-n", "2", "--xen", packed, env={"TMPDIR": temporary}), 0)
        self.assertEqual(os.listdir(temporary), [])
        self.expect(self.run_oracle("-n", "2", "--xen", packed, how="fail"), 2, r"Xen can't be used: there is no room", rf"\(/dev/fd/\d+ is what {packed} was unpacked into\)")
        for data in b"", b"text", gzip.compress(b"text"), b"\x1f\x8b no gzip":
            self.expect(self.run_oracle("-n", "2", "--xen", self.file("bad", data)), 2, "bad|unpack|ELF")

    def test_nothing_is_left_of_an_unpacked_xen_whatever_ends_the_command(self):
        packed = self.file("xen.gz", gzip.compress(b"\177ELF and so on"))
        temporary = os.path.join(self.dir.name, "temporary")
        os.mkdir(temporary)
        for ended_by in signal.SIGHUP, signal.SIGPIPE, signal.SIGKILL, signal.SIGTERM:
            with subprocess.Popen([COMMAND, "oracle", *self.parts, "--xen", packed, "-v", "-n", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": "lie:mmuext_op", "TMPDIR": temporary}) as p:
                self.assertIn(b"differ", p.stdout.readline()) # the runner could read it
                if ended_by == signal.SIGPIPE:
                    p.stdout.close() # the next line has no reader
                else:
                    p.send_signal(ended_by)
                    p.stdout.read()
                self.assertEqual(p.wait(timeout=60), 2 if ended_by == signal.SIGTERM else -ended_by)
            self.assertEqual(os.listdir(temporary), [])

    def test_bad_usage(self):
        self.expect(self.run_oracle(), 2, "which scenarios")
        for args in (["-n", "x"], ["-n", "-1"], ["-s", ""], ["--steps", "0"], ["--jobs", "0"], ["--timeout", "0"], ["--shrink-time", "0"], ["--only", "nothing"],
                     ["--nonsense"], ["--qemu", ""], ["--xen", ""], ["--kernel", ""], ["--runner", ""], ["--keep", self.xen], ["/nowhere/a.xds"]):
            self.expect(self.run_oracle("-n", "1", *args), 2)

    def test_the_manual_has_what_the_help_has(self):
        usage = self.run_oracle("--help").stdout.decode()
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../man/xendouble.1"), encoding="utf-8") as f:
            manual = f.read()
        oracle, status = manual.split(".Ss oracle\n")[1].split(".Sh ")[0].split(".Ss ")[0], manual.split(".Sh EXIT STATUS\n")[1].split(".Sh ")[0]
        for option in re.findall(r"(?m)^  +(?:-\w, )?--([\w-]+)", usage):
            self.assertRegex(oracle, rf"(?m)^\.It Fl (\w , )?-{option}\b")
        for group in re.search(r"--only GROUP +about this only: (.*); may", usage)[1].split(", "):
            self.assertRegex(oracle, rf"(?m)^\.Cm (.* , )?{group}( |$)")
        for code in re.findall(r"(?:: |, )(\d+) ", usage.split("exit codes")[1]):
            self.assertRegex(status, rf"(?m)^\.It {code}$")
            self.assertTrue(code in "03" or ".Cm oracle :" in status.split(f".It {code}\n")[1].split(".It ")[0])

    def test_dev_needs_nothing_to_help(self):
        root, here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."), os.path.join(self.dir.name, "checkout")
        os.makedirs(os.path.join(here, "src/cli"))
        for name in "dev", "src/cli/cmd_oracle.c":
            shutil.copy(os.path.join(root, name), os.path.join(here, name))
        usage = self.run_oracle("--help").out
        for args in ["--help"], ["-n", "5", "-h"]:
            r = subprocess.run([os.path.join(here, "dev"), "oracle", *args], capture_output=True, check=False, timeout=60)
            self.assertEqual((r.returncode, r.stdout.decode(), r.stderr.decode()), (0, usage, ""))
            self.assertFalse(os.path.exists(os.path.join(here, "build")))

    def test_the_worst_of_all_programs_is_the_exit_code(self):
        a, b = self.file("a.xds", VERSION), self.file("b.xds", "nonsense\n")
        self.expect(self.run_oracle(a, b, how="lie:xen_version"), 2, "1 program differs", "(?m)^1 could not be compared")

    def test_a_scenario_that_can_not_be_read_is_told_and_the_others_go_on(self):
        a, b = self.file("a.xds", "domain d0\nload va(0) 8\n"), self.file("b.xds", VERSION)
        self.expect(self.run_oracle(a, b), 2, r"a\.xds:2:\d+: ", "(?m)^1 program,", "(?m)^1 could not be compared")

    def test_what_controls_a_terminal_is_not_printed(self):
        garbage = b"\x1b]0;evil\x07 \x7f \x9b31m \xc2\x9b31m \xff \xc0\xaf \xed\xa0\x80 \xe2\x82 \xf4\x90\x80\x80"
        a = self.file("a.xds", b"domain d0\n" + garbage + b"\n")
        r = self.run_oracle(a, self.file("gr\u00fc\u00df-\u20ac-\U0001f980-\x1b.xds", b"x\n"))
        self.expect(r, 2, "gr\u00fc\u00df-\u20ac-\U0001f980-" + r"\\x1b\.xds", r"\]0;evil")
        said = self.run_oracle("-v", self.file("said.xds", b"# not on Xen: " + garbage[garbage.index(b"\xc2"):] + b"\n" + VERSION.encode()))
        self.expect(said, 2, r"skipped: \\xc2\\x9b31m \\xff \\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82 \\xf4\\x90\\x80\\x80\n")
        for out in r.stdout, said.stdout:
            self.assertNotRegex(out.decode("utf-8", errors="strict"), "[\x00-\x08\x0b-\x1f\x7f-\x9f]")

    # ---- both sides agree ----

    def test_generated_programs_agree(self):
        r = self.run_oracle("-s", "7", "-n", "40")
        self.expect(r, 0, r"(?m)^40 programs")

    def test_scenarios_agree_and_those_that_can_not_run_are_told_on_demand(self):
        r = self.run_oracle("-v", "--scenarios", SCENARIOS)
        self.expect(r, 2, r"xds: skipped: ", r"(?m)^\d+ programs", "0 programs differ")
        for told in re.findall(r"xds: it could not be compared: (.*)", r.out + r.err): # the fake machine has two domains
            self.assertRegex(told, "laid out as has no domain")
        self.assertGreater(int(re.search(r"(?m)^(\d+) programs", r.out)[1]), 20)

    def test_the_document_counts_the_scenarios_that_are_skipped(self):
        with open(os.path.join(SCENARIOS, "../docs/ORACLE.md"), encoding="utf-8") as f:
            text = f.read().partition("### Scenarios that are skipped\n")[2]
        rows = re.findall(r"(?m)^\| (\d+) \| [^|]+ \| ([^|]+) \|$", text)
        why = re.findall(r"(?m)^.*\.xds: skipped: (.*)$", self.run_oracle("-v", "--scenarios", SCENARIOS).out)
        self.assertEqual(text.partition(";")[0], str(len(why)))
        self.assertEqual(sum(int(n) for n, _ in rows), len(why))
        self.assertEqual(sum(int(n) for n, said in rows if said.startswith("not yet")), sum(w.startswith("not yet") for w in why))
        self.assertTrue(all(re.match("not yet: |can't be", said) for _, said in rows))

    def test_the_document_lists_the_reasons_that_generated_programs_do_not_meet(self):
        top = os.path.join(SCENARIOS, "..")
        with open(os.path.join(top, "docs/ORACLE.md"), encoding="utf-8") as f:
            table = f.read().partition("Reasons that `--report` names as never compared")[2].partition("\n\nReasons of `trap`")[0]
        with open(os.path.join(top, "tests/unit/test-generate.c"), encoding="utf-8") as f:
            array = f.read().partition("} unreached[] = {")[2].partition("};")[0]
        told = [name for row in re.findall(r"(?m)^\| ([a-z0-9-]+(?:, [a-z0-9-]+)*) \|", table) for name in row.split(", ") if name != "reason"]
        listed = [name.lower().replace("_", "-") for name in re.findall(r"XD_WHY_(\w+)", array)]
        self.assertGreater(len(listed), 10)
        self.assertEqual(sorted(told), sorted(listed))

    def test_jobs_change_nothing_but_time(self):
        def told(jobs):
            r = self.run_oracle("-s", "3", "-n", "30", "-j", jobs, "--max-differences", "30", how="lie:event_channel_op")
            self.expect(r, 1)
            return re.sub(r"(?m)^\d+ boots? of Xen.*", "", r.out)
        self.assertEqual(told("1"), told("3"))

    def test_jobs_change_nothing_in_what_is_shown_and_kept_of_many_differences(self):
        def told(jobs, *options):
            keep = os.path.join(self.dir.name, "kept-" + jobs + "".join(options))
            r = self.run_oracle("-s", "3", "-n", "30", "-j", jobs, "--max-differences", "2", "--keep", keep, *options, how="lie:event_channel_op")
            self.expect(r, 1)
            self.assertEqual(len(re.findall("Xen and the double differ\n", r.out)), 2)
            return re.sub(r"(?m)^\d+ boots? of Xen.*", "", r.out.replace(keep, "KEEP")), sorted(os.listdir(keep))
        one, all_of_one = told("1"), told("1", "-v")
        self.assertEqual(one, told("3"))
        self.assertEqual(all_of_one, told("3", "-v"))
        self.assertEqual(len(one[1]), 2)
        more = int(re.search(r"(?m)^(\d+) more programs differ", one[0])[1])
        self.assertGreater(more, 2)
        self.assertEqual(len(re.findall(r"(?m)differ in line \d+$", all_of_one[0])), more)

    def test_report_names_what_was_never_compared(self):
        r = self.run_oracle(self.file("a.xds", VERSION), "--report")
        self.expect(r, 0, "xen_version", "pin-twice")

    # ---- they differ ----

    def test_a_difference_is_shrunk_told_and_kept(self):
        keep = os.path.join(self.dir.name, "kept")
        r = self.run_oracle(self.file("a.xds", VERSION), "--keep", keep, how="lie:xen_version")
        self.expect(r, 1, r"a\.xds: Xen and the double differ", "something else: 0x1", r"(?m)^1 programs?\b.*1 different|1 .*differ")
        self.assertTrue(catches(r.out))
        (name,) = os.listdir(keep)
        with open(os.path.join(keep, name), encoding="utf-8") as f:
            text = f.read()
        self.assertIn("xen_version version", text)
        self.assertNotRegex(text, r"(?m)^(let|sched_op)")
        self.expect(self.run_oracle(os.path.join(keep, name), how="lie:xen_version"), 1)
        self.expect(self.run_oracle(os.path.join(keep, name)), 0)

    def test_a_shorter_program_that_differs_in_another_way_is_none(self):
        r = self.run_oracle(self.file("a.xds", VERSION), how="slide:xen_version")
        self.expect(r, 1, "shrunk from 5 to 3 steps:", r"sched_op yield\n", r"d0 port 7: 0x1")
        self.assertNotIn("d0 pfn 3", r.out)
        r = self.run_oracle(self.file("a.xds", VERSION), how="slide-result:xen_version")
        self.expect(r, 1, "shrunk from 5 to 3 steps:", r"sched_op yield\n", r"result=EPERM +\| result=0x")
        self.assertNotIn("EFAULT", r.out)

    def test_what_was_met_is_shown_where_the_shrunk_program_shows_other_lines(self):
        a = self.file("a.xds", VERSION)
        r = self.run_oracle(a, how="lie:xen_version")
        self.expect(r, 1, "shrunk from 5 to 2 steps")
        self.assertNotIn("as it was met", r.out)
        r = self.run_oracle(a, how="number:xen_version")
        self.expect(r, 1, "shrunk from 5 to 2 steps", r"(?m)^  as it was met in the whole program: line 4: xen_version version\n"
                          rf" +Xen +\| double\n +d0 pfn {len(VERSION)} word 1: 0x1 +\| -\n")

    def test_differences_are_shown_whole_on_demand(self):
        a, keep = self.file("a.xds", VERSION), os.path.join(self.dir.name, "kept")
        r = self.run_oracle(a, "--no-shrink", "--keep", keep, how="lie:xen_version")
        self.expect(r, 1, r"  not shrunk:\n    domain d0\n    let t = page\(0\)\n    sched_op yield\n    xen_version version\n    sched_op yield\n"
                          r"  line 4: xen_version version\n", "something else: 0x1")
        self.assertNotIn("shrunk from", r.out)
        (name,) = os.listdir(keep)
        with open(os.path.join(keep, name), encoding="utf-8") as f:
            self.assertTrue(f.read().endswith("\n\n" + VERSION))

    def test_shrinking_has_an_end(self):
        a = self.file("a.xds", VERSION + 40 * "sched_op yield\nxen_version extraversion\n")
        start = time.monotonic()
        r = self.run_oracle(a, "--shrink-time", "1", how="slow:xen_version version")
        self.expect(r, 1, r"shrunk from 85 to \d+ steps \(the 1 s of --shrink-time were over: it might become shorter yet\):\n", "something else: 0x1")
        self.assertLess(time.monotonic() - start, 60)

    def test_shrinking_does_not_wait_for_a_program_that_gives_no_answer(self):
        start = time.monotonic()
        r = self.run_oracle(self.file("a.xds", VERSION), "--shrink-time", "2", how="mute-short:xen_version")
        self.expect(r, 1, r"shrunk from 5 to \d steps \(the 2 s of --shrink-time were over", "d0 port 7: 0x1")
        self.assertLess(time.monotonic() - start, 60)

    def test_programs_may_be_in_their_byte_form(self):
        text, keep = self.file("a.xds", VERSION), os.path.join(self.dir.name, "kept")
        subprocess.run([COMMAND, "fmt", "--to-bytes", text], check=True, stdout=subprocess.DEVNULL)
        name = text[:-1] + "b"
        self.expect(self.run_oracle(name), 0, "(?m)^1 program, 3 calls ")
        self.expect(self.run_oracle(name, "--keep", keep, how="lie:xen_version"), 1, r"a\.xdb: Xen and the double differ", "xen_version version")
        self.assertTrue(os.listdir(keep)[0].endswith("-a.xds"), os.listdir(keep))
        self.expect(self.run_oracle(os.path.join(keep, os.listdir(keep)[0]), how="lie:xen_version"), 1)

    def test_the_seed_that_is_told_shows_the_difference_alone(self):
        r = self.run_oracle("-s", "5", "-n", "50", "--max-differences", "1", how="lie:mmuext_op")
        self.expect(r, 1)
        again = re.search(r"again: xendouble oracle (.*)", r.out)[1].split()
        self.expect(self.run_oracle(*again, how="lie:mmuext_op"), 1, r"(?m)^1 programs?\b")
        self.expect(self.run_oracle(*again), 0)

    def test_the_command_that_is_told_can_be_given_to_a_shell(self):
        env = {"XENDOUBLE_XEN": self.file("the xen", b"\177ELF and so on")}
        parts = ["--qemu", self.qemu, "--kernel", self.file("it's a kernel", b""), "--runner", RUNNER]
        for name in "a b.xds", "it's $HOME.xds", "a\nb\\'\x1b.xds", "-a.xds":
            with open(os.path.join(self.dir.name, name), "w", encoding="utf-8") as f:
                f.write(VERSION)
            keep = os.path.join(self.dir.name, "kept")
            for at, args in enumerate((["--keep", keep, "--", name], ["--keep", keep, "-s", "5", "-n", "9", "--max-differences", "1"])):
                r = subprocess.run([COMMAND, "oracle", *parts, *args], capture_output=True, check=False, cwd=self.dir.name,
                                   env={**os.environ, **env, "FAKE_ORACLE": "lie:xen_version" if at == 0 else "lie:event_channel_op"})
                self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
                (kept,) = os.listdir(keep)
                with open(os.path.join(keep, kept), encoding="utf-8") as f:
                    texts = r.stdout.decode(), f.read()
                os.remove(os.path.join(keep, kept))
                for text in texts:
                    again = re.search(r"(?:again: |#   )xendouble( oracle .*)", text)[1]
                    self.assertIn("--runner " + RUNNER, again)
                    r = subprocess.run(["bash", "-c", COMMAND + again], capture_output=True, check=False, cwd=self.dir.name,
                                       env={**os.environ, "FAKE_ORACLE": ""})
                    self.assertEqual(r.returncode, 0, again.encode() + r.stdout + r.stderr)
                    self.assertRegex(r.stdout.decode(), "(?m)^1 program[, ]")

    def test_differences_beyond_those_shown_are_counted(self):
        r = self.run_oracle("-s", "5", "-n", "50", "--max-differences", "1", how="lie:mmuext_op")
        shown = len(re.findall("Xen and the double differ", r.out))
        self.assertEqual(shown, 1)
        self.assertGreater(int(re.search(r"(\d+) more programs differ", r.out)[1]), 0)

    def test_a_domain_that_xen_ends_is_a_difference(self):
        r = self.run_oracle(self.file("a.xds", VERSION), how="die:xen_version")
        self.expect(r, 1, "Xen ended the domain in this step; the double went on", r"domain_crash called")

    def test_what_can_not_be_repeated_is_told_as_it_was(self):
        once = os.path.join(self.dir.name, "once")
        r = self.run_oracle(self.file("a.xds", VERSION), how=f"lie-once:{once}:xen_version")
        self.expect(r, 1, "differed once, and not in 4 more runs", "line 4: xen_version version", "something else: 0x1",
                    "(?m)^1 program,.* 0 programs differ", "(?m)^warning: 1 more differed once.* too many")
        self.assertFalse(catches(r.out))

    def test_chance_has_its_limit(self):
        files = [self.file(f"{i}.xds", VERSION + i * "sched_op yield\n") for i in range(3)]
        r = self.run_oracle(*files, how="lie-new:xen_version")
        self.expect(r, 1, "(?m)^3 programs,.* 0 programs differ", "(?m)^warning: 3 more differed once.* too many")

    def test_a_reference_that_xen_leaves_now_and_then_is_explained_and_one_that_it_always_leaves_is_not(self):
        a = self.file("a.xds", PIN_IN_VAIN)
        once = os.path.join(self.dir.name, "once")
        r = self.run_oracle("-v", a, how=f"held-once:{once}:PIN_L4_TABLE")
        self.expect(r, 0, r"a\.xds: line 3 meets entry 28 of DIFFERENCES\.md", "0 programs differ", "(?m)^1 more met a difference that")
        r = self.run_oracle(a, how="held:PIN_L4_TABLE")
        self.expect(r, 1, "1 program differs", r"refs=2 none=0 owner=1 linear=0 +\| -")
        self.assertTrue(catches(r.out))

    def test_what_is_explained_has_its_limit(self):
        files = [self.file(f"{i}.xds", PIN_IN_VAIN + i * "sched_op yield\n") for i in range(4)]
        self.expect(self.run_oracle(*files[:3], how="held-new:PIN_L4_TABLE"), 0, "(?m)^3 more met a difference.* ended there$")
        self.expect(self.run_oracle(*files, how="held-new:PIN_L4_TABLE"), 1, "(?m)^4 more met a difference.*: too many$")

    def test_what_can_not_be_run_again_is_no_chance(self):
        r = self.run_oracle(self.file("a.xds", VERSION), how="lie-hang:xen_version")
        self.expect(r, 1, r"a\.xds: Xen and the double differ", "(?m)^1 program,.* 1 program differs")

    def test_what_differs_in_another_way_each_time_is_no_chance(self):
        r = self.run_oracle(self.file("a.xds", VERSION), how="lie-on:xen_version")
        self.expect(r, 1, r"a\.xds: Xen and the double differ\n", "(?m)^1 program,.* 1 program differs")
        self.assertTrue(catches(r.out))

    def test_a_difference_that_takes_the_program_before_is_no_chance(self):
        a, b = self.file("a.xds", "domain d0\nsched_op yield\nsched_op yield\n"), self.file("b.xds", VERSION)
        r = self.run_oracle(a, b, how="lie-behind:xen_version")
        self.expect(r, 1, r"b\.xds: Xen and the double differ", "(?m)^2 programs,.* 1 program differs", r"it does not differ so: only behind \S+/a\.xds\n")
        self.assertNotIn("shrunk", r.out)

    def test_the_run_can_be_stopped_at_a_difference(self):
        r = self.run_oracle("-v", "-s", "5", "-n", "5000", "--max-differences", "0", "--stop", "2", how="lie:mmuext_op")
        self.expect(r, 1)
        self.assertEqual(len(re.findall(r"Xen and the double differ in line \d+$", r.out, re.M)), 2, r.out)
        self.assertLess(int(re.search(r"(?m)^(\d+) programs", r.out)[1]), 5000)

    # ---- the machine is not always the same ----

    def test_the_double_follows_where_the_machine_lies(self):
        self.expect(self.run_oracle("-s", "8", "-n", "20", how="move"), 0, r"(?m)^20 programs")

    def test_a_machine_set_up_anew_is_counted_and_told_on_demand(self):
        a = self.file("a.xds", VERSION)
        self.expect(self.run_oracle("-v", a, how="renew"), 0, r"a\.xds: a domain was built again: a page was lost", "1 domain built again")
        self.assertNotIn("a page was lost", self.run_oracle(a, how="renew").out)

    def test_what_fails_once_is_tried_again(self):
        once = os.path.join(self.dir.name, "once")
        self.expect(self.run_oracle("-s", "8", "-n", "20", how=f"quit-once:{once}:x"), 0, r"(?m)^20 programs", "2 boots")

    # ---- nothing can be compared ----

    def test_other_sides_that_do_not_work(self):
        a = self.file("a.xds", VERSION)
        for how, said in (("fail", "there is no room for it"), ("nonsense", "no place there"), ("cut", "does not say how the program ended"),
                          ("huge", "answer of 2147483647 bytes"), ("quit:xen_version", "exit code 9")):
            r = self.run_oracle(a, how=how)
            self.expect(r, 2, re.escape(said))
            self.assertNotIn("Sanitizer", r.err)
        self.expect(self.run_oracle(a, "--runner", "/bin/false"), 2, "exit code 1")
        self.expect(self.run_oracle(a, "--runner", self.xen), 77)

    def test_silence_has_an_end(self):
        start = time.monotonic()
        self.expect(self.run_oracle(self.file("a.xds", VERSION), "--timeout", "1", how="mute"), 2, "no answer for 1 s")
        self.assertLess(time.monotonic() - start, 60)

    def test_a_guest_that_hangs_is_no_domain_that_ended(self):
        r = self.run_oracle(self.file("a.xds", VERSION), how="hang:xen_version")
        self.expect(r, 2, "could not be compared: .*nobody says a word")
        self.assertIn(" 0 programs differ", r.out)

    def test_calls_from_a_difference_on_are_not_counted(self):
        a = self.file("a.xds", VERSION)
        self.expect(self.run_oracle(a), 0, r"(?m)^1 program, 3 calls \(100\.0 % granted\)")
        self.expect(self.run_oracle(a, how="lie:xen_version"), 1, r"(?m)^1 program, 1 call \(100\.0 % granted\) and 0 accesses compared, 0 of them refused; 1 program differs$")

    def test_an_iret_has_no_result(self):
        iret = "iret [-22, 1, 2, 0, 0x1000, 0xe030, 2, start.padding_va, 0xe02b]\n"
        a = self.file("a.xds", f"domain d0\n{iret}sched_op yield\nmulticall {{ sched_op yield ; {iret} }}\nevent_channel_op send port=99\n")
        r = self.run_oracle(a)
        self.expect(r, 0, r"(?m)^1 program, 6 calls \(66\.6 % granted\) and 0 accesses compared, 1 of them refused for 1 reason; 0 programs differ")
        b = self.file("b.xds", "domain d1\nload va(0)\n")
        self.expect(self.run_oracle(b), 0, r"(?m)^1 program, 0 calls \(0\.0 % granted\) and 1 access compared, ")
        c = self.file("c.xds", "domain d0\ndomain d1\n@d0.0\nsched_op yield\n@d1.0\nsched_op yield\n")
        self.expect(self.run_oracle(c), 0, "(?m)^1 of the calls was made in dom0, 1 in unprivileged")

    def test_scenarios_are_left_out_that_are_not_about_what_only_names(self):
        iret = "iret [-22, 1, 2, 0, 0x1000, 0xe030, 2, start.padding_va, 0xe02b]"
        for group, step in (("traps", iret), ("traps", "load 0x1000 deliver"), ("traps", "store 0x1000 1 deliver"), ("ptwr", "store 0x1000 1 deliver"),
                            ("traps", "trap 3"), ("traps", f"multicall {{ {iret} }}"), ("misc", "sched_op yield"), ("events", "event_channel_op send port=9")):
            a = self.file("a.xds", f"domain d0\n{step}\n")
            self.expect(self.run_oracle("--only", group, a), 0, "(?m)^1 program, ")
            self.expect(self.run_oracle("--only", "desc", a), 2, "nothing was compared")
        for step in "sched_op yield", "load 0x1000", "store 0x1000 1":
            self.expect(self.run_oracle("--only", "traps", self.file("a.xds", f"domain d0\n{step}\n")), 2, "nothing was compared")

    def test_a_run_that_compares_nothing_says_so(self):
        a = self.file("a.xds", VERSION)
        self.expect(self.run_oracle("--only", "events", a), 2, r"(?m)^1 skipped \(--verbose tells why\)$", "nothing was compared")
        self.expect(self.run_oracle(self.file("none.xds", "machine\n")), 2, "nothing was compared")

    def test_what_was_kept_is_not_overwritten(self):
        keep = os.path.join(self.dir.name, "kept")
        os.mkdir(os.path.join(self.dir.name, "d1"))
        self.run_oracle(self.file("d1/x.xds", VERSION), self.file("d1-x.xds", VERSION + "sched_op yield\n"), "--keep", keep, how="lie:xen_version")
        self.run_oracle(self.file("d1/x.xds", VERSION), "--keep", keep, how="lie:xen_version")
        self.assertEqual(len(os.listdir(keep)), 3)

    def test_the_reason_of_an_end_is_compared(self):
        end = self.file("end.xds", "domain d0\ndomain d1\n@d1.0\nsched_op remote_shutdown domain_id=SELF reason=2\nsched_op yield\n")
        self.expect(self.run_oracle(end), 0, "1 ended by Xen|0 programs differ")

    def test_unfit_programs_that_were_generated_are_told(self):
        r = self.run_oracle("-s", "5", "-n", "20", how="unfit:event_channel_op")
        self.expect(r, 2, "skipped: it has event_channel_op", r"generated programs? could not be run on real Xen")

    def test_one_unfit_program_in_a_thousand_passes(self):
        for programs, code, told in ("1001", 0, "1 generated program could not be run on real Xen\n"), \
                                    ("1000", 2, "1 generated program could not be run on real Xen, more than one in a thousand\n"):
            first = os.path.join(self.dir.name, "first-" + programs)
            r = self.run_oracle("-s", "5", "-n", programs, "-l", "1", "-j", "2", how="unfit-one:" + first)
            self.expect(r, code, "skipped: it is the first", "(?m)^" + told)

    def test_unfit_programs_that_say_so_are_skipped(self):
        a, b = self.file("a.xds", VERSION), self.file("b.xds", "domain d0\nsched_op yield\n")
        said = self.file("said.xds", "# not on Xen: it has a version\n" + VERSION)
        self.expect(self.run_oracle("-v", said, b, how="unfit:xen_version"), 0, "skipped: it has a version", "(?m)^1 skipped$")
        self.expect(self.run_oracle(a, b, how="unfit:xen_version"), 2, r"a\.xds: it could not be compared: it has xen_version; a scenario .*# not on Xen",
                    "(?m)^1 could not be compared$", "(?m)^1 program,")
        self.expect(self.run_oracle(a, a, a, a, b, how="unfit:xen_version"), 2, "(?m)^4 could not be compared$", "(?m)^1 program,")

    def test_a_double_that_crashes_is_told_and_the_run_goes_on(self):
        with subprocess.Popen([COMMAND, "oracle", *self.parts, "-n", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": ""}, text=True) as p:
            while not workers(p) and p.poll() is None:
                pass
            os.kill(workers(p)[0], signal.SIGKILL)
            told = p.stdout.readline()
            p.send_signal(signal.SIGINT)
            p.communicate(timeout=60)
        self.assertRegex(told, r"program \d+ .*: xendouble ended the process that ran it \(signal 9\)")
        self.assertTrue(catches(told))

    def test_workers_that_always_die_at_their_start_are_not_started_for_ever(self):
        with subprocess.Popen([COMMAND, "oracle", *self.parts, "-n", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": "mute"}, text=True) as p:
            killed = set()
            while p.poll() is None and len(killed) < 20:
                for worker in set(workers(p)) - killed:
                    killed.add(worker)
                    os.kill(worker, signal.SIGKILL)
            p.kill()
            out = p.communicate(timeout=60)[0]
        self.assertEqual(len(killed), 3, out)
        self.assertEqual(len(re.findall(r"xendouble ended the process that ran it \(signal 9\)", out)), 3)
        self.assertRegex(out, "3 such processes in a row ended before they told of a program: giving up\n0 programs")

    def test_a_worker_started_anew_shows_no_more_differences(self):
        with subprocess.Popen([COMMAND, "oracle", *self.parts, "-s", "3", "-n", "120", "--max-differences", "1"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": "lie:event_channel_op"}, text=True) as p:
            out = ""
            while "shrunk from" not in out: # then the first is printed
                line = p.stdout.readline()
                self.assertTrue(line, out)
                out += line
            os.kill(workers(p)[0], signal.SIGKILL)
            out += p.communicate(timeout=120)[0]
        self.assertEqual(p.returncode, 3, out)
        self.assertRegex(out, r"program \d+ .*: xendouble ended the process that ran it")
        self.assertEqual(len(re.findall("Xen and the double differ\n", out)), 1, out)
        self.assertRegex(out, r"(?m)^\d+ more programs differ")

    def test_what_a_host_does_is_not_run_on_xen_but_destroy(self):
        for step in "advance 1ns", "virq DEBUG", "inject mmuext_op error=EBUSY", "destroy d0":
            a = self.file("a.xds", f"domain d0\ndomain d1\n{step}\n")
            self.expect(self.run_oracle("-v", a), 2, "skipped: (it does what only the host|.*nobody dom0)", "(?m)^0 programs", "nothing was compared")
        a = self.file("a.xds", "domain d0\ndomain d1\n@d0.0\ndestroy d1\nsched_op yield\n")
        self.expect(self.run_oracle("-v", a), 0, "(?m)^1 program,")

    def test_an_interrupt_ends_it_all(self):
        with subprocess.Popen([COMMAND, "oracle", *self.parts, "-n", "1000000", "-j", "2"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, env={**os.environ, "FAKE_ORACLE": ""}) as p:
            time.sleep(1)
            p.send_signal(signal.SIGINT)
            out = p.communicate(timeout=60)[0].decode(errors="replace")
        self.assertEqual(p.returncode, 2, out)
        self.assertRegex(out, r"interrupted: \d+ of 1000000 programs")


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # below nohup the command would ignore it, too
    COMMAND, RUNNER, SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
