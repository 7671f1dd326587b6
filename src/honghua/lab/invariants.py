"""What must hold of what the lab keeps of people at any time: nothing without a use, nothing of who has left (R-271, R-267)."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import Check, check_of
from honghua.customers import api as customers
from honghua.lab.profiles import store
from honghua.lab.profiles.forgetting import key_of_person
from honghua.lab.profiles.reading import find_book, find_uses
from honghua.store.invariants import check_query

AT_ONCE: Final = 5_000
KEPT: Final = """
SELECT (SELECT count(*) FROM lab_profile), ARRAY(
  SELECT 'profile ' || customer FROM lab_profile AS p WHERE NOT tags <@ %(needed)s::text[]
    OR (SELECT count(*) FROM jsonb_object_keys(evidence)) <> cardinality(tags) OR NOT evidence ?& tags
    OR EXISTS (SELECT FROM lab_tag_refused AS r WHERE r.customer = p.customer AND r.tag = ANY(p.tags))
  ORDER BY customer LIMIT %(limit)s)
"""


def check_lab(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    needed = [tag.name for tag in find_book().tags if any(use.needs(tag) for use in find_uses())]
    return (check_query(conn, "lab.profiles_have_uses", KEPT, needed=needed), check_left(conn))


def check_left(conn: psycopg.Connection) -> Check:
    """Of nobody who has left there is a profile, a refusal or a protected trait."""
    left = customers.list_left(conn)
    broken: list[str] = []
    for start in range(0, len(left), AT_ONCE):
        keys = {name: key_of_person(name) for name in left[start : start + AT_ONCE]}
        broken += [f"customer {name}" for name in store.find_kept(conn, keys)]
    return check_of("lab.left_are_forgotten", len(left), broken)


__all__ = ["check_lab"]
