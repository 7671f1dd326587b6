"""What must hold of decisions that evidence led to: without evidence no ceiling stands above the one before any."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import Check
from honghua.store.invariants import check_query

EVIDENCE_ENDS: Final = """
SELECT (SELECT count(*) FROM credit_evidence_decision), ARRAY(
  SELECT 'evidence decision ' || decision_id FROM credit_evidence_decision
  WHERE (cardinality(materials) = 0 AND ceiling_to_minor > base_minor) OR (offered_minor > ceiling_to_minor)
    OR (code = 'EVIDENCE' AND (cardinality(materials) = 0 OR cardinality(named) = 0))
  ORDER BY decision_id LIMIT %(limit)s)
"""


def check_evidence(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    return (check_query(conn, "credit.evidence_ends", EVIDENCE_ENDS),)


__all__ = ["check_evidence"]
