"""After the click: customers whom the candidate would raise are offered it, below what was found affordable for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.agents.api import Context, Done, Outcome, Slot
from honghua.base.clock import Clock
from honghua.credit import api as credit
from honghua.lab.api import CANDIDATE
from honghua.limits import api as limits
from honghua.limits.core import Moment

BATCH: Final = 1_000  # customers of one transaction
KEY_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class OfferRaises:
    """An offer waits for its customer's yes and is checked again when it comes; who has no ceiling, or no room below it, gets none.

    Safe to do again: the key of an offer holds the candidate's digest and the customer.
    """

    conn: psycopg.Connection
    clock: Clock
    agent: str = "Releaser"
    step: str = "offer the raises"
    reads: tuple[Slot, ...] = (Slot(CANDIDATE), Slot("raises"), Slot("approval"))
    writes: tuple[Slot, ...] = (Slot("release"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        raises = sorted(context.read_json("raises", dict[str, int]).items())
        name = f"lab:{context.inputs[CANDIDATE].digest[:KEY_DIGITS]}"
        with self.conn.transaction():
            at = Moment(on=credit.get_business_day(self.conn), now=self.clock.now())
        within = 0
        for first in range(0, len(raises), BATCH):
            part = raises[first : first + BATCH]
            with self.conn.transaction():
                ceilings = limits.find_ceilings(self.conn, [customer for customer, _ in part])
                for customer, to_minor in part:
                    if customer in ceilings and to_minor <= ceilings[customer][0]:
                        within += 1
                        limits.offer_raise(
                            self.conn, customer, to_minor, key=f"{name}:{customer}", rulebook=name, at=at
                        )
        approval = context.read_json("approval", dict[str, str])
        context.write_json(
            "release",
            {"offers": within, "no_room": len(raises) - within, "rulebook": name, "approved_by": approval["person"]},
        )
        return Done((
            f"{within:,} raises are offered; {len(raises) - within:,} customers have no room below what was found affordable",
            f"approved by {approval['person']}: {approval['why']}",
        ))  # fmt: skip


__all__ = ["OfferRaises"]
