# SPDX-License-Identifier: MIT
"""
The library has no writable global, so a process may hold many machines (what a process has one of, such as a signal's
handler, lies in one object that the build names); and the machine itself (hv, hv/call) asks nothing of
its surroundings: no clock, file, environment, allocator or thread, so equal calls give equal bytes.

Both are read off the objects of the static libraries.  .data.rel.ro is allowed: constant tables with pointers in them lie
there, and are read-only once the program runs.
"""
import os
import re
import subprocess

import tree

# What the machine may call outside of itself; "__" is the compiler's own support (64-bit division under -m32).
# free only gives back what src/base handed out; the printf family writes the host's error sentences into memory.
PURE = re.compile(r"(bcmp|mem(cpy|move|set|cmp|chr)|str(len|cspn|n?cmp|n?cpy|chr|nlen)|v?snprintf|free|abort|_GLOBAL_OFFSET_TABLE_|"
                  r"__(u?(div|mod|divmod|mul|ash[lr]|lshr|cmp|ctz|clz|popcount|bswap)\w*[dst]i\d?|x86\.get_pc_thunk\.\w+|"
                  r"stack_chk_fail\w*))$")


def readelf(flags, path):
    return subprocess.run(["readelf", "-W", flags, path], check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def writable(path):
    """Yields (object, section, symbols) for each writable section with something in it."""
    here, sections, names = path, {}, {}

    def flush():
        for nr, section in sections.items():
            yield here, section, sorted(names.get(nr, []))
        for name in sorted(names.get("COM", [])):
            yield here, "common", [name]

    for line in readelf("-SsW", path).split("\n"):
        if line.startswith("File:"):
            yield from flush()
            here, sections, names = re.sub(r".*\((.*)\)$", r"\1", line), {}, {}
        m = re.match(r"\s*\[\s*(\d+)\]\s+(\S+)\s+\S+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\S+\s+([A-Z]*)\s", line)
        if m and "W" in m[4] and "A" in m[4] and int(m[3], 16) and not m[2].startswith(".data.rel.ro"):
            sections[m[1]] = m[2]
        m = re.match(r"\s*\d+:\s+[0-9a-f]+\s+(\S+)\s+(OBJECT|TLS)\s+\S+\s+\S+\s+(\d+|COM)\s+(\S+)", line)
        if m:
            names.setdefault(m[3], []).append(m[4])
    yield from flush()


def symbols(path):
    """(defined, undefined) global names of an archive"""
    defined, undefined = set(), set()
    for line in readelf("-sW", path).split("\n"):
        m = re.match(r"\s*\d+:\s+[0-9a-f]+\s+\S+\s+\S+\s+(GLOBAL|WEAK)\s+\S+\s+(\S+)\s+([^@\s]+)", line)
        if m:
            (undefined if m[2] == "UND" else defined).add(m[3])
    return defined, undefined


def check(root, options):
    found = []
    for path in options.archive:
        for obj, section, names in writable(path):
            source = re.search(r"([^/\[(]+)\.o\]?$", obj)
            if options.process and source and source[1] == options.process:
                continue
            found.append(f"{os.path.basename(path)}: {obj}: {', '.join(names) or 'something'} lies in {section}, which can be "
                         "written; state belongs to the machine, constants want const")
    if not options.archive or not options.pure:
        found.append("no library was given")
    ours = set()
    for path in options.archive + options.pure:
        ours |= symbols(path)[0]
    for path in options.pure:
        for name in sorted(symbols(path)[1] - ours):
            if not PURE.match(name):
                found.append(f"{os.path.basename(path)}: calls {name}; the machine may not know its surroundings")
    return found


def self_check(root, options):
    """Compiles the planted sources and judges them."""
    options.archive, options.pure, options.process = [], [], "process.c"
    for path in tree.walk(root, "", (".c",)):
        obj, lib = os.path.join(root, path + ".o"), os.path.join(root, "lib" + os.path.basename(path) + ".a")
        subprocess.run([*options.cc.split(), "-O1", "-fPIC", "-c", os.path.join(root, path), "-o", obj], check=True)
        subprocess.run(["ar", "rcs", lib, obj], check=True)
        (options.pure if path.startswith("pure") else options.archive).append(lib)
    return check(root, options)


def add_options(parser):
    parser.add_argument("--cc", default="cc", help="the compiler and what it needs")
    parser.add_argument("--archive", action="append", default=[], help="a static library that must be free of writable globals")
    parser.add_argument("--process", help="the one source whose object may have writable globals")
    parser.add_argument("--pure", action="append", default=[], help="a static library that must be pure as well")


GOOD = {
    "process.c": "int handler_of_the_process = 1;\n",
    "a.c": "#include <stdio.h>\nextern int f(void);\nstatic const int t[] = {1, 2};\n"
           "const char *const names[] = {\"a\", \"b\"};\n"
           "int f(void) { return t[puts(names[0]) & 1]; }\n",
    "pure.c": "#include <string.h>\nextern int f(void);\nunsigned long g(const char *);\n"
              "unsigned long g(const char *s) { return strlen(s) + (unsigned long)f(); }\n",
}
PLANTS = [
    ("an initialised global", {"b.c": "int counter = 1;\n"}, r"b\.c\.o: counter lies in \.data"),
    ("a global of zeroes", {"b.c": "int counter;\n"}, r"counter lies in"),
    ("a static inside a function", {"b.c": "int f2(void);\nint f2(void) { static int n; return ++n; }\n"}, r"\bn\S* lies in \.bss"),
    ("a thread-local", {"b.c": "_Thread_local int mine;\n"}, r"mine lies in \.tbss"),
    ("a global in a section of its own", {"b.c": '__attribute__((section("hide"))) int hidden = 3;\n'}, "hidden lies in hide"),
    ("a table that misses a const", {"b.c": 'const char *names2[] = {"a"};\n'}, r"names2 lies in \.data"),
    ("a global beside the one object that may", {"xprocess.c": "int other = 1;\n"}, "other lies in"),
    ("a common symbol", {"b.c": "__attribute__((common)) int shared;\n"}, "shared lies in common"),
    ("a constructor", {"b.c": "int f3(void);\n__attribute__((constructor)) static void go(void) { f3(); }\n"}, "init_array"),
    ("a clock in the machine", {"pure2.c": "#include <time.h>\nlong h(void);\nlong h(void) { return time(0); }\n"}, "calls time"),
    ("an allocation in the machine", {"pure2.c": "#include <stdlib.h>\nvoid *h(void);\nvoid *h(void) { return malloc(8); }\n"}, "calls malloc"),
]

if __name__ == "__main__":
    import sys
    tree.main(self_check if "--self-test" in sys.argv else check, GOOD, PLANTS, add_options)
