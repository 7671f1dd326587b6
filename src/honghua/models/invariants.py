"""What must hold in the register of models at any time, recomputed from its rows."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import Check
from honghua.store.invariants import check_query

STANDING_IS_FOLD: Final = """
WITH chained AS (
  SELECT version_id, act_id, before, after, lag(after, 1, '') OVER w AS was, lead(act_id) OVER w IS NULL AS is_last
  FROM models_act WINDOW w AS (PARTITION BY version_id ORDER BY act_id))
SELECT (SELECT count(*) FROM models_version), ARRAY(
  SELECT 'model ' || v.version_id FROM models_version AS v LEFT JOIN models_standing AS s USING (version_id)
    LEFT JOIN chained AS c ON c.version_id = v.version_id AND c.is_last
  WHERE s.status IS NULL OR c.after IS DISTINCT FROM s.status OR (s.segment, s.purpose) <> (v.segment, v.purpose)
  UNION SELECT 'model ' || version_id FROM chained WHERE before <> was
  ORDER BY 1 LIMIT %(limit)s)
"""
ONE_CHAMPION: Final = """
SELECT (SELECT count(*) FROM models_standing WHERE status = 'champion'), ARRAY(
  SELECT 'seat ' || segment || ' / ' || purpose FROM models_standing WHERE status = 'champion'
  GROUP BY segment, purpose HAVING count(*) > 1 ORDER BY 1 LIMIT %(limit)s)
"""
# A champion passed, won out of time and was shown to be fair, or won so once and was rolled back to.
CHAMPIONS_WON: Final = """
WITH crowned AS (
  SELECT a.*, v.fitted_until, v.passed FROM models_act AS a JOIN models_version AS v USING (version_id) WHERE a.after = 'champion'),
trials AS (
  SELECT act_id, version_id,
    coalesce(passed AND (evidence ->> 'passed')::boolean
      AND (evidence ->> 'first_on')::date > fitted_until
      AND CASE WHEN evidence ->> 'rival' IS NULL THEN (evidence #>> '{auc,0}')::float8 > 0.5
        ELSE (evidence #>> '{difference,0}')::float8 > 0 END
      AND evidence -> 'fairness' <> '{}'::jsonb
      AND NOT EXISTS (SELECT FROM jsonb_each(evidence -> 'fairness') AS f WHERE f.value <> 'true'::jsonb), false) AS won
  FROM crowned WHERE evidence ->> 'rolled_back_from' IS NULL)
SELECT (SELECT count(*) FROM crowned), ARRAY(
  SELECT 'model ' || version_id FROM trials WHERE NOT won
  UNION SELECT 'model ' || c.version_id FROM crowned AS c WHERE c.evidence ->> 'rolled_back_from' IS NOT NULL
    AND NOT EXISTS (SELECT FROM trials AS t WHERE t.version_id = c.version_id AND t.won AND t.act_id < c.act_id)
  ORDER BY 1 LIMIT %(limit)s)
"""
FILES_AS_FILED: Final = """
WITH said AS (
  SELECT version_id, sha256(string_agg(convert_to(path, 'UTF8') || '\\x00'::bytea || sha256(content), ''::bytea ORDER BY path COLLATE "C"))
    AS digest FROM models_file GROUP BY version_id)
SELECT (SELECT count(*) FROM models_version), ARRAY(
  SELECT 'model ' || v.version_id FROM models_version AS v LEFT JOIN said AS s USING (version_id)
  WHERE s.digest IS DISTINCT FROM v.files_digest ORDER BY v.version_id LIMIT %(limit)s)
"""
LINEAGE_KNOWN: Final = """
SELECT (SELECT count(*) FROM models_version WHERE parent IS NOT NULL), ARRAY(
  SELECT 'model ' || v.version_id FROM models_version AS v JOIN models_version AS p ON p.version_id = v.parent
  WHERE (p.segment, p.purpose) <> (v.segment, v.purpose) OR p.number >= v.number ORDER BY v.version_id LIMIT %(limit)s)
"""
# What a night counted is at most what is there, and all of it where it says so.
NIGHTS_COUNT: Final = """
WITH there AS (SELECT version_id, on_day, count(*) AS batches, sum(rows) AS rows FROM models_scored GROUP BY version_id, on_day)
SELECT (SELECT count(*) FROM models_watch), ARRAY(
  SELECT 'model ' || w.version_id || ' ' || w.on_day FROM models_watch AS w LEFT JOIN there AS t USING (version_id, on_day)
  WHERE t.batches IS NULL OR w.batches > t.batches OR w.rows > t.rows OR (w.batches = t.batches AND w.rows <> t.rows)
  ORDER BY 1 LIMIT %(limit)s)
"""


def check_models(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the register."""
    return (
        check_query(conn, "models.standing_is_fold", STANDING_IS_FOLD),
        check_query(conn, "models.one_champion", ONE_CHAMPION),
        check_query(conn, "models.champions_won", CHAMPIONS_WON),
        check_query(conn, "models.files_as_filed", FILES_AS_FILED),
        check_query(conn, "models.lineage_known", LINEAGE_KNOWN),
        check_query(conn, "models.nights_count", NIGHTS_COUNT),
    )
