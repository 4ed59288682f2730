# SPDX-License-Identifier: MIT
"""
Nothing in the tree names the machine or the workplace it was written on.
"""
import re

import tree

# Written so that no pattern matches its own line.
FORBIDDEN = [
    (re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm)/"), "a path of one machine"),
    (re.compile(r"(^|[^A-Za-z0-9_.])/(root|home)/"), "a path of one machine"),
    (re.compile(r"\.[l]ibrary"), "a tool of one workplace"),
    (re.compile(r"before-[s]top"), "a tool of one workplace"),
    (re.compile(r"\b[Ii]ssue #?\d"), "a number in a list of issues that a reader cannot look up"),
]


def check(root, options):
    found = []
    for path in tree.walk(root):
        for nr, line in enumerate(tree.read(root, path).split("\n"), 1):
            for pattern, what in FORBIDDEN:
                if pattern.search(line):
                    found.append(f"{path}:{nr}: names {what}: {line.strip()[:100]}")
    return found


GOOD = {"README.md": "See docs/work/ and network/farm/ and ../work/x.\n", "src/a.c": "/* the library */\n"}
PLANTS = [
    ("a path", {"src/a.c": "see " + "/work" + "/main/x\n"}, r"src/a\.c:1: names a path"),
    ("a path at the start of a line", {"dev": "#!/bin/sh\n" + "/farm" + "/x\n"}, "dev:2: names a path"),
    ("a home directory", {"dev": "cd " + "/root" + "/x\n"}, "dev:1: names a path"),
    ("a tool's folder", {"a.md": "x/" + ".lib" + "rary/y\n"}, "names a tool"),
    ("an issue", {"a.md": "as issue" + " 7 wants\n"}, "a number in a list"),
]

tree.main(check, GOOD, PLANTS)
