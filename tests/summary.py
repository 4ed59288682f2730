# SPDX-License-Identifier: MIT
"""
Reads meson's testlog.json, or that of the setup $TEST_SETUP: shows the output of each test that failed and the one command that repeats it, then the warnings
of the others, and ends in the line "N passed, N failed[, N skipped]".

usage: summary.py BUILD-DIRECTORY [CALLER'S-DIRECTORY]
"""
import json
import os
import shlex
import sys

PASSED = ("OK", "EXPECTEDFAIL")
ENVIRONMENT = ("MALLOC_PERTURB_", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "CK_")
TAIL = 200  # lines of a failed test's output that are shown


def from_here(word, build, here):
    """Tests run in the build directory; what they call a path is given as one from (here), if it lies close."""
    path = os.path.normpath(os.path.join(build, word))
    if (os.path.isabs(word) or "/" in word) and os.path.exists(path):
        near = os.path.relpath(path, here)
        return path if near.startswith("../..") else near
    return word


def command(test, build, here):
    env = [f"{k}={shlex.quote(v)}" for k, v in sorted(test["env"].items())
           if (k.startswith(ENVIRONMENT) and os.environ.get(k) != v)
           or (k.startswith("XENDOUBLE_") and "oracle" in test["command"])]  # ./dev sets it
    return " ".join(env + [shlex.quote(from_here(w, build, here)) for w in test["command"]])


def show_failure(test, build, here):
    print(f"--- {test['name']}: {test['result']} (exit code {test['returncode']}, {test['duration']:.1f} s)")
    lines = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
    if len(lines) > TAIL:
        print(f"({len(lines) - TAIL} lines left out)")
    for line in lines[-TAIL:]:
        print("    " + line)
    print("    repeat it: " + command(test, build, here) + "\n")


def main():
    build, here = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else os.getcwd()
    setup = os.environ.get("TEST_SETUP")
    with open(os.path.join(build, f"meson-logs/testlog{'-' + setup if setup else ''}.json"), encoding="utf-8") as f:
        tests = [json.loads(line) for line in f]
    for test in tests:
        test["name"] = test["name"].split(" / ")[-1]
    passed = [t for t in tests if t["result"] in PASSED]
    skipped = [t for t in tests if t["result"] == "SKIP"]
    failed = [t for t in tests if t not in passed and t not in skipped]
    for test in passed:
        for line in test.get("stdout", "").splitlines():
            if line.startswith("warning: "):
                print(f"warning: {test['name']}: {line.removeprefix('warning: ')}")
    for test in skipped:
        said = (test.get("stdout", "") + test.get("stderr", "")).strip() or "no reason given"
        print(f"skipped: {test['name']}: {said.splitlines()[-1]}")
    for test in failed:
        show_failure(test, build, here)
    print(f"{len(passed)} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed + skipped else 0)


main()
