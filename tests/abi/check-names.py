#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every constant, type and field of include/xen/interface must have a row in names.def.

Usage: check-names.py INTERFACE-DIR NAMES.DEF...

Without this a new name would go uncompared with Xen's headers and nobody would notice.  Only the
few names in EXEMPT need no row; each says why.  Prints what is missing and exits with 1.
"""
import pathlib
import re
import sys

# Names that no table of numbers can hold; pairs of a pattern and the reason.
EXEMPT = [
    (r'_+XEN_\w*H_*|_XS_WIRE_H', 'include guards'),
    (r'PRI\w*_xen_\w+', 'printf formats'),
    (r'XEN_FLEX_ARRAY_DIM', 'empty'),
    (r'TRAP_INSTR', 'gone from the headers of today'),
    (r'machine_to_phys_mapping', 'a pointer; its address has a row of its own'),
    (r'GNTTABOP_error_msgs', 'sentences, which are our own'),
    (r'struct xen_processor_flags\..*', 'bit-fields have no offset; the struct has a size'),
    (r'struct (cpu_user_regs)\.__DECL_REG.*', 'rows name the registers'),
    (r'struct xen_(extraversion|capabilities_info|changeset_info|commandline)\..*',
     'one array, as large as the struct'),
    (r'struct xsd_errors(\..*)?', 'a table of the program itself'),
    (r'struct xen_translate_gpfn_list(\..*)?', 'gone from the headers of today'),
    (r'struct pvclock_wall_clock(\..*)?|struct shared_info\.wc', 'rows name its fields'),
    (r'struct vcpu_time_info\.pad1', 'the form of 2008; names-2008.def has it'),
    (r'struct blkif_request_(rw|discard|other|indirect)(\..*)?|struct blkif_request\.u(\.\w+)?',
     'rows name the fields'),
    (r'__guest_handle_\w+', 'pointers'),
    (r'xen_mk_\w+|__xen_mk_\w+', 'suffixes'),
]


def strip(text):
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    return text.replace('\\\n', ' ')


def macros(text):
    """Object-like macros with a value."""
    for m in re.finditer(r'^\s*#\s*define\s+(\w+)(?![\w(])[ \t]*(\S.*)?$', text, re.M):
        if m.group(2):
            yield m.group(1)


def declarators(decl):
    """Names declared by one member declaration that has no braces."""
    decl = re.sub(r':\s*\d+', '', decl.strip())
    if decl.startswith('__DECL_REG'):
        yield decl
        return
    decl = re.sub(r'GUEST_HANDLE\(\w+\)', 'handle', decl)
    for part in decl.split(','):
        m = re.search(r'(\w+)\s*(\[.*\])?\s*$', part.strip())
        if m:
            yield m.group(1)


def members(body, prefix):
    """Paths of the members in a struct body, descending into structs and unions within."""
    i = start = 0
    while i < len(body):
        if body[i] == '{':
            depth, j = 1, i + 1
            while depth:
                depth += {'{': 1, '}': -1}.get(body[j], 0)
                j += 1
            end = body.index(';', j)
            names = [n for n in re.findall(r'\w+', re.sub(r'\[.*?\]', '', body[j:end]))]
            if not names:
                yield from members(body[i + 1:j - 1], prefix)
            for n in names:
                yield prefix + n
                yield from members(body[i + 1:j - 1], prefix + n + '.')
            i = start = end + 1
        elif body[i] == ';':
            for n in declarators(body[start:i]):
                yield prefix + n
            i = start = i + 1
        else:
            i += 1


def types(text):
    """(type, [member paths]) of each struct, union and enum with a tag at file scope."""
    text = re.sub(r'^\s*#.*$', '', text, flags=re.M)
    for m in re.finditer(r'^(struct|union|enum) (\w+) \{', text, re.M):
        depth, j = 1, m.end()
        while depth:
            depth += {'{': 1, '}': -1}.get(text[j], 0)
            j += 1
        yield m.group(1), m.group(2), text[m.end():j - 1]


def names_of(header):
    text = strip(header.read_text())
    text = re.sub(r'^\s*#\s*define DEFINE_RING_TYPES.*$', '', text, flags=re.M)
    for name in macros(text):
        yield 'value', name
    for kind, tag, body in types(text):
        if kind == 'enum':
            for name in re.findall(r'(\w+)\s*(?:=[^,]*)?(?:,|$)', body.strip()):
                if not name.startswith('__') and not name.startswith('XEN_ERRNO'):
                    yield 'value', name
            continue
        yield 'type', f'{kind} {tag}'
        for path in members(body, ''):
            yield 'field', f'{kind} {tag}.{path}'
    for name in re.findall(r'^\s*typedef [\w ]+?(\w+)(?:\[\d+\])?;', text, re.M):
        yield 'type', name
    for name in re.findall(r'\bX\((\w+), \d+\)', text):
        yield 'value', 'XEN_' + name


def rows_of(defs):
    """The names that the tables have, as names_of() spells them (ours are the first columns)."""
    text = strip(''.join(pathlib.Path(d).read_text() for d in defs))
    have = set()
    row = r'\b(VALUE|TEXT|TYPE|SIZE|STRUCT|FIELDS?|OFFSET)(2?)\(((?:[^()]|\([^()]*\))*)\)'
    for macro, two, args in re.findall(row, text):
        args = [a.strip() for a in args.split(',')]
        if macro in ('VALUE', 'TEXT'):
            have.add(('value', args[0]))
            continue
        if macro in ('TYPE', 'SIZE', 'STRUCT'):
            have.add(('type', args[0]))
        if macro in ('FIELD', 'OFFSET'):
            have.add(('field', f'{args[0]}.{args[1]}'))
        elif macro in ('STRUCT', 'FIELDS'):
            have.update(('field', f'{args[0]}.{f}') for f in args[2 if two else 1:])
    return have


def main():
    have = rows_of(sys.argv[2:])
    headers = sorted(pathlib.Path(sys.argv[1]).rglob('*.h'))
    count = missing = 0
    for header in headers:
        for kind, name in dict.fromkeys(names_of(header)):
            if any(re.fullmatch(pattern, name) for pattern, _ in EXEMPT):
                continue
            count += 1
            if (kind, name) not in have:
                missing += 1
                print(f'{header}: {kind} {name} has no row in names.def')
    if count < 1000:
        sys.exit(f'only {count} names found in {len(headers)} headers: this script misreads them')
    print(f'{count} names in {len(headers)} headers, {missing} without a row')
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
