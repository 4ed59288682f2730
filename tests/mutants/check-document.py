# SPDX-License-Identifier: MIT
"""
docs/MUTANTS.md has a row for each bug of mutants.txt, with its advisory and its words, in the same order, and no other.

    check-document.py DOCUMENT
"""
import importlib.machinery
import importlib.util
import pathlib
import re
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
ROW = re.compile(r"\| ([a-z0-9-]+) \| ((?:nearest )?XSA-\d+) \| (.+) \| \d+ of \d+ \|.*\|")


def planted():
    loader = importlib.machinery.SourceFileLoader("plant", str(HERE / "plant"))
    plant = importlib.util.module_from_spec(importlib.util.spec_from_loader("plant", loader))
    loader.exec_module(plant)
    return [(row["name"], row["xsa"], row["what"]) for row in plant.rows()]


def told(text):
    return [match.groups() for match in map(ROW.fullmatch, text.splitlines()) if match]


def wrong(text, rows):
    have = told(text)
    found = [f"there is no row: {' | '.join(row)}" for row in rows if row not in have]
    found += [f"there should be no row: {' | '.join(row)}" for row in have if row not in rows]
    return found or ([] if have == rows else ["its rows stand in another order, or twice"])


class Document(unittest.TestCase):
    def setUp(self):
        self.text, self.rows = DOCUMENT.read_text(encoding="utf-8"), planted()

    def test_the_document(self):
        self.assertEqual(wrong(self.text, self.rows), [], "`./dev mutants --markdown` makes the table anew")

    def test_what_is_amiss_is_told(self):
        name, xsa, what = self.rows[1]
        lines = self.text.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(f"| {name} |"))
        for put, words in (([], f"no row: {name} | {xsa}"), ([lines[at].replace(xsa, "XSA-1")], f"no row: {name} | XSA-1"),
                           ([lines[at].replace(what, "it is nice")], "no row: " + name), ([lines[at]] * 2, "or twice"),
                           ([lines[at], lines[at].replace(name, "another")], "should be no row: another")):
            self.assertIn(words, "\n".join(wrong("\n".join(lines[:at] + put + lines[at + 1:]), self.rows)))


DOCUMENT = pathlib.Path(sys.argv.pop(1))
unittest.main()
