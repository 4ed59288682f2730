# SPDX-License-Identifier: MIT
"""
What is installed can be used: the library, found by pkg-config below a fresh prefix, builds a program and every example with
the shared and with the static library, and all of them run; headers, CLI and every man page are there.
"""
import os
import platform
import shutil
import subprocess
import tempfile

import tree

CONSUMER = """
#include <stdio.h>
#include <xen/interface/xen.h>
#include <xendouble/guest.h>
int main(void)
{
    struct xd_hv *hv;
    struct xd_domain *d;
    if (xd_hv_create(&hv, NULL) || xd_domain_create(hv, NULL, &d) || xd_enter(xd_vcpu_at(d, 0)))
        return 1;
#ifdef __x86_64__
    long version;
    __asm__ volatile("call hypercall_page + 17 * 32"
                     : "=a"(version) : "D"(0l), "S"(0l) : "rcx", "r11", "memory");
    if (version != HYPERVISOR_xen_version(0, NULL))
        return 1;
#endif
    return printf("%d\\n", __HYPERVISOR_mmu_update) < 0;
}
"""


def run(command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def find(root, name):
    """Links to the library count too: an installed libxendouble.so is one."""
    return [p for p in tree.walk(root) if os.path.basename(p) == name]


def assembly_of(source):
    beside = source[:-2] + ".S"
    return [beside] if os.path.exists(beside) else []


def build_and_run(source, dest, cc, config, how):
    flags = run(["pkg-config", "--cflags", "--libs", *(["--static"] if how == "static" else []), "xendouble"], env=config).split()
    if "check.h>" in tree.read("", source): # itself, or by <xendouble/check.h>
        flags += run(["pkg-config", "--cflags", "--libs", "check"]).split()
    libdir = os.path.dirname(os.path.join(dest, find(dest, "libxendouble.a")[0]))
    program = os.path.join(dest, os.path.basename(source)[:-2] + "-" + how)
    if how == "static":
        flags = [os.path.join(libdir, "libxendouble.a") if f == "-lxendouble" else f for f in flags]
    run([*cc, "-mno-red-zone", "-x", "c", source, "-x", "none", *assembly_of(source), "-o", program, *flags])
    run([program], env={**os.environ, "LD_LIBRARY_PATH": libdir})


def check(root, options):
    with tempfile.TemporaryDirectory(prefix="xendouble-install-") as dest:
        try:
            run(["meson", "install", "-C", options.build, "--no-rebuild", "--quiet", "--destdir", dest])
            wanted = ["libxendouble.so", "libxendouble.a", "xendouble.pc", "xendouble", "xendouble.h", "guest.h", "check.h"]
            wanted += [os.path.basename(p) for p in tree.walk(root, "man") if p[-2:] in (".1", ".5")]
            found = [f"{name} is not installed" for name in wanted if not find(dest, name)]
            if found:
                return found
            tree.write_tree(dest, {"consumer.c": CONSUMER})
            pc = os.path.dirname(os.path.join(dest, find(dest, "xendouble.pc")[0]))
            config = {**os.environ, "PKG_CONFIG_PATH": pc, "PKG_CONFIG_SYSROOT_DIR": dest,
                      "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
            sources = [os.path.join(dest, "consumer.c")]
            if options.examples:
                sources += [os.path.join(root, p) for p in tree.walk(root, "examples", (".c",))]
            if platform.machine() != "x86_64":
                sources = [s for s in sources if not assembly_of(s)]
            others = [c for c in ("gcc", "clang") if shutil.which(c)] if len(options.cc.split()) == 1 else []
            for source in sources:
                for cc in others:
                    build_and_run(source, dest, [cc], config, "shared")
                for how in ("shared", "static"):
                    build_and_run(source, dest, options.cc.split(), config, how)
        except RuntimeError as e:
            return [str(e)]
    return []


def add_options(parser):
    parser.add_argument("--build", help="the build directory, built")
    parser.add_argument("--examples", action="store_true", help="there is libcheck, which the examples use")
    parser.add_argument("--cc", default="cc", help="the compiler and what it needs")


if __name__ == "__main__":
    tree.main(check, add_options=add_options)
