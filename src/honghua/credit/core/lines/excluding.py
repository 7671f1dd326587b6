"""Who stands on the list `exclusion`, where no engine judges: the account's rules alone cannot ask for lists, and nobody sells to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from honghua.credit.core.commands import Order
from honghua.facts.kinds import SCENE
from honghua.features.core import ABSENT, key_of_text

Place = tuple[str, int]  # kind of entity, its key


@dataclass(frozen=True, slots=True)
class Exclusions:
    """ends_us: until when each entity stands on the list, microseconds since 1970 UTC; it counts for what happens before."""

    ends_us: Mapping[Place, int] = field(default_factory=dict)

    def bar(self, command: Order, *, at_us: int) -> bool:
        """Whether the customer, the shop, the goods or anything of the scene of an order stands there at its time."""
        return bool(self.ends_us) and any(at_us < self.ends_us.get(place, at_us) for place in name_places(command))


def name_places(command: Order) -> list[Place]:
    """The entities of an order, as lists name them and as engines sense them."""
    texts = (("customer", command.customer), ("merchant", command.merchant), ("category", command.category))
    keys = command.scene.keys() if command.scene is not None else ()
    scene = [(name, key) for name, key in zip(SCENE, keys, strict=False) if key != ABSENT]
    return [*((name, key_of_text(text)) for name, text in texts), *scene]


__all__ = ["Exclusions", "name_places"]
