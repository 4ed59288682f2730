# SPDX-License-Identifier: MIT
"""
What is installed can be used: the library, found by pkg-config below a fresh prefix, builds a program with the shared and
with the static library, and both programs run; headers, CLI and every man page are there.
"""
import os
import subprocess
import tempfile

import tree

CONSUMER = """
#include <stdio.h>
#include <xen/interface/xen.h>
#include <xendouble/xendouble.h>
int main(void) { return printf("%d\\n", __HYPERVISOR_mmu_update) < 0; }
"""


def run(command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def find(root, name):
    """Links to the library count too: an installed libxendouble.so is one."""
    return [p for p in tree.walk(root) if os.path.basename(p) == name]


def build_consumer(dest, cc, config, how):
    flags = run(["pkg-config", "--cflags", "--libs", "xendouble"], env=config).split()
    libdir = os.path.dirname(os.path.join(dest, find(dest, "libxendouble.a")[0]))
    program = os.path.join(dest, "consumer-" + how)
    if how == "static":
        flags = [os.path.join(libdir, "libxendouble.a") if f == "-lxendouble" else f for f in flags]
    run([*cc, "-x", "c", os.path.join(dest, "consumer.c"), "-x", "none", "-o", program, *flags])
    run([program], env={**os.environ, "LD_LIBRARY_PATH": libdir})


def check(root, options):
    with tempfile.TemporaryDirectory(prefix="xendouble-install-") as dest:
        try:
            run(["meson", "install", "-C", options.build, "--no-rebuild", "--quiet", "--destdir", dest])
            wanted = ["libxendouble.so", "libxendouble.a", "xendouble.pc", "xendouble", "xendouble.h"]
            wanted += [os.path.basename(p) for p in tree.walk(root, "man") if p[-2:] in (".1", ".5")]
            found = [f"{name} is not installed" for name in wanted if not find(dest, name)]
            if found:
                return found
            tree.write_tree(dest, {"consumer.c": CONSUMER})
            pc = os.path.dirname(os.path.join(dest, find(dest, "xendouble.pc")[0]))
            config = {**os.environ, "PKG_CONFIG_PATH": pc, "PKG_CONFIG_SYSROOT_DIR": dest,
                      "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
            for how in ("shared", "static"):
                build_consumer(dest, options.cc.split(), config, how)
        except RuntimeError as e:
            return [str(e)]
    return []


def add_options(parser):
    parser.add_argument("--build", help="the build directory, built")
    parser.add_argument("--cc", default="cc", help="the compiler and what it needs")


if __name__ == "__main__":
    tree.main(check, add_options=add_options)
