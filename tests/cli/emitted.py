# SPDX-License-Identifier: MIT
"""What the tests of `xendouble emit-c` share: running it, and compiling what it writes, one test alone or many at once."""
import os
import re
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

BATCH = 20  # tests in one program: the header's inline functions are compiled once for them
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
JOBS = 2


def run(*args, **more):
    return subprocess.run(args, capture_output=True, text=True, errors="replace", timeout=300, check=False, **more)


def check_flags():
    """What libcheck is compiled and linked with."""
    r = run("pkg-config", "--cflags", "--libs", "check")
    assert r.returncode == 0, r.stderr
    return r.stdout.split()


def place_of(path, said):
    """The line of (path) that is named first in what was (said), or None."""
    found = re.search(re.escape(path) + r":(\d+): ", said)
    return found and int(found.group(1))


class EmittedCase(unittest.TestCase):
    """compiler: the command, flags: of the library."""
    compiler, flags = [], []

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name, text=None):
        path = os.path.join(self.dir.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return path

    def compiled(self, source):
        binary = source[:-2]
        r = run(*self.compiler, *FLAGS, source, "-o", binary, *self.flags)
        self.assertEqual(r.returncode, 0, f"{source}: {r.stderr[:3000]}")
        return binary

    def compiled_together(self, sources):
        """The command of each of these tests, in the same order. Their file names are identifiers."""
        batches = [sources[i:i + BATCH] for i in range(0, len(sources), BATCH)]

        def one(number):
            tests = "".join(f'#define scenario scenario_{i}\n#define main main_{i}\n#include "{path}"\n#undef scenario\n#undef main\n'
                            for i, path in enumerate(batches[number]))
            calls = ", ".join(f"main_{i}" for i in range(len(batches[number])))
            return self.compiled(self.path(f"together-{number}.c", tests +
                                           f"int main(int argc, char **argv)\n{{\n    int (*const test[])(void) = {{{calls}}};\n\n"
                                           "    return argc == 2 ? test[atoi(argv[1])]() : 99;\n}\n"))
        with ThreadPoolExecutor(JOBS) as pool:
            binaries = list(pool.map(one, range(len(batches))))
        return [(binaries[i // BATCH], str(i % BATCH)) for i in range(len(sources))]
