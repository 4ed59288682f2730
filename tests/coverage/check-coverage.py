# SPDX-License-Identifier: MIT
"""
docs/COVERAGE.md has the rows that the tables have, and coverage.py tells what it should: it is tried on a small tree with a
command of this file's own.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

COVERAGE = pathlib.Path(__file__).with_name("coverage.py")
ROOT, COMMAND = pathlib.Path(sys.argv.pop(1)), sys.argv.pop(1)

TABLES = """\
case "$1 $2" in
"list hypercalls") printf 'nr name modelled arguments\\n20 grant_table_op no cmd\\n24 vcpu_op in part cmd\\n32 event_channel_op %s x\\n48 mca yes op\\n' "$modelled" ;;
"list ops") printf 'group nr name fields\\nEVTCHNOP 4 send port:PORT\\n' ;;
"list commands") printf 'hypercall nr name constant\\nvcpu_op 1 up VCPU_CMD.up\\nmca 1 fetch MCA_CMD.fetch\\n' ;;
"fmt --fill") for f in "$3"/*.xds; do sed -i "\\$ s/\$/ $answer/" "$f"; done ;;
"replay --quiet") printf 'reasons: 1 of 1 met\\n  3 copy-in\\n\\ncalls and operations: 2 of 3 met\\n  7 event_channel_op\\n  5 EVTCHNOP send\\n  2 vcpu_op up\\n' ;;
*) exit 9 ;;
esac
"""
ROWS = "[guests]\nLF event_channel_op send\nG grant_table_op map\n[absent]\n20 grant_table_op map\n[part]\nvcpu_op: but for down\n"
REPORT = """\
12 programs (seed 0x1), 345 calls (50.0 % granted) and 6 accesses compared, 7 of them refused; 1 program differs

reasons: 1 of 2 compared
           9 copy-in

calls and operations: 2 of 3 compared
          40 event_channel_op
        1030 EVTCHNOP send
"""
SCENARIOS = """\
3 programs, 10 calls (50.0 % granted) and 0 accesses compared, 0 of them refused; 0 programs differ
9 skipped (--verbose tells why)

calls and operations: 2 of 3 compared
           1 EVTCHNOP send
           4 vcpu_op up

reasons never compared:
  copy-in
"""


class Coverage(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="xendouble-coverage-")
        self.addCleanup(self.dir.cleanup)
        self.root = pathlib.Path(self.dir.name)
        self.write("tests/coverage/rows.txt", ROWS)
        self.write("docs/COVERAGE.md", "")
        self.tables("yes")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def tables(self, modelled, answer="= 0"):
        self.write("command", f"#!/bin/sh\nmodelled={modelled}\nanswer='{answer}'\n{TABLES}")
        (self.root / "command").chmod(0o755)

    def build(self, programs):
        """A build that has these test programs: path and text of a shell script."""
        for path, text in programs.items():
            self.write(f"build/{path}", f"#!/bin/sh\n{text}\n")
            (self.root / "build" / path).chmod(0o755)
        self.write("build/meson-info/intro-tests.json", json.dumps([{"cmd": [str(self.root / "build" / path)]} for path in programs]))
        return self.root / "build"

    def run_it(self, *args):
        return subprocess.run([sys.executable, "-B", COVERAGE, "--command", self.root / "command", "--root", self.root, *args],
                              capture_output=True, text=True, check=False)

    def make(self, *args):
        done = self.run_it(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.write("docs/COVERAGE.md", done.stdout)
        return done.stdout

    def test_rows(self):
        self.write("report", REPORT)
        text = self.make("--oracle", self.root / "report")
        self.assertIn("| 32 | event_channel_op | send | yes | LF | 1,030 | 5 | ? |\n", text)
        self.assertIn("| 24 | vcpu_op |  | in part |  | 0 | 0 | ? |\n", text)
        self.assertIn("| 24 | vcpu_op | up | yes |  | 0 | 2 | ? |\n", text)
        self.assertIn("| 20 | grant_table_op | map | no | G | 0 | 0 | ? |\n", text)
        self.assertIn("Compared with real Xen: 12 generated programs and 0 scenarios, 345 calls, 1 differ.", text)
        self.assertIn("8 hypercalls and operations: 5 modelled, 1 in part, 2 not.", text)

    def test_what_tests_call(self):
        build = self.build({"tests/unit/test-a": 'printf "vcpu_op up\\nvcpu_op up\\n" >>$XENDOUBLE_CALLS',
                            "tests/guest/test-b": 'echo "vcpu_op up" >>$XENDOUBLE_CALLS; echo mca >>$XENDOUBLE_CALLS; exit 77',
                            "tests/mutants/hunter": "exit 1"})
        text = self.make("--tests", build)
        self.assertIn("| 24 | vcpu_op | up | yes |  | ? | 2 | 2 |\n", text)
        self.assertIn("| 48 | mca |  | yes |  | ? | 0 | 1 |\n", text)
        self.assertIn("| 32 | event_channel_op | send | yes | LF | ? | 5 | 0 |\n", text)
        self.assertEqual(self.make(), text)
        build = self.build({"tests/unit/test-a": "echo wrong; exit 1"})
        self.assertRegex(self.run_it("--tests", build).stderr, "test-a: exit code 1: wrong")
        build = self.build({"tests/unit/test-a": "true"})
        self.assertIn("set up with -Dcount=true?", self.run_it("--tests", build).stderr)

    def test_what_is_said_of_operations(self):
        self.tables("yes", "= ENOSYS why=not-modelled")
        self.assertIn("mca fetch answers not-modelled", self.run_it("--check").stderr)
        self.write("tests/coverage/rows.txt", f"{ROWS}[no]\nmca fetch\n")
        self.assertIn("| 48 | mca | fetch | no |", self.make())
        self.assertEqual(self.run_it("--check").returncode, 0)
        self.tables("yes", "= EINVAL why=mca-flags")
        self.assertEqual(self.run_it("--check").returncode, 0)
        self.tables("yes")
        self.assertIn("mca fetch is answered", self.run_it("--check").stderr)
        self.write("tests/coverage/rows.txt", f"{ROWS}mca fetch: half of it\n")
        self.assertIn("| 48 | mca | fetch | in part |", self.make())

    def test_several_reports_add_up_and_numbers_stay(self):
        self.write("report", REPORT)
        text = self.make("--oracle", self.root / "report", "--oracle", self.root / "report")
        self.assertIn("| 2,060 |", text)
        self.assertIn("24 generated programs and 0 scenarios, 690 calls, 2 differ.", text)
        self.assertEqual(self.make(), text)

    def test_scenarios_count_and_one_file_may_have_several_runs(self):
        self.write("log", "=== 3/9 ===\nstdout:\n" + REPORT + "\n=== 4/9 ===\nstdout:\n" + SCENARIOS)
        text = self.make("--oracle", self.root / "log")
        self.assertIn("12 generated programs and 3 scenarios, 355 calls, 1 differ.", text)
        self.assertIn("| 32 | event_channel_op | send | yes | LF | 1,031 | 5 | ? |\n", text)
        self.assertIn("| 24 | vcpu_op | up | yes |  | 4 | 2 | ? |\n", text)
        self.write("log", REPORT + "3 programs, 10 calls and so on; 0 programs differ\n")
        self.assertIn("2 lines of totals", self.run_it("--oracle", self.root / "log").stderr)

    def test_check(self):
        self.assertIn("there is no row", self.run_it("--check").stderr)
        self.make()
        self.assertEqual(self.run_it("--check").returncode, 0)
        text = (self.root / "docs/COVERAGE.md").read_text(encoding="utf-8")
        self.write("docs/COVERAGE.md", text.replace("| 24 | vcpu_op | up | yes |", "| 24 | vcpu_op | up | no |"))
        self.assertRegex(self.run_it("--check").stderr, r"there is no row: 24 vcpu_op up yes[^|]*\n(.*\n)*.*should be no row: 24 vcpu_op up no")

    def test_what_guests_call_is_modelled(self):
        self.tables("no")
        self.assertIn("event_channel_op send is called by guests (LF) and not modelled", self.run_it().stderr)

    def test_part_of_a_call(self):
        self.write("tests/coverage/rows.txt", ROWS.replace("vcpu_op: but for down", "event_channel_op: but for send"))
        self.assertRegex(self.run_it().stderr, "(vcpu_op|event_channel_op): in part by")

    def test_rows_that_nobody_knows(self):
        self.write("tests/coverage/rows.txt", ROWS.replace("send", "sent"))
        self.assertIn("event_channel_op sent is no row", self.run_it().stderr)
        self.write("tests/coverage/rows.txt", "[quests]\n")
        self.assertIn("rows.txt:1: there is no part [quests]", self.run_it().stderr)

    def test_what_is_no_report(self):
        self.write("report", "3 programs, all fine\n")
        self.assertIn("made with --report?", self.run_it("--oracle", self.root / "report").stderr)

    def test_the_document(self):
        done = subprocess.run([sys.executable, "-B", COVERAGE, "--command", COMMAND, "--root", ROOT, "--check"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


unittest.main()
