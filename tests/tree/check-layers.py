# SPDX-License-Identifier: MIT
"""
Includes go down the ranks only; every source says its licence and its role; no source grows into two.
"""
import os
import re

import tree

RANKS = {"src/base": 0, "src/abi": 1, "src/hv": 2, "src/hv/call": 3, "src/guest": 4, "src/program": 4,
         "src/fuzz": 5, "src/cli": 6}
# Whom the public headers may name: the guest ABI stands alone, the host API may name the guest ABI.
PUBLIC = {"include/xen": ("xen/",), "include/xendouble": ("xen/", "xendouble/")}
C_CODE = (".c", ".h", ".S", ".def")
SPDX_ALSO = ("meson.build", "meson_options.txt", ".py", ".sh", ".map", ".clang-format", "dev", ".ci/run")
WARN_LINES, MAX_LINES = 500, 700

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
HEADER = re.compile(r"\A/\* SPDX-License-Identifier: MIT \*/\n\s*/\*(.*?)\*/", re.S)


def check_include(root, path, kind, target):
    folder = os.path.dirname(path)
    public = next((p for p in PUBLIC if path.startswith(p + "/")), None)
    if public:
        ours = os.path.exists(os.path.join(root, "include", target))
        if (kind == '"' or ours) and not target.startswith(PUBLIC[public]):
            return f"names \"{target}\"; a header of {public} may name only <{'>, <'.join(PUBLIC[public])}>"
        return None
    if folder not in RANKS:
        return f"lies in {folder}, which has no rank (known: {', '.join(RANKS)})"
    if kind == "<" or target.startswith(("xen/", "xendouble/")) and os.path.exists(os.path.join(root, "include", target)):
        return None
    if not os.path.exists(os.path.join(root, "src", target)):
        return f'names "{target}", which is not a path from src/'
    there = os.path.dirname(os.path.join("src", target))
    if there != folder and RANKS.get(there, 99) >= RANKS[folder]:
        return f'names "{target}" of rank {RANKS.get(there, "unknown")}; {folder} is rank {RANKS[folder]}'
    return None


def check(root, options):
    found = []
    for path in tree.walk(root):
        text = None
        if path.endswith(C_CODE):
            text = tree.read(root, path)
            head = HEADER.match(text)
            if not head or len(re.findall(r"\w+", head.group(1))) < 4:
                found.append(f"{path}:1: wants the SPDX line, then a comment that says the file's role")
            lines = text.count("\n")
            if lines > MAX_LINES:
                found.append(f"{path}: {lines} lines; past {MAX_LINES} it is two files in one")
            elif lines > WARN_LINES:
                print(f"warning: {path}: {lines} lines, more than {WARN_LINES}")
        elif path.endswith(SPDX_ALSO):
            if not any("SPDX-License-Identifier: MIT" in s for s in tree.read(root, path).split("\n")[:3]):
                found.append(f"{path}:1: wants an SPDX line")
        if text and path.startswith(("src/", "include/")):
            for m in INCLUDE.finditer(text):
                wrong = check_include(root, path, m.group(1), m.group(2))
                if wrong:
                    found.append(f"{path}:{text.count(chr(10), 0, m.start(2)) + 1}: {wrong}")
    return found


HEAD = "/* SPDX-License-Identifier: MIT */\n/*\n * x: what this one file is for.\n */\n"
GOOD = {
    "src/base/a.h": HEAD,
    "src/base/a.c": HEAD + '#include "base/a.h"\n#include <string.h>\n',
    "src/hv/b.h": HEAD + '#include "base/a.h"\n',
    "src/hv/call/c.c": HEAD + '#include "hv/b.h"\n',
    "src/guest/d.h": HEAD,
    "include/xen/interface/xen.h": HEAD + "#include <xen/interface/e.h>\n#include <stdint.h>\n",
    "include/xen/interface/e.h": HEAD,
    "include/xendouble/xendouble.h": HEAD + "#include <xen/interface/xen.h>\n",
    "src/meson.build": "# SPDX-License-Identifier: MIT\n",
}
PLANTS = [
    ("an include of a higher rank", {"src/base/a.c": HEAD + '#include "hv/b.h"\n'}, r"src/base/a\.c:5: .*rank 2"),
    ("an include of a sub-folder of higher rank", {"src/hv/b.h": HEAD + '# include "hv/call/c.c"\n'}, "rank 3"),
    ("an include across one rank", {"src/program/e.c": HEAD + '#include "guest/d.h"\n'}, "rank 4"),
    ("an include relative to the file", {"src/base/a.c": HEAD + '#include "a.h"\n'}, "not a path from src/"),
    ("a folder without rank", {"src/misc/f.c": HEAD + "#include <string.h>\n"}, "no rank"),
    ("a guest header that names the host's",
     {"include/xen/interface/e.h": HEAD + "#include <xendouble/xendouble.h>\n"}, "may name only"),
    ("a source without SPDX", {"src/base/a.c": "/* x: what this one file is for. */\n"}, "wants the SPDX line"),
    ("a source without a role", {"src/base/a.c": "/* SPDX-License-Identifier: MIT */\nint x;\n"}, "file's role"),
    ("a table without SPDX", {"src/abi/t.def": "X(1)\n"}, "t.def:1: wants the SPDX line"),
    ("a script without SPDX", {"tests/tree/x.py": "pass\n"}, "wants an SPDX line"),
    ("a file of 701 lines", {"src/base/a.c": HEAD + "\n" * 697}, "701 lines"),
]

tree.main(check, GOOD, PLANTS)
