"""After the drill: every answer that a client heard is looked for in the books, and every booking in the answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import psycopg

from honghua.app.drill.calls import Answer
from honghua.app.drill.rush import Rush
from honghua.app.verifying import verify
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.sim.api import amount_of
from honghua.store.commands import list_answers
from honghua.store.database import Database, connect
from honghua.store.facts import read_facts_after
from honghua.web.api.purchases_wire import command_key

PAGE: Final = 200_000
BOUGHT: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED)


def reconcile(database: Database, rush: Rush, *, partner_id: int) -> dict[str, Any]:
    """lost: heard as done and not in the books; doubled: booked more than once, or with no answer; ghosts: booked though a client was
    told no; ok: all of it and `verify`."""
    mine = command_key(partner_id, "")
    with connect(database) as conn:
        stored = {key.removeprefix(mine): answer for key, answer in list_answers(conn, mine)}
        booked = _booked(conn)
        trial = sum(ledger.trial_balance(conn, currency="CNY").values())
    judged = {key: answer for key, answer in rush.answers.items() if "status" not in answer}
    lost = [key for key in judged if key not in stored]
    different = [key for key, answer in judged.items() if key in stored and plain(stored[key]) != dict(answer)]
    ghosts = [key for key in rush.answers.keys() - judged.keys() if stored.get(key, {}).get("outcome") == "approved"]
    references = Counter(reference for reference, _ in booked.values())
    accepted = {key: answer for key, answer in judged.items() if answer["outcome"] == "approved"}
    heard = Counter(booked.get(int(answer["purchase_id"]), ("", 0))[0] for answer in accepted.values())
    lost += [
        key
        for key, answer in accepted.items()
        if booked.get(int(answer["purchase_id"]), ("", 0))[1] != amount_of(answer)
    ]
    orders = {order.order for order in rush.orders}
    doubled = [reference for reference in orders if references[reference] != heard[reference]]
    doubled += [reference for reference, count in heard.items() if count > 1]
    checks = verify(database)
    broken = [check.name for check in checks if not check.ok]
    unanswered = sum(word == "" for word in rush.first_word) + len(rush.sent)
    sound = not (
        lost or doubled or different or ghosts or broken or trial or unanswered or rush.counts["contradicted"]
    )  # fmt: skip
    return {
        "accepted": len(accepted), "booked": sum(references[reference] for reference in orders),
        "accepted_minor": sum(map(amount_of, accepted.values())), "lost": len(lost), "doubled": len(doubled), "ghosts": len(ghosts),
        "answers_changed": len(different), "unanswered": unanswered, "trial_balance_minor": trial, "verified": len(checks),
        "broken": broken, "ok": sound,
    }  # fmt: skip


def plain(answer: Answer) -> Mapping[str, Any]:
    """A stored answer as JSON tells it, for comparison with what came over the wire."""
    told: dict[str, Any] = json.loads(json.dumps(dict(answer)))
    told.pop("repeated", None)
    return told


def _booked(conn: psycopg.Connection) -> dict[int, tuple[str, int]]:
    """Purchases in the facts: purchase id → (order, amount), the first fact of each."""
    found: dict[int, tuple[str, int]] = {}
    cursor = 0
    while True:
        facts = read_facts_after(conn, cursor, limit=PAGE)
        if not len(facts):
            return found
        cursor = int(facts.fact_id[-1])
        rows = np.flatnonzero(np.isin(facts.kind, BOUGHT) & (facts.command_id == facts.purchase_id))
        numbers, amounts = facts.purchase_id[rows].tolist(), facts.amount_minor[rows].tolist()
        for row, number, amount in zip(rows.tolist(), numbers, amounts):
            reference = facts.reference[row] or ""
            assert number not in found, f"purchase {number} has two first facts"
            found[number] = (reference, amount)


__all__ = ["reconcile"]
