# SPDX-License-Identifier: MIT
"""
No planted bug, and no switch for one, is in what is installed.

    check-none.py HUNTER FILE...

HUNTER is the test program that has them: where the switch's name is not even found there, the search proves nothing.
"""
import sys

SWITCH = b"xd_mutant"


def has(path):
    with open(path, "rb") as f:
        return SWITCH in f.read()


def main(hunter, *files):
    wrong = [f"{path} has planted bugs in it" for path in files if has(path)]
    if not files:
        wrong.append("nothing to look at")
    if not has(hunter):
        wrong.append(f"{hunter} has no {SWITCH.decode()}: the search proves nothing")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
