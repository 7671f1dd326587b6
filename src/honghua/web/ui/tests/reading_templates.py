"""What templates and code say: keys of words they use, and text that stands in a template itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

WEB = Path(__file__).parents[2]
KEY = re.compile(r"""["']((?:[a-z]+)\.[A-Za-z_]+)["']""")
STEM = re.compile(r"""["']([a-z]+\.[a-z_]+_)["']\s*~""")  # t("x.state_" ~ state)
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SPOKEN = ("alt", "aria-label", "title", "placeholder")
BARE = re.compile(r"[A-Za-z一-鿿]{2,}")
BRAND = {"红花", "Honghua"}


def templates_of(console: str) -> list[Path]:
    return sorted((WEB / console / "templates").rglob("*.html"))


def sources_of(console: str) -> str:
    """Everything of a console that may name a key: its templates and its Python, without the tables of words."""
    code = [
        p for p in (WEB / console).rglob("*.py") if "wording" not in p.parts and p.name not in ("words.py", "rights.py")
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in (*templates_of(console), *code))


def find_keys(text: str) -> set[str]:
    return set(KEY.findall(text))


def find_stems(text: str) -> set[str]:
    return set(STEM.findall(text))


class _Bare(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        self.found += [value for name, value in attrs if name in SPOKEN and value and BARE.search(value)]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent and BARE.search(data):
            self.found.append(data.strip())


def find_bare(template: str) -> list[str]:
    """Words that a reader would see and nobody could translate."""
    reader = _Bare()
    reader.feed(JINJA.sub(" ", template))
    return [text for text in reader.found if text not in BRAND]
