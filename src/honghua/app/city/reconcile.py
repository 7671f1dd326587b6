"""After the drill: every answer that a client heard is looked for in the books, and every booking in the answers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from honghua.app.city.rush import Rush
from honghua.app.verifying import verify
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.store.commands import list_answers
from honghua.store.database import Database, connect
from honghua.store.facts import read_facts_after

PAGE: Final = 200_000
BOUGHT: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED)


def reconcile(database: Database, rush: Rush) -> dict[str, Any]:
    """lost: heard as done and not in the books; doubled: booked more than once, or with no answer; ok: all of it and `verify`."""
    with connect(database) as conn:
        stored = dict(list_answers(conn, rush.town.platform.names.prefix))
        booked = _booked(conn)
        trial = sum(ledger.trial_balance(conn, currency="CNY").values())
    heard = {key: answer for key, answer in rush.answers.items() if answer["outcome"] in ("approved", "done")}
    lost = [key for key in rush.answers if key not in stored]
    different = [key for key, answer in rush.answers.items() if key in stored and stored[key] != dict(answer)]
    references: dict[str, int] = {}
    for reference, _ in booked.values():
        references[reference] = references.get(reference, 0) + 1
    mine = {order.order for order in rush.orders}
    accepted_orders: dict[str, int] = {}
    accepted_minor = 0
    for key, answer in heard.items():
        if "purchase_id" in answer and answer["outcome"] == "approved":
            number = int(answer["purchase_id"])
            reference, amount = booked.get(number, ("", 0))
            granted = int(answer.get("amount_minor") or answer.get("held_minor") or 0)
            if not reference or amount != granted:
                lost.append(key)
            accepted_orders[reference] = accepted_orders.get(reference, 0) + 1
            accepted_minor += granted
    doubled = sorted(
        reference
        for reference, count in references.items()
        if reference in mine and count != accepted_orders.get(reference, 0)
    )
    doubled += sorted(reference for reference, count in accepted_orders.items() if count > 1)
    checks = verify(database)
    broken = [check.name for check in checks if not check.ok]
    unanswered = sum(word == "" for word in rush.first_word)
    sound = not (lost or doubled or different or broken or trial or unanswered or rush.counts["contradicted"])
    return {
        "accepted": sum(accepted_orders.values()), "booked": sum(references.get(reference, 0) for reference in mine),
        "accepted_minor": accepted_minor, "lost": len(lost), "doubled": len(doubled), "answers_changed": len(different),
        "unanswered": unanswered, "trial_balance_minor": trial, "verified": len(checks), "broken": broken, "ok": sound,
    }  # fmt: skip


def _booked(conn: Any) -> dict[int, tuple[str, int]]:
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
