"""The town that the bench of the doors serves: accounts, shops and a fitted fraud model in force, and purchases drawn from it.

A purchase carries device, address and region. A few come from a farm of devices; the model has seen such a farm reported before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import HOUR_US, Clock
from honghua.base.dates import to_day
from honghua.credit import api as credit
from honghua.credit.core import EVENT, BuyNow, Scene
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import POLICIES, engine_vocabulary
from honghua.facts.kinds import FactKind
from honghua.features.core import Schema
from honghua.fraud.api import FitSettings, SensorSize, choose_for, fit_fraud
from honghua.fraud.core import RiskPlan
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind

LIMIT_MINOR: Final = 20_000_000
PEOPLE_A_SHOP: Final = 20
CATEGORIES: Final = ("books", "food", "clothes", "phones", "home")
REGIONS: Final = 31
FARM: Final = 12  # devices
FARM_SHARE: Final = 0.0056  # of the load: R-084
TAUGHT_SHARE: Final = 0.04  # of them from the farm
BATCH: Final = 500
POLICY: Final = "purchase-risk"
DESPITE: Final = "a bench measures what a score costs, not how good it is"
SCHEMA: Final = Schema(
    ("customer", "merchant", "device", "address", "category", "region"),
    ("available_minor", "limit_minor", "hour", "weekday"),
)
MAKER, CHECKER = (
    decision.Act("bench robot 1", "a bench of the doors"),
    decision.Act("bench robot 2", "a bench of the doors"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Sizes: people with an account. events: purchases that the engine shall be able to remember; taught: that the model is fitted on.
    senses_all: whether the doors sense every value there is, as a desk does whose robots may choose others any day."""

    people: int
    events: int
    seed: int
    taught: int = 6_000
    senses_all: bool = False

    @property
    def shops(self) -> int:
        """How many."""
        return self.people // PEOPLE_A_SHOP + 1

    def draw(self, rng: np.random.Generator, n: int, *, farm_share: float = FARM_SHARE) -> Iterator[dict[str, Any]]:
        """n purchases as the API takes them, without a key."""
        who, shop = rng.integers(0, self.people, n), rng.zipf(1.3, n) % self.shops
        farmed, kind = rng.random(n) < farm_share, rng.random(n)
        amount = np.where(farmed, rng.integers(300_00, 500_00, n), rng.integers(10_00, 300_00, n))
        device = np.where(kind < 0.9, who, who // 4 * 4)
        farm, goods = rng.integers(0, FARM, n), rng.integers(0, len(CATEGORIES), n)
        for k in range(n):
            one = int(who[k])
            yield {
                "customer": name_customer(one), "amount_minor": int(amount[k]), "merchant": name_shop(int(shop[k])),
                "order": f"O{rng.integers(0, 1 << 62):016x}", "category": CATEGORIES[goods[k]],
                "scene": {
                    "device": f"farm-{farm[k]}" if farmed[k] else f"dev-{device[k]}", "address": f"addr-{one // 3}",
                    "region": f"region-{one % REGIONS}",
                },
            }  # fmt: skip

    def setup(self, folder: Path | None) -> credit.RiskSetup:
        """An engine with memory for the town and its load."""
        nodes = 3 * (self.people + self.shops) + 10_000
        size = SensorSize(entities=nodes, nodes=nodes, edges=max(100_000, 4 * self.events), keys=nodes)
        return credit.RiskSetup(RiskPlan(SCHEMA), EngineSettings(size), 8 * HOUR_US, folder)


def name_customer(number: int) -> str:
    """The lender's reference of a customer."""
    return f"C{number:07d}"


def name_shop(number: int) -> str:
    """The lender's reference of a shop."""
    return f"M{number:06d}"


def found_town(conn: psycopg.Connection, town: Town, *, clock: Clock, folder: Path | None) -> int:
    """Open the accounts, let the first purchases happen, fit the fraud model on what was reported of them, and release it with the plan
    that it reads; how many values that is."""
    today = clock.now().date()
    registry = credit.open_registry(conn)
    credit.start_book(conn, day=today)
    open_accounts(conn, registry, town, today)
    setup = town.setup(folder)
    put_in_force(conn, setup, b"")
    desk = credit.attach(conn, registry, setup)
    rng = np.random.default_rng([town.seed, 1])
    orders = list(town.draw(rng, town.taught, farm_share=TAUGHT_SHARE))
    ids: list[int] = []
    for start in range(0, town.taught, BATCH):
        commands = [make_order(order, f"taught:{start + k}") for k, order in enumerate(orders[start : start + BATCH])]
        ids += [credit.find_decision_id(one) for one in credit.execute(conn, registry, commands, now=clock.now())]
    is_farm = {i: order["scene"]["device"].startswith("farm") for i, order in zip(ids, orders, strict=True)}
    names, described = desk.engine.sensor.names, desk.engine.sensor.values
    known, values, _ = decision.read_frozen(conn, sorted(ids), signals=names)
    labels = np.array([is_farm[int(number)] for number in known], np.int8)
    settings = FitSettings(seed=town.seed, threads=1)
    settings = replace(
        settings, chosen=choose_for(values, labels, described=described, weight=np.ones(len(labels)), settings=settings)
    )
    assert settings.chosen is not None
    # As `fraud fit` does: what is served senses what the model reads, or everything that may be sensed.
    reading = replace(setup, plan=setup.plan.reading(names if town.senses_all else settings.chosen.names))
    place = {name: k for k, name in enumerate(names)}
    columns = [place[name] for name in reading.plan.names]
    fitted = fit_fraud(values[:, columns], labels, described=[described[k] for k in columns], settings=settings)
    with conn.transaction():
        digest = credit.keep_model(conn, fitted.model, reading)
    put_in_force(conn, reading, digest)
    return len(columns)


def open_accounts(conn: psycopg.Connection, registry: credit.Registry, town: Town, today: dt.date) -> None:
    """An account each, opened yesterday."""
    refs = [name_customer(k) for k in range(town.people)]
    events: NDArray[np.int64] = np.zeros((town.people, 1, EVENT), np.int64)
    events[:, 0, 0] = FactKind.ACCOUNT_OPENED
    events[:, 0, 1:6] = (to_day(today) - 1, LIMIT_MINOR, 1, 10, 1)
    with conn.transaction():
        shops = [name_shop(k) for k in range(town.shops)]
        merchants = ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=shops, currency="CNY")
        owed = np.full(town.people, merchants[0])
        credit.import_accounts(conn, registry, refs=refs, events=events, merchants=owed, rows_max=(3, 2))


def put_in_force(conn: psycopg.Connection, setup: credit.RiskSetup, digest: bytes) -> None:
    """The purchase policy with this model (none: empty), through maker and checker: two robots."""
    vocabulary = engine_vocabulary(values=setup.settings.values)
    name = f"{POLICY} of the bench" + (f" {digest.hex()[:8]}" if digest else "")
    proposal = decision.Proposal(
        name, POLICIES[POLICY], vocabulary, features_digest=setup.plan.digest, model_digest=digest, despite=DESPITE if digest else ""
    )  # fmt: skip
    with conn.transaction():
        row = decision.propose(conn, proposal, MAKER)
        decision.review(conn, row.release_id, CHECKER, approved=True)
        decision.activate(conn, row.release_id, CHECKER, role=decision.Role.CHAMPION)


def make_order(drawn: dict[str, Any], key: str) -> BuyNow:
    """A drawn purchase as a command."""
    return BuyNow(key=key, **{**drawn, "scene": Scene(**drawn["scene"])})


__all__ = ["Town", "found_town", "make_order", "name_customer", "name_shop"]
