"""Texts of the invented writers: phrases put together by lot, with slips; all words are one author's and nobody's."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from numpy.random import Generator

from honghua.base.rng import derive_rng

SHOPS: Final = ("苏宁", "楼下超市", "一家网店", "红星家电", "an online shop")
SLIP: Final = 0.02  # chance that a character is left out or doubled


@dataclass(frozen=True, slots=True)
class Text:
    """One complaint: who wrote it, whether an agent, whether the writer is held out, and the words."""

    writer: str
    is_script: bool
    held_out: bool
    words: str


def write_texts(seed: int, each: int) -> list[Text]:
    """So many texts of every writer."""
    found = tomllib.loads((files("honghua.customers") / "data" / "complaint_writers.toml").read_text(encoding="utf-8"))
    texts = []
    for group, writers in found.items():
        for name, bank in writers.items():
            for number in range(each):
                rng = derive_rng(seed, "complaint", group, name, number)
                texts.append(Text(f"{group}.{name}", group == "agents", bool(bank["held_out"]), _write(bank, rng)))
    return texts


def _write(bank: dict[str, Any], rng: Generator) -> str:
    parts = [
        *_pick(bank["open"], 1, rng), *_pick(bank["body"], int(rng.integers(1, 4)), rng), *_pick(bank["ask"], int(rng.integers(1, 3)), rng),
        *_pick(bank["close"], 1, rng),
    ]  # fmt: skip
    mark = str(rng.choice([",", "。", " ", ";", "\n"]))
    whole = mark.join(one for one in parts if one)
    filled = whole.format(
        a=int(rng.integers(20, 9_000)), m=int(rng.integers(1, 13)), d=int(rng.integers(2, 60)), s=str(rng.choice(SHOPS))
    )
    slips = rng.random(len(filled))
    return "".join(
        "" if slip < SLIP / 2 else one * 2 if slip < SLIP else one for one, slip in zip(filled, slips, strict=True)
    )


def _pick(phrases: list[str], count: int, rng: Generator) -> list[str]:
    return [phrases[k] for k in rng.permutation(len(phrases))[:count]]


__all__ = ["Text", "write_texts"]
