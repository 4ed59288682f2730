# SPDX-License-Identifier: MIT
"""
The shared library exports xd_*, HYPERVISOR_* and hypercall_page only, and of xd_* exactly what the public headers
declare with XD_PUBLIC.
"""
import os
import re
import subprocess
import sys

import tree

ALLOWED = re.compile(r"(xd_\w+|HYPERVISOR_\w+|hypercall_page)$")


def exported(path):
    out = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in out.split("\n") if line]
    kinds = {line.split()[-1]: line.split()[-2] for line in out.split("\n") if line}
    return {re.sub(r"@.*", "", n) for n in names if kinds[n] != "A"}


def declared(root, cc):
    """{name: whether it is marked XD_PUBLIC} for each function that the public headers declare for the compiler's target"""
    names = {}
    for path in tree.walk(root, "include/xendouble", (".h",)):
        text = re.sub(r"^[ \t]*#[ \t]*(include|define[ \t]+XD_PUBLIC)\b.*", "", tree.read(root, path), flags=re.M)
        text = subprocess.run([*cc.split(), "-E", "-P", "-x", "c", "-"], input=text, check=True, capture_output=True, text=True).stdout
        text = re.sub(r'extern\s*"C"\s*\{', " ", text)
        body = re.compile(r"\{(?:[^{}]|\{\})+\}") # with those inside it that are empty by then
        while body.search(text):
            text = body.sub("{}", text)
        for statement in re.split(r";|\{\}", text):
            m = re.search(r"\b(xd_\w+|HYPERVISOR_\w+)\s*\(", statement)
            if m and not re.search(r"\b(typedef|static|_Static_assert)\b", statement):
                names[m[1]] = "XD_PUBLIC" in statement
    return names


def check(root, options):
    out, names = exported(options.shared), declared(root, options.cc)
    wanted = {n for n, public in names.items() if public}
    found = [f"{n} is exported; only xd_*, HYPERVISOR_* and hypercall_page may be" for n in sorted(out) if not ALLOWED.match(n)]
    found += [f"{n} is exported, and no header in include/xendouble declares it with XD_PUBLIC"
              for n in sorted(out - wanted) if n.startswith("xd_")]
    found += [f"{n} is declared in a public header without XD_PUBLIC" for n in sorted(names.keys() - wanted)]
    found += [f"{n} is declared with XD_PUBLIC, and the library does not export it" for n in sorted(wanted - out)]
    if not wanted:
        found.append("no header in include/xendouble declares anything with XD_PUBLIC")
    return found


def self_check(root, options):
    sources = [os.path.join(root, p) for p in tree.walk(root, "", (".c",))]
    options.shared = os.path.join(root, "lib.so")
    subprocess.run([*options.cc.split(), "-shared", "-fPIC", "-fvisibility=hidden", "-I" + os.path.join(root, "include"),
                    *sources, "-o", options.shared], check=True)
    return check(root, options)


def add_options(parser):
    parser.add_argument("--cc", default="cc", help="the compiler and what it needs")
    parser.add_argument("--shared", help="the shared library")


HEADER = """
#define XD_PUBLIC __attribute__((visibility("default")))
/* XD_PUBLIC void xd_not(void); is only talked about here */
#if defined(__no_such_target__)
XD_PUBLIC void xd_elsewhere(void);
#endif
XD_PUBLIC int xd_one(void);
XD_PUBLIC
const char *xd_two(int (*f)(int), int x);
"""
SOURCE = """
#include <xendouble/xendouble.h>
int inner(void);
int inner(void) { return 1; }
int xd_one(void) { return inner(); }
const char *xd_two(int (*f)(int), int x) { return f(x) ? "a" : "b"; }
__attribute__((visibility("default"))) char hypercall_page[64] = {1};
"""
GOOD = {"include/xendouble/xendouble.h": HEADER, "a.c": SOURCE}
PLANTS = [
    ("a stray export", {"b.c": '__attribute__((visibility("default"))) int helper_one = 1;\n'}, "helper_one is exported; only"),
    ("an export without declaration", {"b.c": '__attribute__((visibility("default"))) int xd_three = 1;\n'}, "xd_three .* no header"),
    ("a declaration without export",
     {"include/xendouble/xendouble.h": HEADER + "XD_PUBLIC unsigned long xd_four(void);\n"}, "xd_four is declared"),
    ("a public function that is not marked",
     {"include/xendouble/xendouble.h": HEADER + "struct xd_hv { int (*hook)(int xd_x(int)); };\nint xd_five(struct xd_hv *);\n"},
     "xd_five .* without XD_PUBLIC"),
]


if __name__ == "__main__":
    tree.main(self_check if "--self-test" in sys.argv else check, GOOD, PLANTS, add_options)
