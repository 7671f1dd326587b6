"""A scorecard as one JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from honghua.base.errors import BadInput
from honghua.models.files import write_atomically
from honghua.models.scorecard.card import Scorecard

CARD_FILE: Final = "scorecard.json"


def save_card(card: Scorecard, folder: Path | str) -> None:
    """Write the card into `folder`, which is made."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / CARD_FILE, json.dumps(card.as_dict(), ensure_ascii=False, indent=1) + "\n")


def load_card(folder: Path | str) -> Scorecard:
    """The card of the folder; IntegrityBroken when it is not the one that was saved."""
    try:
        told = json.loads((Path(folder) / CARD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadInput(f"{folder} holds no scorecard: {problem}", code="BAD_MODEL") from problem
    return Scorecard.from_dict(told)


__all__ = ["load_card", "save_card"]
