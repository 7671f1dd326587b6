"""What must hold of prudence: what two persons granted is what the books did, no more and no less."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import psycopg

from honghua.base.checks import Check, check_of
from honghua.credit.core.prudence.evidence import name_pack
from honghua.facts.kinds import FactKind
from honghua.store.commands import CausedFact, list_caused
from honghua.store.invariants import check_query

PACKS_BY_TWO: Final = """
SELECT (SELECT count(*) FROM credit_write_off_pack WHERE outcome = 'written_off'), ARRAY(
  SELECT 'pack ' || pack_id FROM credit_write_off_pack AS pack WHERE outcome = 'written_off' AND (
    SELECT count(*) FROM credit_write_off_approval AS word WHERE word.pack_id = pack.pack_id AND word.digest = pack.digest) < 2
  ORDER BY pack_id LIMIT %(limit)s)
"""
LOSSES_WITHIN_EXPOSURE: Final = """
SELECT (SELECT count(*) FROM credit_loss_run), ARRAY(
  SELECT 'loss run ' || run_id FROM credit_loss_run AS run WHERE EXISTS (
    SELECT FROM credit_loss_line AS line WHERE line.run_id = run.run_id AND line.loss_minor > line.claim_minor + line.undrawn_minor)
  ORDER BY run_id LIMIT %(limit)s)
"""


def check_prudence(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of prudence."""
    return (
        check_reliefs(conn),
        check_packs(conn),
        check_query(conn, "credit.packs_by_two", PACKS_BY_TWO),
        check_query(conn, "credit.losses_within_exposure", LOSSES_WITHIN_EXPOSURE),
    )


def check_reliefs(conn: psycopg.Connection) -> Check:
    """Each granted relief is one fact of its amount on its account, and no fact waives what was not asked for."""
    waived = _by_number(list_caused(conn, FactKind.CHARGES_WAIVED, prefix="relief/"))
    reliefs = conn.execute("SELECT relief_id, account_id, amount_minor, state FROM credit_relief").fetchall()
    broken = {f"relief {number}" for number in waived.keys() - {relief_id for relief_id, *_ in reliefs}}
    for relief_id, account_id, amount_minor, state in reliefs:
        facts = [(fact.account_id, fact.amount_minor) for fact in waived.get(relief_id, [])]
        meant = [(account_id, amount_minor)]
        # waiting: booked, and the word not yet kept, as after a crash
        if facts != (meant if state == "granted" else []) and not (state == "waiting" and facts == meant):
            broken.add(f"relief {relief_id}")
    return check_of("credit.reliefs_are_facts", len(reliefs), sorted(broken))


def check_packs(conn: psycopg.Connection) -> Check:
    """Each pack written off is one fact of its account that names its digest, and no fact names a pack that was not."""
    booked = _by_number(list_caused(conn, FactKind.WRITTEN_OFF, prefix="write-off/"))
    packs = conn.execute("SELECT pack_id, account_id, outcome, digest FROM credit_write_off_pack").fetchall()
    broken = {f"pack {number}" for number in booked.keys() - {pack_id for pack_id, *_ in packs}}
    for pack_id, account_id, outcome, digest in packs:
        facts = [(fact.account_id, (fact.detail or {}).get("evidence")) for fact in booked.get(pack_id, [])]
        meant = [(account_id, [name_pack(pack_id, bytes(digest))])] if digest is not None else []
        if facts != (meant if outcome == "written_off" else []) and not (outcome is None and meant and facts == meant):
            broken.add(f"pack {pack_id}")
    return check_of("credit.packs_are_facts", len(packs), sorted(broken))


def _by_number(facts: Iterable[CausedFact]) -> dict[int, list[CausedFact]]:
    """Facts by the number in the key of their command: relief/17/0."""
    found: dict[int, list[CausedFact]] = {}
    for fact in facts:
        found.setdefault(int(fact.key.split("/")[1]), []).append(fact)
    return found


__all__ = ["check_packs", "check_prudence", "check_reliefs"]
