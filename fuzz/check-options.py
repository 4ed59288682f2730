#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-options.py TARGET...: a target without an engine refuses what it can't read, says what would be right, and has help."""

import os
import subprocess
import sys
import tempfile
import unittest

VARIABLES = {
    "fuzz_dispatch": [("ORACLES", "audit", "0 to 31"), ("ORACLES", "32", "0 to 31"), ("EVERY", "0", "1 to 4294967295"),
                      ("TWICE", "-1", "0 to 4294967295"), ("SESSION", "yes", "0 to 1"), ("MODEL", "yes", "0 to 1"), ("MODEL", "", "0 to 1")],
    "fuzz_load": [("DEEDS", "many", "0 to 4294967295"), ("DEEDS", "4294967296", "0 to 4294967295")],
}
OPTIONS = [("-runs", "abc", "0 to 18446744073709551615"), ("-seed", "0x", "0 to 18446744073709551615"), ("-max_len", "0", "1 to 1073741824"),
           ("-bench", "1s", "1 to 1000000"), ("-runs", "", "0 to 18446744073709551615")]


def run(target, *args, **env):
    env = {k: v for k, v in os.environ.items() if not k.startswith("XENDOUBLE_FUZZ_")} | env
    return subprocess.run([target, *args], env=env, text=True, capture_output=True, check=False)


class Options(unittest.TestCase):
    def refused(self, r, what, text, right):
        self.assertEqual((r.returncode, r.stdout), (2, ""), r.stderr)
        self.assertEqual(r.stderr, f'{what}: "{text}" is no number from {right}\n')

    def test_environment(self):
        for target in TARGETS:
            for name, text, right in VARIABLES.get(os.path.basename(target), []):
                variable = "XENDOUBLE_FUZZ_" + name
                self.refused(run(target, "-runs=1", **{variable: text}), variable, text, right)
                self.assertIn(variable + "=", run(target, "-help").stdout)
            if os.path.basename(target) == "fuzz_dispatch":
                r = run(target, "-runs=1", XENDOUBLE_FUZZ_SESSION="1", XENDOUBLE_FUZZ_MODEL="1")
                self.assertEqual(r.returncode, 2)
                self.assertIn("XENDOUBLE_FUZZ_MODEL=1 can't be had with XENDOUBLE_FUZZ_SESSION=1", r.stderr)

    def test_options(self):
        for target in TARGETS:
            for option, text, right in OPTIONS:
                self.refused(run(target, f"{option}={text}"), option, text, right)
            r = run(target, "-run=3")
            self.assertEqual(r.returncode, 2)
            self.assertIn("-run=3: unknown option; ", r.stderr)
            self.assertIn(" -help shows", r.stderr)

    def test_help(self):
        for target in TARGETS:
            for word in ("-help", "--help", "-help=1"):
                r = run(target, word)
                self.assertEqual((r.returncode, r.stderr), (0, ""))
                for option, _, _ in OPTIONS:
                    self.assertIn(option + "=", r.stdout)

    def test_what_is_right(self):
        with tempfile.TemporaryDirectory() as empty:
            for target in TARGETS:
                r = run(target, "-runs=2", "-seed=0x10", empty, XENDOUBLE_FUZZ_ORACLES="0x1f", XENDOUBLE_FUZZ_TWICE="0")
                self.assertEqual((r.returncode, r.stdout), (0, "2 inputs from seed 16 on, made from 0 files\n"), r.stderr)


if __name__ == "__main__":
    TARGETS = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
