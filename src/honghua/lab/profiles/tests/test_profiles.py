"""Profiles are read for declared purposes that are written down; whoever they are of sees all of them and strikes tags out."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from honghua.base.errors import Conflict, NotFound
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.lab.factory.api import Factory, shipped_dictionary
from honghua.lab.profiles import store
from honghua.lab.profiles.api import allow_tag, allow_uses, list_own, look_at_profile, read_profile, refuse_tag
from honghua.lab.profiles.reading import find_book, find_groups, find_uses, find_words
from honghua.lab.tags.api import keep_used
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
KEPT = keep_used(find_book(), find_uses())
CREDIT = next(tag for tag in KEPT.tags if tag.group == "use of credit")
LIKES = next(tag for tag in KEPT.tags if tag.group == "preference")


@pytest.fixture
def known(conn: psycopg.Connection) -> str:
    """Somebody registered, consenting to offers, with a tag of either use."""

    def meet(c: psycopg.Connection) -> str:
        customers.publish_texts(c, now=NOW)
        who = customers.register(c, VAULT, "+8613812345678", now=NOW, customer="mu")
        version = next(text.version for text in customers.list_texts(c) if text.kind is ConsentKind.MARKETING)
        said = customers.Said(kind=ConsentKind.MARKETING, version=version, is_given=True)
        customers.say(c, who, [said], channel="web", now=NOW)
        evidence = {tag.name: dict.fromkeys(tag.evidence, 3.0) for tag in (CREDIT, LIKES)}
        store.write_profiles(c, [(who, [CREDIT.name, LIKES.name], evidence, NOW, NOW)])
        return who

    return run_unit(conn, meet)


def test_staff_see_what_their_purpose_needs_and_each_look_is_written_down(conn, known):
    access = customers.Access("rita", customers.Purpose.FRAUD_REVIEW)
    row, tags = run_unit(conn, lambda c: look_at_profile(c, known, access, now=NOW))
    assert row is not None
    assert [one.name for one in tags] == [CREDIT.name], "what is for offers no person of the staff reads"
    assert tags[0].uses == ("limits",)
    assert (find_words()[CREDIT.evidence[0]], 3.0) in tags[0].evidence
    assert [(one.fields, one.viewer, one.purpose) for one in customers.list_access(conn, known)] == [
        (["profile"], "rita", "fraud_review")
    ]
    conn.rollback()
    with pytest.raises(Conflict, match="not kept for the purpose collection"):
        run_unit(
            conn, lambda c: look_at_profile(c, known, customers.Access("carl", customers.Purpose.COLLECTION), now=NOW)
        )
    with pytest.raises(NotFound):
        run_unit(conn, lambda c: look_at_profile(c, "nobody", access, now=NOW))
    run_unit(conn, lambda c: customers.erase_person(c, known, last_dealt_on=NOW.date(), now=NOW))
    with pytest.raises(Conflict, match="has left"):
        run_unit(conn, lambda c: look_at_profile(c, known, access, now=NOW))
    assert allow_uses(conn, [known, "never registered"]) == {"never registered": frozenset({"limits"})}


def test_the_customer_sees_all_strikes_out_and_allows_again(conn, known):
    row, tags, struck = list_own(conn, known)
    assert row is not None
    assert {one.name: one.is_refusable for one in tags} == {CREDIT.name: False, LIKES.name: True}
    assert struck == ()
    conn.rollback()
    run_unit(conn, lambda c: refuse_tag(c, known, LIKES.name, now=NOW))
    assert conn.execute("SELECT tags, evidence ? %s FROM lab_profile", [LIKES.name]).fetchone() == (
        [CREDIT.name],
        False,
    )
    _, tags, struck = list_own(conn, known)
    assert ([one.name for one in tags], [tag.name for tag in struck]) == ([CREDIT.name], [LIKES.name])
    conn.rollback()
    with pytest.raises(Conflict, match="kept for limits"):
        run_unit(conn, lambda c: refuse_tag(c, known, CREDIT.name, now=NOW))
    with pytest.raises(NotFound):
        run_unit(conn, lambda c: refuse_tag(c, known, "new_parent", now=NOW))
    run_unit(conn, lambda c: allow_tag(c, known, LIKES.name))
    assert list_own(conn, known)[2] == ()


def test_a_consent_taken_back_hides_what_rested_on_it_at_once(conn, known):
    version = next(text.version for text in customers.list_texts(conn) if text.kind is ConsentKind.MARKETING)
    conn.rollback()
    no = customers.Said(kind=ConsentKind.MARKETING, version=version, is_given=False)
    run_unit(conn, lambda c: customers.say(c, known, [no], channel="web", now=NOW))
    row = read_profile(conn, known, allowed=allow_uses)
    assert row is not None
    assert row.tags == [CREDIT.name]


def test_the_kept_words_of_variables_are_the_factorys_and_every_group_has_some():
    assert {tag.group for tag in find_book().tags} == set(find_groups())
    factory = Factory(shipped_dictionary("city"))
    told = {name: factory.lineage(name) for name in KEPT.variables}
    assert find_words() == {name: (one.zh, one.en) for name, one in told.items()}
