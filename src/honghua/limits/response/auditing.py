"""What must hold of batches of temporary limits at any time: what went out is what was proposed and signed, in its days, in its budgets;
and of limits moved by lot: that it was the lot."""

from __future__ import annotations

from typing import Final

import numpy as np
import psycopg

from honghua.base.checks import Check, check_of
from honghua.features.core import keys_of_texts
from honghua.limits.response import store
from honghua.limits.response.campaigns import digest_batch
from honghua.limits.response.severing import mark_of
from honghua.limits.response.slicing import PPM, Slice, draw_arms
from honghua.store.invariants import check_query

# Offered is offered: each with its offer of the very amount and last day, after a second person's yes and within the batch's days; nothing
# beside the batch. A person who was severed keeps the offer under the reference that the books keep; it is counted, not matched.
GIVEN: Final = """
WITH told AS (
  SELECT t.campaign_id, t.name, t.until_on, t.author, yes.acted_at, yes.person,
    (SELECT min(acted_at) FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id AND act <> 'approved') AS ended_at
  FROM limits_temporary AS t LEFT JOIN limits_temporary_act AS yes ON yes.campaign_id = t.campaign_id AND yes.act = 'approved'),
made AS (SELECT split_part(key, ':', 2) AS name, count(*) AS offers, sum(amount_minor) AS minor FROM limits_offer
  WHERE key LIKE 'campaign:%%' AND kind = 'temporary' GROUP BY 1),
given AS (SELECT campaign_id, count(*) AS choices, sum(amount_minor) AS minor FROM limits_temporary_choice
  WHERE state = 'offered' GROUP BY 1)
SELECT (SELECT count(*) FROM limits_temporary), ARRAY(
  SELECT 'temporary ' || told.campaign_id FROM told LEFT JOIN given USING (campaign_id) LEFT JOIN made USING (name)
  WHERE (coalesce(given.choices, 0), coalesce(given.minor, 0)) <> (coalesce(made.offers, 0), coalesce(made.minor, 0))
    OR (given.choices > 0 AND (told.acted_at IS NULL OR lower(btrim(told.person)) = lower(btrim(told.author))))
    OR EXISTS (SELECT FROM limits_temporary_choice AS c
      LEFT JOIN limits_offer AS o ON o.key = 'campaign:' || told.name || ':' || c.customer
      WHERE c.campaign_id = told.campaign_id AND c.state = 'offered' AND (c.settled_at < told.acted_at OR c.settled_at > told.ended_at
        OR (c.customer NOT LIKE 'left:%%' AND (o.amount_minor, o.until_on) IS DISTINCT FROM (c.amount_minor, told.until_on))))
  ORDER BY 1 LIMIT %(limit)s)
"""
BUDGETS: Final = """
WITH told AS (
  SELECT campaign_id, c.chosen, c.given,
    (figures ->> 'offered_minor')::bigint AS offered,
    ARRAY[figures ->> 'expected_loss_minor', figures ->> 'expected_use_minor', figures ->> 'asking_minor']::numeric[] AS spent,
    ARRAY[figures ->> 'loss_budget_minor', figures ->> 'drawn_budget_minor', figures ->> 'marketing_budget_minor']::numeric[] AS room
  FROM limits_temporary AS t, LATERAL (
    SELECT coalesce(sum(amount_minor), 0) AS chosen, coalesce(sum(amount_minor) FILTER (WHERE state = 'offered'), 0) AS given
    FROM limits_temporary_choice AS c WHERE c.campaign_id = t.campaign_id) AS c)
SELECT (SELECT count(*) FROM told), ARRAY(
  SELECT 'temporary ' || campaign_id FROM told WHERE chosen IS DISTINCT FROM offered OR given > chosen
    OR EXISTS (SELECT FROM unnest(spent, room) AS pair (spent, room) WHERE pair.spent > pair.room)
  ORDER BY 1 LIMIT %(limit)s)
"""


def check_temporary(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    return (
        check_signed(conn),
        check_query(conn, "limits.temporary_given_as_signed", GIVEN),
        check_query(conn, "limits.temporary_within_budgets", BUDGETS),
        check_lots(conn),
    )


def check_signed(conn: psycopg.Connection) -> Check:
    """Every batch is what its digest says, and so is every word on it; every mark is its customer's where the salt is there."""
    broken, count = [], 0
    for row in store.list_campaigns(conn, limit=None):
        count += 1
        choices = store.read_choices(conn, row.campaign_id)
        bound = [(name if mark is None else mark.hex(), amount, why) for name, amount, why, _, mark in choices]
        is_whole = digest_batch(row.name, (row.from_on, row.until_on), row.figures, bound) == row.digest
        are_theirs = all(salt is None or mark_of(salt, name) == mark for name, _, _, salt, mark in choices)
        if not (is_whole and are_theirs and all(digest == row.digest for digest in row.digests)):
            broken.append(f"temporary {row.campaign_id}")
    return check_of("limits.temporary_as_signed", count, broken)


def check_lots(conn: psycopg.Connection) -> Check:
    """Every row of a slice has the arm that its key draws in its period, and the key of its customer, unless that one has left."""
    broken, count = [], 0
    for slice_, period, factors in store.list_periods(conn):
        rows = store.read_lots(conn, slice_, period, factors)
        keys = np.array([key for _, key, _ in rows], np.int64)
        lots = Slice(
            name=slice_, share_ppm=PPM, factors_ppm=tuple(factors)
        )  # whoever is in it: the share was another day's
        drawn = draw_arms(lots, keys, period=period)
        own = keys_of_texts([name for name, _, _ in rows])
        count += len(rows)
        broken += [
            f"slice {slice_} {period} {name}"
            for (name, key, arm), lot, mine in zip(rows, drawn.tolist(), own.tolist(), strict=True)
            if arm != lot or key != mine
        ]
    return check_of("limits.slices_drawn_by_lot", count, broken)


__all__ = ["check_temporary"]
