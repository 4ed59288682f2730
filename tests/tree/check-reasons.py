# SPDX-License-Identifier: MIT
"""
Every reason of rejects.def is given to somebody: a scenario expects it (why=name), or a unit test asserts it.

What no guest can bring about is listed in tests/unreachable-reasons.def with the argument; a scenario that does bring it
about makes the row wrong.
"""
import re

import tree

LIST = "tests/unreachable-reasons.def"


def ids(root):
    found = []
    for path in tree.walk(root, "src/abi", (".def",)):
        if re.fullmatch(r"src/abi/rejects\w*\.def", path):
            found += re.findall(r"^WHY\((\w+)", tree.read(root, path), re.M)
    return found


def expected(root):
    names = set()
    for path in tree.walk(root, "scenarios", (".xds",)):
        names |= set(re.findall(r"\bwhy=([a-z0-9-]+)", re.sub(r"#.*", "", tree.read(root, path))))
    return {n.replace("-", "_").upper() for n in names}


def asserted(root):
    names = set()
    for path in tree.walk(root, "tests/unit", (".c", ".h")):
        text = re.sub(r"/\*.*?\*/", "", tree.read(root, path), flags=re.S)
        names |= set(re.findall(r"\bXD_WHY_(\w+)", text))
        names |= {s.rpartition(",")[2].strip() for s in re.findall(r"\bck_refused\((.*?)\);", text, re.S)}
    return names


def check(root, options):
    rows = ids(root)
    listed = re.findall(r'^UNREACHABLE\((\w+),\s*"', tree.read(root, LIST), re.M)
    in_scenarios = expected(root)
    given = in_scenarios | asserted(root)
    found = [f"src/abi: no scenario and no unit test asserts {r} (or say in {LIST} why none can)"
             for r in rows if r not in given and r not in listed]
    found += [f"{LIST}: {r} is no reason of rejects.def" for r in listed if r not in rows]
    found += [f"{LIST}: a scenario reaches {r}" for r in listed if r in in_scenarios]
    return found


GOOD = {
    "src/abi/rejects.def": '#include "abi/rejects_mm.def"\n',
    "src/abi/rejects_mm.def": 'WHY(ONE_A, EINVAL, NONE, "", "x")\nWHY(TWO, EPERM, NONE, "", "y")\n'
                              'WHY(THREE, 0, NONE, "", "z")\nWHY(NEVER, 0, NONE, "", "z")\n',
    "scenarios/a.xds": "xen_version 1 = EINVAL why=one-a\n",
    "tests/unit/test-a.c": "ck_refused(v, call(v, f(1, 2)), EPERM,\n    TWO);\nx = XD_WHY_THREE;\n",
    LIST: 'UNREACHABLE(NEVER, "because")\n',
}
PLANTS = [
    ("a reason that nothing asserts", {"src/abi/rejects_event.def": 'WHY(NEW, EINVAL, NONE, "", "x")\n'}, r"asserts NEW"),
    ("a scenario that only talks about it", {"scenarios/a.xds": "# not why=one-a\n"}, r"asserts ONE_A"),
    ("a test that only talks about it", {"tests/unit/test-a.c": "/* XD_WHY_THREE */ ck_refused(v, x, EPERM, TWO);\n"},
     r"asserts THREE"),
    ("a row for no reason", {LIST: 'UNREACHABLE(NEVER, "because")\nUNREACHABLE(GONE, "because")\n'}, r"GONE is no reason"),
    ("a row that is wrong", {"scenarios/b.xds": "xen_version 1 = 0 why=never\n"}, r"reaches NEVER"),
    ("a missing row", {LIST: ""}, r"asserts NEVER"),
]

tree.main(check, GOOD, PLANTS)
