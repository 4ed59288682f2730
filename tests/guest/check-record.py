# SPDX-License-Identifier: MIT
"""
Records what programs of linked guests do, and replays it: every recording is canonical, and passes or ends with the reason why it is
none, which the replay tells. Programs some of whose recordings may be such are named with a colon and
how many at most.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more)


def untold(xendouble, path):
    """What is wrong with a recording that was given up."""
    why = re.search(r'^incomplete "(.*)"$', open(path, encoding="utf-8").read(), re.M).group(1)
    done = run([xendouble, "replay", path])
    if done.returncode == 0 or f"this recording is not whole: {why}" not in done.stdout:
        return [f"replay ended with {done.returncode} and does not say \"{why}\":\n{done.stdout[-1000:]}"]
    return []


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("xendouble")
    args.add_argument("program", nargs="+")
    args = args.parse_args()
    failed = 0
    for program in args.program:
        program, _, may = program.partition(":")
        name = os.path.basename(program)
        with tempfile.TemporaryDirectory() as folder:
            made = run([program], env={**os.environ, "XENDOUBLE_RECORD": os.path.join(folder, "r.xds")})
            files = sorted(os.path.join(folder, f) for f in os.listdir(folder))
            whole = [f for f in files if "\nincomplete " not in open(f, encoding="utf-8").read()]
            refused = len(files) - len(whole)
            problems = []
            if made.returncode:
                problems.append(f"the recorded program ended with {made.returncode}:\n{made.stdout[-2000:]}")
            if not whole:
                problems.append("nothing was recorded")
            if refused > int(may or 0):
                lines = [l for l in made.stdout.split("\n") if "XENDOUBLE_RECORD" in l]
                problems.append(f"{refused} recordings were given up:\n" + "\n".join(lines[:10]))
            for path in files:
                if path not in whole:
                    problems += untold(args.xendouble, path)
            for command in ([args.xendouble, "replay"], [args.xendouble, "fmt", "--check"]):
                done = run(command + whole) if whole else None
                if done and done.returncode:
                    problems.append(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        print(f"{'not ok' if problems else 'ok'}: {name}: {len(whole)} recordings")
        for problem in problems:
            print("  " + problem.replace("\n", "\n  "))
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
