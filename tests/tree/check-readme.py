# SPDX-License-Identifier: MIT
"""
README.md tells the truth: the scenario it shows is the file it names, and the output it shows is what the command prints.
An indented block that begins `$ ./dev run ARGS` is a command with its output; one before it that holds the scenario's steps
is compared with the file.
"""
import os
import re
import shlex
import subprocess

import tree


def blocks(text):
    """The blocks indented by four spaces, without the indentation."""
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.M):
        lines = [line[4:] for line in block.strip("\n").split("\n")]
        yield "\n".join(lines)


def without_header(text):
    """A scenario without its SPDX line and empty comment."""
    lines = [line for line in text.split("\n") if not line.startswith("# SPDX") and line != "#"]
    return "\n".join(lines).strip()


def check(root, options):
    with open(os.path.join(root, "README.md"), encoding="utf-8") as f:
        text = f.read()
    wrong, shown = [], 0
    found = list(blocks(text))
    for block in found:
        command, _, output = block.partition("\n")
        match = re.match(r"\$ ./dev run (.*)", command)
        if not match:
            continue
        shown += 1
        args = shlex.split(match.group(1))
        run = subprocess.run([os.path.abspath(options.command) if os.sep in options.command else options.command, *args], cwd=root, capture_output=True, text=True, check=False)
        if run.stdout.strip("\n") != output.strip("\n"):
            wrong.append(f"README.md: `{command}` prints something else:\n{run.stdout}{run.stderr}")
        for name in (a for a in args if a.endswith(".xds")):
            with open(os.path.join(root, name), encoding="utf-8") as f:
                if without_header(f.read()) not in found:
                    wrong.append(f"README.md does not show {name} as it is")
    if not shown:
        wrong.append("README.md shows no command with its output")
    return wrong


def add_options(parser):
    parser.add_argument("--command", default="cat", help="the xendouble command")


SCENARIO = "# SPDX\n#\n# Story.\ndomain d1\n"
README = "A scenario:\n\n    # Story.\n    domain d1\n\nRun it:\n\n    $ ./dev run a.xds\n"
OUTPUT = "".join("    " + line + "\n" for line in SCENARIO.strip().split("\n"))
GOOD = {"a.xds": SCENARIO, "README.md": README + OUTPUT}
PLANTS = [
    ("another output", {"README.md": README + "    1 failed\n"}, r"prints something else"),
    ("another scenario", {"a.xds": SCENARIO + "domain d2\n"}, r"does not show a\.xds"),
    ("no command", {"README.md": "Nothing.\n"}, r"shows no command"),
]

tree.main(check, GOOD, PLANTS, add_options)
