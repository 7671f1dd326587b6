"""Campaigns by the million: the same terms for many merchants at once, as a platform's sale brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.merchants import store_campaigns as store
from honghua.merchants.core.campaigns import Draft, check_draft
from honghua.store.ids import allocate

ROWS_AT_ONCE: Final = 50_000


def start_many(
    conn: psycopg.Connection, draft: Draft, merchants: Sequence[str], *, made_by: str, offered: Sequence[int]
) -> int:
    """One campaign a merchant, all with the draft's terms and a budget of their own; how many. In the caller's transaction.

    At most `ROWS_AT_ONCE` at once: a transaction stays short. BadInput when the draft is wrong; its dates may lie in the past.
    """
    if len(merchants) > ROWS_AT_ONCE:
        raise BadInput(f"at most {ROWS_AT_ONCE} campaigns at once")
    problems = check_draft(replace(draft, merchant="any"), offered=offered, now=draft.starts_at)
    if problems:
        raise BadInput("; ".join(str(problem) for problem in problems), code="CAMPAIGN_INVALID")
    ids = allocate(conn, "merchants_campaign_id", len(merchants)).tolist()
    store.insert_campaigns(conn, draft, list(zip(ids, merchants, strict=True)), made_by=made_by)
    return len(ids)
