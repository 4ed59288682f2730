# SPDX-License-Identifier: MIT
"""
The command of ./dev hunt asks the second opinion, also while it shrinks, and has nothing to say of what is right.

    check-hunt.py PLANTED RIGHT     two builds of it: with a bug that only the second opinion sees, and with none
"""
import re
import subprocess
import sys


def run(command, *args):
    done = subprocess.run([command, "fuzz", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def main(planted, right):
    wrong = []
    code, out = run(planted, "-n", "40", "-s", "1", "-j", "2", "--max-findings", "1")
    again = re.search(r"^again: ./dev hunt (.+)$", out, re.M)
    if code != 3 or not again or "wrong" not in out or "flush" not in out:
        wrong.append(f"with the bug: exit code {code}\n{out}")
    else:
        arguments = again[1].split()
        if run(planted, *arguments)[0] != 3:
            wrong.append(f"what it says shows the finding again does not: {again[1]}")
        if run(right, *arguments)[0] != 0:
            wrong.append(f"without the bug it is found too: {again[1]}")
    code, out = run(right, "-n", "20", "-s", "1", "-j", "2")
    if code != 0 or "20 programs" not in out or "nothing found" not in out:
        wrong.append(f"without a bug: exit code {code}\n{out}")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
