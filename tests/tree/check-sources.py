# SPDX-License-Identifier: MIT
"""
Every source is built: each .c and .S below src, oracle's host side, tests/unit and bench is named in the meson.build that
stands nearest above it.
"""
import os
import re

import tree

TOPS = ("src", "tests/unit", "tests/guest", "tests/abi", "bench")


def listed(root, path):
    """Whether the nearest meson.build names path: as a path, or as tests/unit does, by what stands between test- and .c."""
    folder = os.path.dirname(path)
    while folder and not os.path.exists(os.path.join(root, folder, "meson.build")):
        folder = os.path.dirname(folder)
    build = os.path.join(folder, "meson.build")
    names = [m[1] for m in re.finditer(r"'([^'\n]*)'|#.*", tree.read(root, build)) if m[1]]
    relative = os.path.relpath(path, folder or ".")
    return relative in names or re.sub(r"^test-(.*)\.c$", r"\1", relative) in names, build


def check(root, options):
    found = []
    for top in TOPS:
        for path in tree.walk(root, top, (".c", ".S")):
            there, build = listed(root, path)
            if not there:
                found.append(f"{path}: is not built; name it in {build}")
    return found


GOOD = {
    "meson.build": "",
    "src/base/meson.build": "x = '#include <x>'\nbase_lib = static_library('xd_base', files(\n  'a.c',\n  'sub/b.c'))\n",
    "src/base/a.c": "",
    "src/base/sub/b.c": "",
    "tests/unit/meson.build": "unit_tests = ['a']\nx = 'fixture.c'\n",
    "tests/unit/test-a.c": "",
    "tests/unit/fixture.c": "",
}
PLANTS = [
    ("a source that no one builds", {"src/base/c.c": ""}, r"src/base/c\.c: is not built"),
    ("a source named only in a comment",
     {"src/base/meson.build": "files('a.c', 'sub/b.c')\n# 'c.c'\n", "src/base/c.c": ""}, "c.c: is not built"),
    ("a folder without meson.build", {"src/new/d.S": ""}, r"src/new/d\.S: is not built"),
    ("a unit test that never runs", {"tests/unit/test-b.c": ""}, r"test-b\.c: is not built"),
]

tree.main(check, GOOD, PLANTS)
