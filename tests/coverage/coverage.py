# SPDX-License-Identifier: MIT
"""
Makes docs/COVERAGE.md: each hypercall and operation, and where it is modelled, compared, tried and tested.

  coverage.py --command XENDOUBLE --root DIR [--oracle FILE]... [--tests BUILD]    the document, on standard output
  coverage.py --command XENDOUBLE --root DIR --check                               does docs/COVERAGE.md have these rows?

FILE is what `xendouble oracle --report` printed, one run or several: of generated programs, of scenarios, or a build's
meson-logs/testlog.txt, since the tests of the suite oracle are run with --report. BUILD a directory that was set up with -Dcount=true, whose unit and guest tests are
run. Without one, the numbers that are in the document stay. Counts grow from day to day, so --check looks at rows, not at
counts; at what guests call and nobody models; and at operations that say they are modelled and answer not-modelled, or the
other way round.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

GROUP_CALL = {"MMU": "mmu_update", "MMUEXT": "mmuext_op", "XENMEM": "memory_op", "EVTCHNOP": "event_channel_op",
              "SCHEDOP": "sched_op", "XENVER": "xen_version", "CALLBACKOP": "callback_op", "NMIOP": "nmi_op",
              "PHYSDEVOP": "physdev_op"}
LATER = ("grant_table_op",)  # grant tables are a later step, by decision
SHARED = {"physdev_op_compat": "physdev_op"}  # the same handlers, so the same is modelled
# How each operation is tried that may be not modelled: {} is its constant.
PROBE_BEGIN = "machine frames=8192\ndomain d0 pages=64\ndomain d1 pages=16\n@d0.0\nxenoprof_op init buf(64) = 0\n"
ZEROS = ", 0" * 40
PROBE = {"platform_op": f"ptr4({{}}, 0x3000001, 0{ZEROS})", "sysctl": f"ptr4({{}}, 0x15, 0{ZEROS})",
         "domctl": f"ptr4({{}}, 0x15, 1{ZEROS})", "mca": f"ptr4({{}}, 0x1ecc003, 0{ZEROS})", "hypfs_op": '{} text("/") 2 0 0',
         "xenoprof_op": "{} buf(64)", "hvm_op": "{} buf(64)", "kexec_op": "{} buf(64)", "xenpmu_op": "{} buf(64)"}
UNKNOWN = "?"  # a count of a row that the document did not have yet
TITLE = "| nr | hypercall | operation | modelled | guests | compared with real Xen | scenarios | unit tests |"


class Bad(Exception):
    pass


def run(command, *args):
    done = subprocess.run([command, *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Bad(f"{command} {' '.join(args)}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def full_name(name):
    """Of an operation, with the call instead of the group."""
    first, _, rest = name.partition(" ")
    return f"{GROUP_CALL.get(first, first)} {rest}".strip()


def report_counts(text):
    """The rows "  COUNT name" of all tables of calls and operations in the report."""
    tables = re.findall(r"^calls and operations: .*\n((?: +\d+ .*\n)*)", text, re.M)
    if not tables:
        raise Bad("there is no table \"calls and operations\" in the report; was it made with --report?")
    counts = {}
    for count, name in re.findall(r"^ +(\d+) (.+)$", "".join(tables), re.M):
        counts[full_name(name)] = counts.get(full_name(name), 0) + int(count)
    return counts


def totals(text):
    """Generated programs, scenarios, calls, and programs that differed without an entry in docs/DIFFERENCES.md, of all runs in the report."""
    runs = re.findall(r"^(\d+) programs?( \(seed .*?\))?, (\d+) calls.*; (\d+) programs? differs?$", text, re.M)
    if len(runs) != len(re.findall(r"^calls and operations: ", text, re.M)):
        raise Bad(f"the report has {len(runs)} lines of totals, and not as many tables of calls and operations")
    return (sum(int(n) for n, seed, _, _ in runs if seed), sum(int(n) for n, seed, _, _ in runs if not seed),
            sum(int(calls) for _, _, calls, _ in runs), sum(int(different) for _, _, _, different in runs))


def read_rows(path):
    part, rows = None, {"guests": [], "absent": [], "part": [], "no": []}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            part = line[1:-1]
            if part not in rows:
                raise Bad(f"{path}:{number}: there is no part {line}; there are {', '.join(rows)}")
        elif line and not line.startswith("#"):
            rows[part].append(line)
    guests = {name: letters for letters, name in (row.split(None, 1) for row in rows["guests"])}
    absent = {}
    for row in rows["absent"]:
        nr, name = row.split(None, 1)
        name, _, why = name.partition(": ")
        absent[name] = (int(nr), why)
    return guests, absent, dict(row.split(": ", 1) for row in rows["part"]), set(rows["no"])


def known_rows(command):
    """[(nr, call, operation, modelled)] as the command's tables have them."""
    calls = [re.match(r"(\d+) +(\S+) +(yes|no|in part)\b", line).groups()
             for line in run(command, "list", "hypercalls").splitlines()[1:]]
    ops = {}
    for line in run(command, "list", "ops").splitlines()[1:]:
        group, _, name = line.split()[:3]
        ops.setdefault(GROUP_CALL[group], []).append(name)
    for line in run(command, "list", "commands").splitlines()[1:]:
        call, _, name = line.split()[:3]
        ops.setdefault(call, []).append(name)
    return [(int(nr), call, op, "yes" if op and modelled == "in part" else modelled)
            for nr, call, modelled in calls for op in [""] + ops.get(call, [])]


def answers(command):
    """
    {operation: is it modelled?}, tried by a control domain that says next to nothing: False if the answer is not-modelled, None if it
    is refused for another reason, which tells nothing.
    """
    files = {}
    with tempfile.TemporaryDirectory(prefix="xendouble-coverage-") as folder:
        for line in run(command, "list", "commands").splitlines()[1:]:
            call, _, name, constant = line.split()[:4]
            if call in PROBE:
                files[f"{call} {name}"] = path = pathlib.Path(folder, f"{len(files)}.xds")
                path.write_text(f"{PROBE_BEGIN}{call} {PROBE[call].format(constant)}\n", encoding="utf-8")
        if files:
            run(command, "fmt", "--fill", folder)
        last = {name: path.read_text(encoding="utf-8").splitlines()[-1] for name, path in files.items()}
    return {name: False if "why=not-modelled" in line else None if "why=" in line else True for name, line in last.items()}


def tests_calls(build):
    """{name: how many of the test programs of a counting build make it}, of the suites unit and guest."""
    listed = json.loads((build / "meson-info/intro-tests.json").read_text(encoding="utf-8"))
    programs = sorted({test["cmd"][0] for test in listed
                       if re.search(r"/tests/(unit|guest)/test-[^/]*$", test["cmd"][0])})
    counts = {}
    with tempfile.TemporaryDirectory(prefix="xendouble-coverage-") as folder:
        for program in programs:
            path = pathlib.Path(folder, pathlib.Path(program).name)
            env = {**os.environ, "XENDOUBLE_CALLS": str(path), "CK_DEFAULT_TIMEOUT": "100"}
            done = subprocess.run([program], capture_output=True, text=True, check=False, env=env)
            if done.returncode not in (0, 77):
                raise Bad(f"{program}: exit code {done.returncode}: {done.stdout[-500:]}")
            for name in set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else ():
                counts[full_name(name)] = counts.get(full_name(name), 0) + 1
    if not counts:
        raise Bad(f"{build}: no test told of a call; was it set up with -Dcount=true?")
    return counts


def before(document):
    """Name: count, of two columns, and the paragraph that says of what run, from the document as it is."""
    compared, tests = {}, {}
    for line in document.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 8 and cells[0].isdigit():
            for counts, cell in ((compared, cells[5]), (tests, cells[7])):
                if cell != UNKNOWN:
                    counts[f"{cells[1]} {cells[2]}".strip()] = int(cell.replace(",", ""))
    said = re.search(r"^Compared with real Xen: .*$", document, re.M)
    return compared, tests, said[0] if said else "Compared with real Xen: not measured yet."


def compared_now(reports):
    each = [path.read_text(encoding="utf-8") for path in reports]
    compared = {}
    for text in each:
        for name, count in report_counts(text).items():
            compared[name] = compared.get(name, 0) + count
    programs, scenarios, calls, different = (sum(n) for n in zip(*map(totals, each)))
    return compared, (f"Compared with real Xen: {programs:,} generated programs and {scenarios:,} scenarios, {calls:,} calls, "
                      f"{different:,} differ.")


def table(command, root, reports, build, counted):
    guests, absent, part, no = read_rows(root / "tests/coverage/rows.txt")
    scenarios = report_counts(run(command, "replay", "--quiet", "--report", str(root / "scenarios"))) if counted else {}
    path = root / "docs/COVERAGE.md"
    compared, tests, said = before(path.read_text(encoding="utf-8") if path.exists() else "")
    none, untested = UNKNOWN, UNKNOWN
    if reports:
        compared, said = compared_now(reports)
        none = 0
    if build:
        tests, untested = tests_calls(build), 0
    rows, notes = [], []
    more = [(nr, *name.partition(" ")[::2], "yes" if why else "no") for name, (nr, why) in absent.items()]
    for nr, call, op, modelled in known_rows(command) + more:
        name = f"{call} {op}".strip()
        told = f"{SHARED.get(call, call)} {op}"
        if op and (told in part or told in no):
            modelled = "in part" if told in part else "no"
        elif not op and (name in part) != (modelled == "in part"):
            raise Bad(f"{name}: in part by tests/coverage/rows.txt or by `xendouble list hypercalls`, not by both")
        rows.append((nr, call, op, modelled, guests.get(name, ""), compared.get(name, none), scenarios.get(name, 0),
                     tests.get(name, untested)))
    rows.sort(key=lambda row: row[0])
    notes += [f"- {name}: {why}." for name, why in part.items()]
    notes += [f"- {name}: {why}." for name, (_, why) in absent.items() if why]
    return rows, notes, said


def wrong(rows, told, answered):
    """What the rows may not say."""
    guests, _, part, no = told
    names = {f"{r[1]} {r[2]}".strip(): r for r in rows}
    found = [f"tests/coverage/rows.txt: {name} is no row of `xendouble list`" for name in [*guests, *part, *sorted(no)]
             if name not in names]
    found += [f"{name} is called by guests ({letters}) and not modelled" for name, letters in guests.items()
              if name in names and names[name][3] == "no" and re.search("[A-Z]", letters)
              and names[name][1] not in LATER]
    for name, modelled in answered.items():
        if modelled is False and name in names and names[name][3] == "yes":
            found.append(f"{name} answers not-modelled; tests/coverage/rows.txt says neither [no] nor [part]")
        elif modelled and name in no:
            found.append(f"{name} is answered, and a row of [no] in tests/coverage/rows.txt")
    return found


def document(rows, notes, said):
    done = sum(r[3] == "yes" for r in rows)
    some = sum(r[3] == "in part" for r in rows)
    out = ["<!-- SPDX-License-Identifier: MIT -->",
           "<!-- Made by `./dev coverage`; what it can't know stands in tests/coverage/rows.txt. -->",
           "# What is modelled, compared and tested", "",
           f"{len(rows)} hypercalls and operations: {done} modelled, {some} in part, {len(rows) - done - some} not.", "",
           said, "",
           "- *modelled*: answers as Xen 4.17 does; *in part*: see below the table; *no*: -ENOSYS, and loudly "
           "(reason not-modelled).",
           "- *guests*: who calls it: Linux, FreeBSD, NetBSD, Mini-OS, Unikraft, GRUB, the Xen test framework (X); "
           "a small letter: as a control domain, backend or toolstack only.",
           "- *compared with real Xen*: calls of it, elements of batches and entries of multicalls too, that "
           "`xendouble oracle` compared; ?: not counted yet.",
           "- *scenarios*: files below scenarios/ that make it when run (`xendouble replay --report scenarios/`).",
           "- *unit tests*: programs below tests/unit and tests/guest that make it when run; some of them run random ones.",
           "", TITLE, "|---|---|---|---|---|---|---|---|"]
    for nr, call, op, modelled, letters, real, scen, unit in rows:
        real = real if real == UNKNOWN else f"{real:,}"
        out.append(f"| {nr} | {call} | {op} | {modelled} | {letters} | {real} | {scen} | {unit} |")
    return "\n".join(out + ["", "## In part, and absent", ""] + notes) + "\n"


def check(path, rows):
    def first_columns(text):
        cells = ([c.strip() for c in line.strip("|").split("|")] for line in text.splitlines())
        return [c[:5] for c in cells if len(c) == 8 and c[0].isdigit()]
    have = first_columns(path.read_text(encoding="utf-8")) if path.exists() else []
    want = first_columns(document(rows, [], ""))
    return [f"{path}: {what}: {' '.join(row)} (./dev coverage makes it anew)"
            for what, some, others in (("there is no row", want, have), ("there should be no row", have, want))
            for row in some if row not in others]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", required=True)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--oracle", type=pathlib.Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--tests", type=pathlib.Path, metavar="BUILD")
    parser.add_argument("--check", action="store_true")
    opt = parser.parse_args()
    try:
        rows, notes, said = table(opt.command, opt.root, opt.oracle, opt.tests, not opt.check)
        found = wrong(rows, read_rows(opt.root / "tests/coverage/rows.txt"), answers(opt.command))
    except (Bad, OSError) as e:
        sys.exit(f"coverage: {e}")
    found += (check(opt.root / "docs/COVERAGE.md", rows) if opt.check else [])
    if found:
        sys.exit("\n".join(found))
    if not opt.check:
        sys.stdout.write(document(rows, notes, said))


if __name__ == "__main__":
    main()
