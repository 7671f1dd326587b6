"""What will come of what happened: refunds, second tries, balances of deposits, labels – kept until their day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from honghua.sim.core.draft import US_PER_DAY, Draft, Ints, draft, join

CARRIED = ("customer", "merchant", "device", "address", "payee", "category", "region", "scene")


@dataclass(slots=True)
class Later:
    """Drafts by the day on which they are due."""

    due: dict[int, list[Draft]] = field(default_factory=dict)

    def keep(self, rows: Draft) -> None:
        """Keep rows until the day of their `at_us`."""
        if not len(rows):
            return
        day = rows["at_us"] // US_PER_DAY
        order = np.argsort(day, kind="stable")
        days, starts = np.unique(day[order], return_index=True)
        for one, mine in zip(days.tolist(), np.split(order, starts[1:])):
            self.due.setdefault(one, []).append(Draft({name: values[mine] for name, values in rows.columns.items()}))

    def take(self, day: int) -> Draft:
        """What is due on a day; gone afterwards."""
        return join(self.due.pop(day, []))


def follow(rows: Draft, chosen: Ints, at_us: Ints, columns: Mapping[str, ArrayLike]) -> Draft:
    """Acts about some earlier acts: by the same person, at the same shop, with `about` and `about_at_us` set."""
    same = {name: rows[name][chosen] for name in CARRIED}
    return draft(
        **{**same, "at_us": at_us, "about": rows["act"][chosen], "about_at_us": rows["at_us"][chosen], **columns}
    )


__all__ = ["Later", "follow"]
