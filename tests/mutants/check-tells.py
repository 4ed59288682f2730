#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-tells.py COMMAND MUTANTS.DEF [FEW-FORKS.SO]: what `xendouble fuzz` tells of a planted bug shows the bug again, and nothing else does."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest

BUG = "writable-table"


def environment(bug):
    with open(MUTANTS, encoding="ascii") as f:
        number = 1 + re.findall(r'MUTANT\("([^"]*)"', f.read()).index(bug) if bug else 0
    return dict(os.environ, XD_MUTANT=str(number))


def planted(*args, bug=BUG):
    return subprocess.run([COMMAND, *args], env=environment(bug), text=True, capture_output=True, check=False)


def fuzz(*args, bug=BUG):
    return planted("fuzz", *args, bug=bug)


def again(r):
    return shlex.split(re.findall(r"^again: xendouble fuzz (.*)$", r.stdout, re.M)[0])


class Tells(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.kept = os.path.join(self.dir.name, "kept")

    def found(self, r):
        self.assertEqual(r.returncode, 3, r.stdout + r.stderr)
        self.assertIn("xendouble is wrong", r.stdout)
        self.assertNotIn("not alone", r.stdout)
        return r

    def test_again_has_all_that_it_takes(self):
        for options in (["--only", "mm", "--only", "tables", "--every", "3"], ["--only", "tables", "--steps", "12"], []):
            r = self.found(fuzz("--seed", "1", "--programs", "400", "--jobs", "1", "--max-findings", "1", *options))
            words = again(r)
            self.assertEqual(sorted(words[i + 1] for i, w in enumerate(words) if w == "--only"), [w for w in ("mm", "tables") if w in options])
            self.assertEqual("--every" in words, "--every" in options)
            once_more = self.found(fuzz(*words))
            self.assertEqual(again(once_more), words)
            self.assertEqual(re.findall("^seed 0x[0-9a-f]+", once_more.stdout, re.M), re.findall("^seed 0x[0-9a-f]+", r.stdout, re.M))
            self.assertEqual(fuzz(*words, bug=None).returncode, 0)

    def test_files_are_shrunk(self):
        r = self.found(fuzz("--only", "tables", "--programs", "400", "--jobs", "1", "--max-findings", "1", "--keep", self.kept))
        [file] = again(r)
        self.assertEqual(os.listdir(self.kept), [os.path.basename(file)])
        with open(file, encoding="ascii") as f:
            small = f.read()
        long = os.path.join(self.dir.name, "long.xds")
        with open(long, "w", encoding="ascii") as f:
            f.write(small + "sched_op yield\n" * 40)
        shrunk = planted("shrink", "--oracles", long)
        self.assertEqual(shrunk.returncode, 0, shrunk.stderr)
        self.assertEqual(shrunk.stdout, "".join(line + "\n" for line in small.splitlines() if not line.startswith("#")))
        self.assertIn(re.findall("^# (.*)$", small, re.M)[0], shrunk.stderr)
        shrunk = planted("shrink", "--oracles", long, bug=None)
        self.assertEqual((shrunk.returncode, shrunk.stdout), (1, ""))
        self.assertIn("no oracle complains", shrunk.stderr)
        r = self.found(fuzz(long))
        self.assertEqual(again(r), [long])
        self.assertIn("1 program judged, 1 shows xendouble wrong", r.stdout)
        r = self.found(fuzz("--keep", self.kept, "--every", "1", long))
        [path] = again(r)
        self.assertEqual(path, os.path.join(self.kept, "small-long.xds"))
        with open(path, encoding="ascii") as f:
            steps = [line for line in f.read().split("\n") if not line.startswith("#")]
        self.assertEqual(steps, [line for line in small.split("\n") if not line.startswith("#")])
        self.found(fuzz(path))
        self.assertEqual(fuzz(long, path, bug=None).returncode, 0)

    def test_what_ends_otherwise_when_it_runs_again(self):
        text = {"version-rest": "domain d0\nxen_version compile_info\n", "restore-time": "domain d0\nadvance 1ns\n"}
        for bug, steps in text.items():
            path = os.path.join(self.dir.name, bug + ".xds")
            with open(path, "w", encoding="ascii") as f:
                f.write(steps)
            r = self.found(fuzz(path, bug=bug))
            self.assertIn("digest: the program ran twice, and the machines were 0x", r.stdout)
            self.assertIn(", a machine that went back, 0x", r.stdout)
            self.assertEqual(fuzz("--twice", "0", path, bug=bug).returncode, 0)
            self.assertEqual(fuzz(path, bug=None).returncode, 0)
            self.assertEqual(planted("shrink", "--oracles", path, bug=bug).stdout, steps)
        made = ["--seed", "600", "--programs", "40", "--only", "host", "--jobs", "1", "--max-findings", "1"]
        self.assertEqual(fuzz("--twice", "0", *made, bug="restore-time").returncode, 0)
        words = again(self.found(fuzz("--twice", "1", *made, bug="restore-time")))
        self.found(fuzz(*words, bug="restore-time"))

    def test_programs_that_end_their_process_are_counted(self):
        r = fuzz("--seed", "1", "--programs", "40", "--jobs", "2", "--max-findings", "100", bug="dying-reference")
        self.assertEqual(r.returncode, 3, r.stdout + r.stderr)
        self.assertIn("BUG at", r.stdout)
        self.assertRegex(r.stdout, "^40 programs ")

    def few_forks(self, which, *args, bug="dying-reference"):
        env = dict(environment(bug), LD_PRELOAD=FEW_FORKS[0], XD_FEW_FORKS=which)
        return subprocess.run([COMMAND, *args], env=env, text=True, capture_output=True, check=False)

    def test_processes_that_can_not_be_had(self):
        if not FEW_FORKS:
            self.skipTest("sanitizers want to be loaded first")
        made = ["fuzz", "--seed", "1", "--programs", "40", "--jobs", "1", "--max-findings", "100"]
        want = "xendouble: processes can't be started: Resource temporarily unavailable\n"
        # The first process, the one that is to say what ended it, and the next: later they are had.
        for which in ("1-1", "2-2", "3-3", "2-4"):
            r = self.few_forks(which, *made)
            self.assertEqual(r.returncode, 3, r.stdout + r.stderr)
            self.assertTrue(r.stderr.startswith(want), r.stderr)
            self.assertIn("BUG at", r.stdout)
            self.assertRegex(r.stdout, "^40 programs ")
            self.assertNotIn("none to ask", r.stdout)
            self.assertNotIn("not alone", r.stdout)
        # From the second one on they never are.
        r = self.few_forks("2-1000000", *made)
        self.assertEqual(r.returncode, 3, r.stdout + r.stderr)
        self.assertRegex(r.stdout, r"^[1-9][0-9]* programs? [^\n]*\nseed 0x[0-9a-f]+: xendouble is wrong; [0-9]+ steps, not shrunk:\n"
                                   r"it ended its process \(status 0x[0-9a-f]+\), and there was none to ask it what for\n")
        self.assertIn("\nagain: xendouble fuzz --seed 0x", r.stdout)
        r = self.few_forks("1-1000000", *made)
        self.assertEqual(r.returncode, 2, r.stdout + r.stderr)
        self.assertRegex(r.stdout, "^0 programs [^\n]*\nnothing found so far\n$")
        # While it shrinks.
        long = os.path.join(self.dir.name, "long.xds")
        with open(long, "w", encoding="ascii") as f:
            f.write("domain d0\n" + "sched_op yield\n" * 40)
        r = self.few_forks("6-1000000", "fuzz", long)
        self.assertEqual(r.returncode, 3, r.stdout + r.stderr)
        self.assertRegex(r.stdout, "41 steps, at most [0-9]+ of them tell:\n")
        r = self.few_forks("6-1000000", "shrink", "--oracles", long)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertIn("processes can't be started any more\nthe search was ended before its time", r.stderr)

    def test_an_interrupt_ends_shrinking(self):
        with subprocess.Popen([COMMAND, "fuzz", "--only", "tables", "--steps", "4000", "--jobs", "1", "--max-findings", "1", "--keep", self.kept],
                              env=environment(BUG), text=True, stdout=subprocess.PIPE, start_new_session=True) as p:
            self.assertRegex(p.stdout.readline(), "^[0-9]+ programs? ")
            os.killpg(p.pid, signal.SIGINT)
            told = p.stdout.read()
        self.assertEqual(p.returncode, 3, told)
        self.assertRegex(told, "xendouble is wrong(, as in .*)?; [0-9]+ steps, (not shrunk|at most [0-9]{3,} of them tell):\n")
        self.assertNotIn("not alone", told)
        self.found(fuzz(re.findall("^again: xendouble fuzz (.*)$", told, re.M)[0]))


if __name__ == "__main__":
    COMMAND, MUTANTS, *FEW_FORKS = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
