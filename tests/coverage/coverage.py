# SPDX-License-Identifier: MIT
"""
Makes docs/COVERAGE.md: each hypercall and operation, and where it is modelled, compared, tried and tested.

  coverage.py --command XENDOUBLE --root DIR [--oracle FILE]...     the document, on standard output
  coverage.py --command XENDOUBLE --root DIR --check                does docs/COVERAGE.md have these rows?

FILE is what `xendouble oracle --report` printed. Without one, the numbers that are in the document stay. Counts grow from
day to day, so --check looks at rows, not at counts; and at what guests call and nobody models.
"""
import argparse
import pathlib
import re
import subprocess
import sys

GROUP_CALL = {"MMU": "mmu_update", "MMUEXT": "mmuext_op", "XENMEM": "memory_op", "EVTCHNOP": "event_channel_op",
              "SCHEDOP": "sched_op", "XENVER": "xen_version", "CALLBACKOP": "callback_op", "NMIOP": "nmi_op",
              "PHYSDEVOP": "physdev_op"}
CALL_GROUP = {call: group for group, call in GROUP_CALL.items()}
PREFIX = {"vcpu_op": "VCPUOP_", "vm_assist": "VMASST_TYPE_", "console_io": "CONSOLEIO_", "set_segment_base": "SEGBASE_",
          "grant_table_op": "GNTTABOP_"}
LATER = ("grant_table_op",)  # grant tables are a later step, by decision
TITLE = "| nr | hypercall | operation | modelled | guests | compared with real Xen | scenarios | unit tests |"


class Bad(Exception):
    pass


def run(command, *args):
    done = subprocess.run([command, *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Bad(f"{command} {' '.join(args)}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def report_counts(text):
    """The rows "  COUNT name" of a report's table of calls and operations, names with the call instead of the group."""
    table = re.search(r"^calls and operations: .*\n((?: +\d+ .*\n)*)", text, re.M)
    if not table:
        raise Bad("there is no table \"calls and operations\" in the report; was it made with --report?")
    counts = {}
    for count, name in re.findall(r"^ +(\d+) (.+)$", table[1], re.M):
        first, _, rest = name.partition(" ")
        counts[f"{GROUP_CALL.get(first, first)} {rest}".strip()] = int(count)
    return counts


def totals(text):
    found = re.search(r"^(\d+) programs?.*?, (\d+) calls", text, re.M)
    if not found:
        raise Bad("there is no line of totals in the report")
    return int(found[1]), int(found[2])


def read_rows(path):
    part, rows = None, {"guests": [], "absent": [], "part": []}
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
    return guests, absent, dict(row.split(": ", 1) for row in rows["part"])


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


def unit_names(root):
    """Text of each test file."""
    return [path.read_text(encoding="utf-8") for folder in ("unit", "guest", "model")
            for path in sorted((root / "tests" / folder).glob("*.c"))]


def unit_count(texts, call, op):
    if not op:
        pattern = rf"\b(?:HC_|HYPERVISOR_|__HYPERVISOR_){call}\b|\b{call}\b"
    elif call in PREFIX:
        pattern = rf"\b{PREFIX[call]}{op}\b|\b{call} {op}\b"
    else:
        pattern = rf"\b{CALL_GROUP[call]}_{op}\b|\b{call} {op}\b"
        if call == "mmuext_op":
            pattern += rf"|\[{op}\b|, {op} "
        if call == "mmu_update" and op == "normal":
            pattern += r"|mmu_update \["
    return sum(bool(re.search(pattern, text, re.I if not op else 0)) for text in texts)


def compared_before(document):
    """Name: count, and the paragraph that says of what run, from the document as it is."""
    counts = {}
    for line in document.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 8 and cells[0].isdigit():
            counts[f"{cells[1]} {cells[2]}".strip()] = int(cells[5].replace(",", ""))
    said = re.search(r"^Compared with real Xen: .*$", document, re.M)
    return counts, said[0] if said else "Compared with real Xen: not measured yet."


def table(command, root, reports, counted):
    guests, absent, part = read_rows(root / "tests/coverage/rows.txt")
    scenarios = report_counts(run(command, "replay", "--quiet", "--report", str(root / "scenarios"))) if counted else {}
    document = root / "docs/COVERAGE.md"
    compared, said = compared_before(document.read_text(encoding="utf-8") if document.exists() else "")
    if reports:
        each = [path.read_text(encoding="utf-8") for path in reports]
        compared = {}
        for text in each:
            for name, count in report_counts(text).items():
                compared[name] = compared.get(name, 0) + count
        programs, calls = (sum(n) for n in zip(*map(totals, each)))
        said = f"Compared with real Xen: {programs:,} programs, {calls:,} calls."
    texts, rows, notes = unit_names(root) if counted else [], [], []
    more = [(nr, *name.partition(" ")[::2], "yes" if why else "no") for name, (nr, why) in absent.items()]
    for nr, call, op, modelled in known_rows(command) + more:
        name = f"{call} {op}".strip()
        if op and name in part:
            modelled = "in part"
        elif not op and (name in part) != (modelled == "in part"):
            raise Bad(f"{name}: in part by tests/coverage/rows.txt or by `xendouble list hypercalls`, not by both")
        rows.append((nr, call, op, modelled, guests.get(name, ""), compared.get(name, 0), scenarios.get(name, 0),
                     unit_count(texts, call, op)))
    rows.sort(key=lambda row: row[0])
    notes += [f"- {name}: {why}." for name, why in part.items()]
    notes += [f"- {name}: {why}." for name, (_, why) in absent.items() if why]
    return rows, notes, said, guests


def wrong(rows, guests):
    """What the rows may not say."""
    names = {f"{r[1]} {r[2]}".strip(): r for r in rows}
    found = [f"tests/coverage/rows.txt: {name} is no row of `xendouble list`" for name in guests if name not in names]
    found += [f"{name} is called by guests ({letters}) and not modelled" for name, letters in guests.items()
              if name in names and names[name][3] == "no" and re.search("[A-Z]", letters)
              and names[name][1] not in LATER]
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
           "`xendouble oracle` compared.",
           "- *scenarios*: files below scenarios/ that make it when run (`xendouble replay --report scenarios/`).",
           "- *unit tests*: files below tests/ that name it.", "", TITLE, "|---|---|---|---|---|---|---|---|"]
    for nr, call, op, modelled, letters, real, scen, unit in rows:
        out.append(f"| {nr} | {call} | {op} | {modelled} | {letters} | {real:,} | {scen} | {unit} |")
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
    parser.add_argument("--check", action="store_true")
    opt = parser.parse_args()
    try:
        rows, notes, said, guests = table(opt.command, opt.root, opt.oracle, not opt.check)
    except (Bad, OSError) as e:
        sys.exit(f"coverage: {e}")
    found = wrong(rows, guests) + (check(opt.root / "docs/COVERAGE.md", rows) if opt.check else [])
    if found:
        sys.exit("\n".join(found))
    if not opt.check:
        sys.stdout.write(document(rows, notes, said))


if __name__ == "__main__":
    main()
