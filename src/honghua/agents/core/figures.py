"""Figures in a text and whether artefacts hold them: what a language model says with a number is checked against what it was shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

PERCENT = frozenset("%‰")
FIGURE = re.compile(r"(?<![\w.])[-−+]?(?:\d{1,3}(?:[,_ ]\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?\s*[%‰]?")
DIGITS_IN_WORDS = re.compile(r"(?<=[^\W\d_])\d+|\d+(?=[^\W\d_])")  # Q4, 90d, 第3期: still figures
CHINESE_DIGITS = "〇零一二三四五六七八九"
CHINESE = re.compile(
    r"[〇零一二两三四五六七八九十百千万亿]{2,}|百分之[〇零一二两三四五六七八九十百]+|[一二两三四五六七八九十]成"
)
SPELLED = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|half|third|quarter|double|twice|triple)s?\b",
    re.IGNORECASE,
)


def list_figures(text: str) -> list[str]:
    """Every figure of a text as it stands there: numbers with their per cent sign, Chinese numbers, and numbers in English words."""
    plain = unicodedata.normalize("NFKC", text)
    found = [match[0].strip() for match in FIGURE.finditer(plain)]
    covered = [match.span() for match in FIGURE.finditer(plain)]
    found += [m[0] for m in DIGITS_IN_WORDS.finditer(plain) if not any(a <= m.start() < b for a, b in covered)]
    return found + [match[0] for pattern in (CHINESE, SPELLED) for match in pattern.finditer(plain)]


def find_unsupported(text: str, shown: Iterable[str]) -> tuple[str, ...]:
    """Figures of a text that no shown text holds.

    A figure stands when some shown number rounds to it at its own number of digits, as it is or, for per cent, as a share: 71.2% stands on
    0.7118 and on 71.2 %. A number in words stands only where the shown text has the same word. The sign counts, unless none is written.
    """
    pages = [unicodedata.normalize("NFKC", page) for page in shown]
    known = {value for page in pages for value in _values_of(page)}
    words = " ".join(pages).casefold()
    missing = []
    for figure in list_figures(text):
        value = _read(figure)
        stands = figure.casefold() in words if value is None else _stands(figure, value, known)
        if not stands and figure not in missing:
            missing.append(figure)
    return tuple(missing)


def _values_of(page: str) -> Iterable[Decimal]:
    for match in re.finditer(r"[-−+]?(?:\d{1,3}(?:[,_ ]\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?", page):
        value = _read(match[0])
        if value is not None:
            yield value


def _read(figure: str) -> Decimal | None:
    """The number as written, per cent sign left out; None for one in words."""
    bare = figure.rstrip("%‰").strip().replace("−", "-").translate(str.maketrans("", "", ",_ "))
    try:
        return Decimal(bare)
    except ArithmeticError:
        return None


def _stands(figure: str, value: Decimal, known: Iterable[Decimal]) -> bool:
    step = Decimal(1).scaleb(min(0, int(value.as_tuple().exponent)))  # one unit of the last digit that was written
    signed = figure[0] in "-−+"
    scales = [Decimal(1)]
    if figure[-1] in PERCENT:
        scales.append(Decimal(100) if figure[-1] == "%" else Decimal(1000))
    return any(
        abs((known_value if signed else abs(known_value)) * scale - value) <= step / 2
        for known_value in known
        for scale in scales
    )


__all__ = ["find_unsupported", "list_figures"]
