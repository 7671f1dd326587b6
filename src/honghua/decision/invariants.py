"""What must hold among decision records and the policy store: known, approved by two, and judged again the same."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.decision import store, store_control, store_judged
from honghua.decision.core import evaluate
from honghua.decision.core.policy import BUNDLES, FEATURES
from honghua.decision.lists import load_book
from honghua.decision.replaying import Replayed, Replayer
from honghua.store.invariants import check_query

DIGESTS_REFOLDED: Final = 20  # list contents that are folded again from their events, the newest ones

# A release that judged or may judge was approved by somebody else than its author, last word counting; what came with the
# program has its authors and its release.
BY_TWO: Final = """
WITH used AS (
  SELECT champion AS release_id FROM decision_lineup UNION SELECT challenger FROM decision_lineup WHERE challenger IS NOT NULL
  UNION SELECT unnest(shadows) FROM decision_lineup UNION SELECT DISTINCT bundle_id FROM decision_judged)
SELECT (SELECT count(*) FROM used), ARRAY(
  SELECT 'release ' || used.release_id FROM used LEFT JOIN decision_release AS made USING (release_id)
  WHERE NOT EXISTS (
    SELECT FROM decision_review AS seen JOIN decision_bundle AS bundle ON bundle.bundle_id = seen.release_id
    WHERE seen.release_id = used.release_id AND seen.approved AND seen.digest = bundle.digest
      AND lower(btrim(seen.reviewer)) <> lower(btrim(made.author)))
  ORDER BY 1 LIMIT %(limit)s)
"""
REGIMES_KNOWN: Final = """
WITH used AS (SELECT regime_id, count(*) AS records, min(decision_id) AS first FROM decision_judged GROUP BY 1)
SELECT coalesce((SELECT sum(records) FROM used), 0), ARRAY(
  SELECT 'decision ' || first FROM used LEFT JOIN decision_regime AS regime USING (regime_id)
  LEFT JOIN decision_lineup AS lineup USING (lineup_id) LEFT JOIN decision_layout AS layout USING (layout_id)
  WHERE lineup.lineup_id IS NULL OR layout.layout_id IS NULL ORDER BY first LIMIT %(limit)s)
"""
MODELS_KNOWN: Final = """
WITH used AS (
  SELECT model_digest FROM decision_regime
  WHERE octet_length(model_digest) > 0 AND regime_id IN (SELECT regime_id FROM decision_judged)
  UNION SELECT credit_digest FROM decision_release
  WHERE octet_length(credit_digest) > 0 AND release_id IN (SELECT bundle_id FROM decision_judged))
SELECT (SELECT count(*) FROM used), ARRAY(
  SELECT 'model ' || left(encode(model_digest, 'hex'), 16) FROM used
  WHERE NOT EXISTS (SELECT FROM decision_model AS kept WHERE kept.digest = used.model_digest) LIMIT %(limit)s)
"""
SHADOWS_COUNTED: Final = """
WITH counted AS (
  SELECT shadow_id, live_id, sum(pairs[3 * i + 3]) AS judged,
    sum(pairs[3 * i + 3]) FILTER (WHERE pairs[3 * i + 1] <> pairs[3 * i + 2]) AS unlike
  FROM decision_shadow_count, generate_series(0, cardinality(pairs) / 3 - 1) AS i GROUP BY 1, 2),
listed AS (
  SELECT shadow_id, live_id, count(*) AS unlike FROM decision_shadow_difference WHERE outcome <> outcome_live GROUP BY 1, 2)
SELECT (SELECT count(*) FROM counted), ARRAY(
  SELECT 'shadow ' || shadow_id || ' beside ' || live_id FROM counted FULL JOIN listed USING (shadow_id, live_id)
  WHERE coalesce(counted.unlike, 0) <> coalesce(listed.unlike, 0) LIMIT %(limit)s)
"""


def check_decisions(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the room. Records are streamed and judged again, ~5 µs each; their models run in `decision replay`."""
    return (
        check_query(conn, "decision.releases_by_two", BY_TWO),
        check_query(conn, "decision.regimes_known", REGIMES_KNOWN),
        check_query(conn, "decision.models_known", MODELS_KNOWN),
        check_query(conn, "decision.shadows_counted", SHADOWS_COUNTED),
        _check_lists(conn),
        _check_replay(conn),
    )


def _check_lists(conn: psycopg.Connection) -> Check:
    """Every regime's lists are content that was seen; the newest contents are the fold of their events."""
    seen = store_control.list_lists_seen(conn)
    digests = {regime.lists_digest for regime in store_judged.list_regimes(conn).values()}
    broken = [f"lists {digest.hex()[:16]}" for digest in sorted(digests) if digest not in seen]
    for digest, change_id in sorted(seen.items(), key=lambda item: item[1])[-DIGESTS_REFOLDED:]:
        if load_book(conn, until_change=change_id).digest != digest:
            broken.append(f"lists {digest.hex()[:16]}")
    return check_of("decision.lists_known", len(digests), broken)


def _check_replay(conn: psycopg.Connection) -> Check:
    replayer = Replayer(conn)
    found = Replayed()
    for page in store_judged.iterate_pages(conn, ids=None, sample=None):
        replayer.replay(page, found)
        del found.different[BROKEN_IDS_MAX:]
    broken = [f"decision {difference.decision_id}" for difference in found.different]
    count = found.count
    digests = store.list_bundles(conn)
    for decision_id, bundle_id, outcome, reason, vector in store.iterate_decisions(conn, ids=None, sample=None):
        count += 1
        digest = digests.get(bundle_id)
        same = digest in BUNDLES and len(vector) == len(FEATURES) and None not in vector
        if same and digest is not None:
            verdict = evaluate(digest, vector)
            same = (int(verdict.outcome), verdict.code) == (outcome, reason)
        if not same and len(broken) < BROKEN_IDS_MAX:
            broken.append(f"decision {decision_id}")
    return check_of("decision.replay_identical", count, broken)
