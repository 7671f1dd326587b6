"""The registry of fields: every column that could hold something personal has purpose, ground and retention, and nothing is stale."""

from __future__ import annotations

import psycopg

from honghua.customers.api import About, find_unregistered, load_registry


def test_the_registry_knows_every_table_and_every_text(conn: psycopg.Connection):
    """A new table or text column: add it to customers/data/fields.csv, with purpose, ground and retention."""
    assert find_unregistered(conn, load_registry()) == []


def test_what_is_missing_stale_or_without_ground_is_named(owner_conn: psycopg.Connection):
    registry = load_registry()
    owner_conn.execute("ALTER TABLE customers_person ADD COLUMN nickname text")
    owner_conn.execute("CREATE TABLE web_guess (guess text)")
    owner_conn.execute("ALTER TABLE customers_offer RENAME COLUMN channel TO way")
    grounds = [row for row in registry if row.table != "customers_link"]
    link = next(row for row in registry if row.table == "customers_link")
    bad = type(link)(link.table, link.texts, About.INDEX, "because", "-", "for ever")
    assert find_unregistered(owner_conn, (*grounds, bad)) == [
        "web_guess is not in the registry",
        "customers_offer.way is not in the registry",
        "customers_offer.channel is registered and does not exist",
        "customers_person.nickname is not in the registry",
        "customers_link has no purpose, ground or retention",
    ]


def test_personal_rows_say_what_for():
    personal = [row for row in load_registry() if row.is_personal]
    assert len(personal) > 60
    assert {row.about for row in personal} >= {About.PERSON, About.SEALED, About.INDEX, About.KEY, About.STAFF}
    assert all(len(row.purpose) > 8 and len(row.retention) > 4 for row in personal)
