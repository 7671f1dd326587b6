"""A scorecard as a model that decisions run: its trees in a forest's flat arrays, with the card's own calibration."""

from __future__ import annotations

from typing import Final

from honghua.models.core.forest import Forest
from honghua.models.core.model import Model, build_model
from honghua.models.scorecard.card import Scorecard
from honghua.models.scorecard.trees import card_trees, constant_tree

HEAD: Final = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx={last}
objective=binary sigmoid:1
feature_names={names}
feature_infos={infos}
"""


def compile_card(card: Scorecard) -> Model:
    """The card as a forest, one tree a characteristic. Margins are the card's to 1e-12 relative (another order of sums), parts and reasons
    those of its characteristics by column: a pair's part is shared between its two columns.
    """
    columns = range(len(card.names))
    head = HEAD.format(
        last=len(card.names) - 1, names=" ".join(f"c{k}" for k in columns), infos=" ".join("none" for _ in columns)
    )
    bodies = [*card_trees(card), constant_tree(card.intercept)]
    told = "".join(f"\nTree={k}\n{body.rstrip()}\n" for k, body in enumerate(bodies))
    text = f"{head}{told}\nend of trees\n\nparameters:\nend of parameters\n"
    return build_model(Forest.from_text(text, names=card.names), calibration=card.calibration)


__all__ = ["compile_card"]
