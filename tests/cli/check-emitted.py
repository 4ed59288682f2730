#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
check-emitted.py COMMAND LIBRARY MUTANTS.DEF INCLUDES COMPILER...: a scenario for which `xendouble fuzz` complains of a planted
bug becomes, by `xendouble emit-c`, a C test that fails at the same line with the same complaint, and passes without the bug (but where the bug alone lets a list go on: SLEEPS).
"""

import os
import re
import sys
import unittest

import emitted

COMMAND = MUTANTS = None

# bug: scenario, the line that it is noticed at, what is said of it
BUGS = {
    "unwind-l1": ("domain d1\n# a note\nmmu_update [page(1)[0] = pte(page(0), P|RW)]\nmmu_update [page(0)[0] = pte(page(1), 1)]\n"
                  "mmuext_op [PIN_L2_TABLE mfn=page(0)]\nsched_op yield\n", 5, "BUG at "),
    "dying-user": ("domain d1\nmmuext_op [NEW_USER_BASEPTR mfn=page(0)]\n", 2, "teardown: d1 was destroyed"),
    "demote-l1": ("domain d0\n", 1, "teardown: d0 was destroyed"),
    "dying-reference": ("domain d0\n", 1, "BUG at "),
    "breakpoint": ("domain d1\nset_debugreg 0 0xffff800000000000\nsched_op yield\n", 2, "reach: d1: vCPU 0: breakpoint 0 is at"),
    "segment-base": ("domain d1\nset_segment_base 0 0x1000000000000\nsched_op yield\n", 2, "reach: d1: vCPU 0: a segment base"),
    "multicall-stop": ("domain d0\nmulticall { sched_op poll ; mmuext_op [] }\n", 2, "running: d0v0 makes call 26"),
}
DYING = {"unwind-l1"}  # within a step
SLEEPS = {"multicall-stop"}  # without the bug its list is cut short, which the test can't follow


def run(*args, bug="none"):
    with open(MUTANTS, encoding="ascii") as f:
        number = (["none"] + re.findall(r'MUTANT\("([^"]*)"', f.read())).index(bug)
    return emitted.run(*args, env=dict(os.environ, XD_MUTANT=str(number)))


class Emitted(emitted.EmittedCase):
    def test_it_fails_as_fuzz_says(self):
        for bug, (text, line, words) in BUGS.items():
            scenario, source = self.path(bug + ".xds", text), self.path(bug + ".c")
            fuzz = run(COMMAND, "fuzz", scenario, bug=bug)
            self.assertEqual(fuzz.returncode, 3, bug + fuzz.stdout + fuzz.stderr)
            self.assertIn(words, fuzz.stdout)
            r = run(COMMAND, "emit-c", "-o", source, scenario, bug=bug)
            self.assertEqual(r.returncode, 0, bug + r.stderr)
            if bug in DYING:
                self.assertIn(f"{scenario}:{line}: ", r.stderr)
                self.assertIn("this step ends the process", r.stderr)
            else:
                self.assertEqual(r.stderr, "")
            test = self.compiled(source)
            r = run(test, bug=bug)
            self.assertEqual(r.returncode, 1, bug + r.stdout)
            self.assertIn(words, r.stdout + r.stderr)
            self.assertIn(f"{scenario}:{line}: ", r.stdout + r.stderr)
            r = run(test)
            self.assertEqual(r.returncode, int(bug in SLEEPS), bug + r.stdout)
            self.assertEqual("the list was cut short" in r.stdout, bug in SLEEPS)
            self.assertNotIn("xendouble is wrong", r.stdout + r.stderr)

    def test_no_more_is_written_than_is_run(self):
        r = run(COMMAND, "emit-c", self.path("a.xds", BUGS["unwind-l1"][0]), bug="unwind-l1")
        self.assertIn("PIN_L2_TABLE", r.stdout)
        self.assertNotIn("yield", r.stdout)
        self.assertIn("yield", run(COMMAND, "emit-c", self.path("a.xds")).stdout)


if __name__ == "__main__":
    COMMAND, library, MUTANTS, includes, *Emitted.compiler = sys.argv[1:]
    Emitted.flags = ["-I" + includes, library, "-Wl,-rpath," + os.path.dirname(library), *emitted.check_flags()]
    unittest.main(argv=sys.argv[:1])
