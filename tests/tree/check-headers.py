# SPDX-License-Identifier: MIT
"""
Every header compiles alone as C11, and the public ones as C++ too: whoever includes one needs nothing before it.
"""
import concurrent.futures
import os
import subprocess
import sys

import tree

WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def compile_alone(root, compiler, header):
    """Includes the header twice, so that a missing guard shows as well; returns the first complaint, or None."""
    run = subprocess.run([*compiler, "-fsyntax-only", *WARNINGS, "-I" + os.path.join(root, "include"),
                          "-I" + os.path.join(root, "src"), "-"],
                         input=f'#include "{header}"\n' * 2 + "extern int something;\n", capture_output=True, text=True, cwd=root)
    if run.returncode == 0:
        return None
    complaints = [line for line in run.stderr.split("\n") if "error" in line]
    return (complaints or run.stderr.split("\n"))[0]


def check(root, options):
    jobs = []
    c = [*options.cc.split(), "-x", "c", "-std=c11", "-Wpedantic"]
    cxx = [*options.cxx.split(), "-x", "c++", "-std=c++11"] if options.cxx else None
    for top in ("include", "src"):
        for path in tree.walk(root, top, (".h",)):
            header = os.path.relpath(path, top)
            jobs.append((path, "C", c, header))
            if top == "include" and cxx:
                jobs.append((path, "C++", cxx, header))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        complaints = pool.map(lambda job: compile_alone(root, job[2], job[3]), jobs)
        found = [f"{path}: does not compile alone as {language}: {complaint}"
                 for (path, language, _, _), complaint in zip(jobs, complaints) if complaint]
    if not jobs:
        found.append("there are no headers")
    print(f"compiled {len(jobs)} times" + ("" if cxx else "; no C++ compiler"))
    return found


def add_options(parser):
    parser.add_argument("--cc", default="cc", help="the C compiler and what it needs")
    parser.add_argument("--cxx", default="", help="the C++ compiler and what it needs")


GOOD = {
    "include/xen/interface/a.h": "#ifndef A_H\n#define A_H\n#include <stdint.h>\ntypedef struct { uint64_t v; } a_t;\n#endif\n",
    "src/base/b.h": "#ifndef B_H\n#define B_H\n#include <xen/interface/a.h>\nenum b { B_ONE };\nint b(enum b class, a_t *);\n#endif\n",
}
PLANTS = [
    ("a missing include", {"include/xen/interface/c.h": "#pragma once\nstruct c { uint8_t v; };\n"}, r"c\.h: .* as C: .*uint8_t"),
    ("a C++ keyword", {"include/xen/interface/c.h": "#pragma once\nstruct c { int class; };\n"}, r"c\.h: .* as C\+\+"),
    ("a missing guard", {"src/base/c.h": "struct c { int v; };\n"}, r"src/base/c\.h: .*redefinition"),
    ("a warning", {"src/base/c.h": "#pragma once\nstruct c { };\n"}, r"c\.h: .*no members|c\.h: .*empty struct"),
]

# What only C++ refuses can be planted only where there is a C++ compiler.
if not any(a.startswith("--cxx") for a in sys.argv):
    PLANTS = [p for p in PLANTS if p[0] != "a C++ keyword"]

if __name__ == "__main__":
    tree.main(check, GOOD, PLANTS, add_options)
