"""Sealing everything: all blocks, then nothing more to do."""

from __future__ import annotations

from honghua.ledger import api
from honghua.ledger.core import Component, OwnerKind, account_key, entry_batch
from honghua.ledger.jobs import seal_all


def test_it_seals_to_the_end_and_then_nothing(conn):
    with conn.transaction():
        first, second = api.open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=["a", "b"], currency="CNY").tolist()
    for amount in range(1, 8):
        lines = [
            (account_key(first, Component.BANK_CLEARING), amount),
            (account_key(second, Component.BANK_CLEARING), -amount),
        ]
        entry = {"owner_id": first, "kind": 8, "value_on": 20_000, "booked_on": 20_000, "lines": lines}
        with conn.transaction():
            api.post_entries(conn, entry_batch([entry], currency="CNY"))
    assert seal_all(conn, max_entries=3) == 7
    assert seal_all(conn) == 0
    state = api.read_seal_state(conn)
    assert (state.entries_sealed, state.entries_open) == (7, 0)
    assert state.blocks >= 3
