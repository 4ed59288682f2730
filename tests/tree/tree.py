# SPDX-License-Identifier: MIT
"""
What the tree tests share: the command line, the report, and --self-test.

A check is a function of (root, options) that returns a list of findings.  Its self-test builds a small good tree in
a temporary directory, where it must find nothing, and then plants one violation at a time, each of which it must find.
"""
import argparse
import os
import re
import sys
import tempfile

SKIP = 77  # meson's exit code for a skipped test
NOT_OURS = {".git", "build", "__pycache__", ".cache"}


def walk(root, top="", suffixes=None):
    """Yields the sorted paths, relative to root, of the files below root/top."""
    for folder, folders, files in os.walk(os.path.join(root, top)):
        folders[:] = sorted(f for f in folders if f not in NOT_OURS)
        for name in sorted(set(files) - NOT_OURS):  # in a worktree, .git is a file
            if suffixes is None or name.endswith(tuple(suffixes)):
                yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)


def self_test(check, options, good, plants):
    """plants: (what is planted, {path: text}, regular expression that one finding must match)"""
    failures = []
    for what, files, wanted in [("nothing", {}, None)] + plants:
        with tempfile.TemporaryDirectory(prefix="xendouble-tree-") as root:
            write_tree(root, {**good, **files})
            found = check(root, options)
        if wanted is None and found:
            failures.append("the good tree is not accepted: " + "; ".join(found))
        if wanted is not None and not any(re.search(wanted, f) for f in found):
            failures.append(f"planted {what}: not found (wanted {wanted!r}, got {found})")
    print(f"planted {len(plants)} violations, {len(failures)} of the {len(plants) + 1} trees judged wrongly")
    return failures


def main(check, good=None, plants=None, add_options=None):
    """Ends the process: 0 without findings, 1 with some."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--skip", action="store_true", help="for instrumented objects, whose symbols say nothing about ours")
    if add_options:
        add_options(parser)
    options = parser.parse_args()
    if options.skip:
        print("skipped: the build is instrumented (sanitizer or coverage)")
        sys.exit(SKIP)
    if options.self_test:
        findings = self_test(check, options, good, plants)
    else:
        findings = check(os.path.abspath(options.root), options)
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
