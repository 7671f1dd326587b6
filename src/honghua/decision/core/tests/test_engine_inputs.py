"""What facts other than purchases teach the engine."""

from __future__ import annotations

from honghua.decision.core import LIVE_SCHEMA, EventMaker, Keys
from honghua.facts.kinds import Fact, FactKind
from honghua.features.core import EventKind


def test_a_temporary_limit_is_a_raise_and_its_early_end_none():
    maker, keys = EventMaker(LIVE_SCHEMA), Keys(lambda k: k, lambda k: k, lambda k: k)

    def taught(amount_minor: int) -> list[int] | None:
        return maker.follow(Fact(FactKind.TEMPORARY_LIMIT_GRANTED, 7, 0, 0, amount_minor), keys, 1_000)

    raised = taught(5_000)
    assert raised is not None
    assert raised[:3] == [1_000, EventKind.LIMIT_RAISED, 5_000]
    assert taught(0) is None
