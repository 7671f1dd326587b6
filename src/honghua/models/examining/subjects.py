"""A scorecard as the battery sees it, and what its kind can prove of itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Final

import numpy as np

from honghua.models.battery import Check, Evidence, Predict, Subject, check_of
from honghua.models.scorecard.card import Scorecard
from honghua.models.scorecard.files import load_card, save_card

SUMMED: Final = 1_000


def scorecard_subject(card: Scorecard) -> Subject:
    """Proven of a scorecard: parts sum to its margin, and the parts of a column's ranges keep the promised direction."""

    def reload() -> tuple[bytes, Predict]:
        with tempfile.TemporaryDirectory() as folder:
            save_card(card, folder)
            again = load_card(folder)
        return again.digest, again.predict

    def prove(evidence: Evidence) -> Iterator[Check]:
        x = np.asarray(evidence.x[:SUMMED], np.float32)
        gap = float(np.abs(card.parts(x).sum(axis=1) + card.intercept - card.margins(x)).max(initial=0.0))
        yield check_of(
            "parts sum to the margin", gap <= 1e-9, f"{gap:.1e}", "1e-9", f"parts miss the margin by {gap:.1e}"
        )
        broken = find_breaks(card, dict(evidence.monotone))
        count = sum(1 for direction in evidence.monotone.values() if direction)
        yield check_of(
            "monotone, proven on the points", not broken, f"{count} columns", "no break", "; ".join(broken[:3])
        )

    return Subject(card.names, card.digest, card.predict, reload, prove, "scorecard")


def find_breaks(card: Scorecard, monotone: dict[str, int]) -> list[str]:
    """Promises of a direction (+1: risk never falls as the value rises) that the parts of some characteristic break.

    Ranges stand in the order of the column, one bin of the other column at a time where two cross; codes and missing stand outside it.
    """
    rising = 1.0 if float(card.calibration.knots[0]) >= 0.0 else -1.0
    broken = []
    for one in card.characteristics:
        shape = [cutting.bins for cutting in one.cuttings]
        parts = np.asarray(one.parts).reshape(shape)
        for axis, cutting in enumerate(one.cuttings):
            direction = monotone.get(cutting.name, 0)
            if not direction:
                continue
            if cutting.groups is not None:
                broken.append(f"{cutting.name}: groups of words have no order")
                continue
            ranges = np.moveaxis(parts, axis, 0)[: len(cutting.edges) + 1]
            if (np.diff(ranges, axis=0) * direction * rising < 0).any():
                broken.append(f"{one.name}: its points turn")
    return broken
