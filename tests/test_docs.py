"""The pages say what is: paths, names, commands and settings in them exist, and the tour's code runs."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from honghua.app.cli import build_parser
from tools import pages

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "tests/README.md", DOCS / "TOUR.md", DOCS / "GLOSSARY.md"]
ADRS = sorted((DOCS / "adr").glob("*.md"))


@pytest.mark.parametrize("page", PAGES + ADRS, ids=lambda page: page.name)
def test_everything_a_page_names_exists(page):
    problems = pages.check_page(ROOT, page, build_parser)
    assert not problems, "\n" + "\n".join(problems)


def test_the_tours_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "tour"}
    for block in pages.blocks_of((DOCS / "TOUR.md").read_text(encoding="utf-8")):
        if block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block.text, f"TOUR.md:{block.line}", "exec"), scope)


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_an_adr_has_its_form(path):
    assert not pages.check_adr(path)


def test_adrs_are_numbered_without_a_gap():
    assert not pages.check_adr_numbers(DOCS / "adr")


def test_each_term_of_the_glossary_stands_once():
    assert not pages.check_glossary((DOCS / "GLOSSARY.md").read_text(encoding="utf-8"))


def test_readme_gives_the_two_commands():
    commands = [
        c for b in pages.blocks_of((ROOT / "README.md").read_text(encoding="utf-8")) for c in pages.commands_of(b)
    ]
    assert {"make run", "make test"} <= set(commands)


GOOD = """
Read `tools/pages.py`, `base/dates.py::to_day`, `tests/`, `honghua.base.dates.to_day`, `base.errors.BadInput` and
`check_page()`; `numpy.int64` and `amount_minor` prove nothing. Then `make test`.
```bash
$ make setup  # a comment
SEED=3 make sim
ls | wc -l
```
"""
BAD = {
    "`tools/gone.py`": "there is no tools/gone.py",
    "`base/dates.py::to_week`": "base/dates.py has no to_week",
    "`honghua.base.dates.to_week`": "dates.py has no to_week",
    "`base.weeks.to_week`": "there is no weeks",
    "`to_week()`": "nothing is called to_week()",
    "`HONGHUA_COFFEE`": "there is no setting",
    "`make coffee`": "make has no verb coffee",
    "`honghua coffee`": "does not parse",
    "```bash\nmake coffee\n```": "make has no verb coffee",
    "```bash\nhonghua --coffee | less\n```": "does not parse",
}


def check_text(folder: Path, text: str) -> list[str]:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    (folder / "tools").symlink_to(ROOT / "tools")
    (folder / "tests").symlink_to(ROOT / "tests")
    (folder / "src").symlink_to(ROOT / "src")
    (folder / "Makefile").symlink_to(ROOT / "Makefile")
    return pages.check_page(folder, page, build_parser)


def test_a_true_page_passes(tmp_path):
    assert not check_text(tmp_path, GOOD)


@pytest.mark.parametrize(("text", "says"), BAD.items())
def test_a_page_that_names_what_is_not_there_fails(tmp_path, text, says):
    problems = check_text(tmp_path, f"See {text} now.\n" if not text.startswith("```") else text + "\n")
    assert len(problems) == 1
    assert says in problems[0]


ADR = "\n\n".join(
    [
        "# 0001 Title",
        "## Context\nc",
        "## Decision\nWe do it.",
        "## Consequences\nc",
        "## Alternatives\na",
        "## Enforced by\ne\n",
    ]
)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("0001-title.md", ADR, ""),
        ("title.md", ADR, "not named"),
        ("0002-title.md", ADR, "does not begin with"),
        ("0001-title.md", ADR + "x\n" * 50, "are the limit"),
        ("0001-title.md", ADR.replace("## Alternatives", "## Options"), "has the headings"),
        ("0001-title.md", ADR.replace("We do it.", "We do it. And that."), "one sentence"),
        ("0001-title.md", ADR.replace("We do it.\n", ""), "one sentence"),
    ],
)
def test_the_form_of_an_adr(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    problems = pages.check_adr(tmp_path / name)
    assert any(says in problem for problem in problems) if says else not problems


def test_a_glossary_with_a_term_twice_fails():
    table = "| term | 中文 | meaning |\n| --- | --- | --- |\n| owner | 户主 | x |\n"
    assert not pages.check_glossary(table)
    assert pages.check_glossary(table + "| Owner | 户主 | y |\n") == ["'owner' stands there twice"]
    assert pages.check_glossary(table + "| line | 分录行 | |\n") == ["'line' has no meaning"]
