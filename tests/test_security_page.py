"""docs/SECURITY.md names what exists, and has every row of ASVS 5.0, levels 1 and 2, once."""

from __future__ import annotations

import re
from pathlib import Path

from honghua.app.cli import build_parser
from tools import pages

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/SECURITY.md"
# How many rows of levels 1 and 2 each section has: they are numbered without a gap, level 3 at the end of most sections.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4, "3.4": 6,
    "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 11,
    "6.3": 3, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 3, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2,
    "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 3, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1,
    "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5,
    "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
WANTED = [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]
NUMBER = re.compile(r"\d+\.\d+\.\d+")


def list_rows() -> list[str]:
    """The numbers of all rows; `1.2.6 – 1.2.8` stands for what lies between, in the order of the sections."""
    found: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cell = line.split("|")[1] if line.startswith("| ") else ""
        for part in re.sub(r"\(.*?\)", "", cell).split(","):
            ends = NUMBER.findall(part)
            if ends and "level 3" not in cell:
                found += WANTED[WANTED.index(ends[0]) : WANTED.index(ends[-1]) + 1]
    return found


def test_every_row_stands_once():
    found = list_rows()
    assert sorted(found) == sorted(set(found)), "a row stands twice"
    assert sorted(set(WANTED) - set(found)) == []


def test_everything_it_names_exists():
    problems = pages.check_page(ROOT, PAGE, build_parser)
    assert not problems, "\n" + "\n".join(problems)
