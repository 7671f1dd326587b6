"""Several boosters and scorecards as one booster: trees side by side, each scaled by its share of the sum."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from honghua.base.errors import BadInput
from honghua.models.scorecard.card import Scorecard
from honghua.models.scorecard.trees import card_trees, constant_tree

SCALED: Final = ("leaf_value", "internal_value")
HEAD_END: Final = "end of trees"


def blend_boosters(parts: Sequence[tuple[str, float]], *, cards: Sequence[tuple[Scorecard, float]] = ()) -> str:
    """The text of one booster whose margin is the sum of share × margin over booster texts (at least one) and scorecards.

    All boosters must have been fitted to the same columns, with the objective of the first. Raises BadInput when they were not.
    """
    if not parts:
        raise BadInput("a blend needs at least one booster, for its head", code="BAD_BLEND")
    head = parts[0][0].partition("\nTree=")[0]
    width = _field(head, "max_feature_idx")
    bodies: list[str] = []
    for text, share in parts:
        if _field(text.partition("\nTree=")[0], "max_feature_idx") != width:
            raise BadInput("boosters of different columns cannot be blended", code="BAD_BLEND")
        bodies += [_scaled(body, share) for body in _bodies(text) if share]
    for card, share in cards:
        bodies += [_scaled(body, share) for body in card_trees(card) if share]
        bodies.append(constant_tree(share * card.intercept))
    # Without its sizes a reader of the text looks for the trees one by one.
    kept = "\n".join(line for line in head.splitlines() if not line.startswith("tree_sizes="))
    told = "\n\n".join(f"Tree={k}\n{body.rstrip()}\n" for k, body in enumerate(bodies))
    return f"{kept.rstrip()}\n\n{told}\n\n{HEAD_END}\n\nparameters:\nend of parameters\n"


def _bodies(text: str) -> list[str]:
    trees = text.partition(HEAD_END)[0].split("\nTree=")[1:]
    return [tree.partition("\n")[2] for tree in trees]


def _scaled(body: str, share: float) -> str:
    lines = []
    for line in body.splitlines():
        name, equals, values = line.partition("=")
        if equals and name in SCALED:
            line = f"{name}={' '.join(repr(share * float(v)) for v in values.split())}"
        lines.append(line)
    return "\n".join(lines)


def _field(head: str, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", head, re.MULTILINE)
    if found is None:
        raise BadInput("this is no LightGBM model text", code="BAD_MODEL")
    return found.group(1)


__all__ = ["blend_boosters"]
