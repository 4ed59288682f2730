# SPDX-License-Identifier: MIT
"""
The scenarios that are registered as tests are exactly the .xds files of scenarios/: meson lists them when it configures, so
a list can be stale.
"""
import json
import os

import tree


def check(root, options):
    with open(os.path.join(root, options.build, "meson-info/intro-tests.json"), encoding="utf-8") as f:
        tests = json.load(f)
    registered = {t["name"] for t in tests if any(s.endswith(":scenario") for s in t["suite"])}
    there = {os.path.relpath(p, "scenarios")[:-len(".xds")] for p in tree.walk(root, "scenarios", (".xds",))}
    again = f"run `meson setup --reconfigure {options.build}`"
    return [f"scenarios/{n}.xds is not registered as a test; {again}" for n in sorted(there - registered)] + \
           [f"scenarios/{n}.xds is registered as a test and does not exist; {again}" for n in sorted(registered - there)]


def add_options(parser):
    parser.add_argument("--build", default="build", help="the build directory")


def intro(*names):
    tests = [{"name": n, "suite": ["xendouble:scenario"]} for n in names]
    return json.dumps(tests + [{"name": "other", "suite": ["xendouble:unit"]}])


GOOD = {"scenarios/mm/a.xds": "", "scenarios/b.xds": "", "build/meson-info/intro-tests.json": intro("mm/a", "b")}
PLANTS = [
    ("a new file", {"scenarios/mm/c.xds": ""}, r"mm/c\.xds is not registered"),
    ("a file that went", {"build/meson-info/intro-tests.json": intro("mm/a", "b", "d")}, r"d\.xds .* does not exist"),
]

tree.main(check, GOOD, PLANTS, add_options)
