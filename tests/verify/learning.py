"""What is learnt and kept of customers in the book: a profile, a batch of temporary limits, lots of a slice; and what breaks them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg

from honghua.allocation.api import solve
from honghua.lab.profiles import store
from honghua.lab.profiles.api import key_of_person
from honghua.lab.profiles.reading import find_book, find_uses
from honghua.limits import api as limits
from honghua.limits.core import Moment
from honghua.limits.response import api as response
from honghua.store.database import run_unit
from tests.verify.plants import plant

DAY = dt.timedelta(days=1)
PEOPLE = ("anna", "bo", "chen")
TERMS = response.CampaignTerms(margin_ppm=50_000, loss_minor=100, drawn_minor=50_000, asking_minor=1, marketing_minor=9)


def learn_of_people(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """anna has a profile; of three customers two are offered a temporary limit, one of whom is left out when the turn comes."""
    solved = solve(np.zeros((3, 1)), np.zeros((3, 1, 1), np.int64), np.array([1], np.int64))
    allotment = response.Allotment(np.array([10_000, 20_000, 0]), np.array([0, 0, 6], np.int8), solved)
    told = {"expected_loss_minor": 90, "expected_use_minor": 20_000, "asking_minor": 2}
    batch = response.Batch(name="618", from_on=now.date(), until_on=now.date() + 9 * DAY, terms=TERMS, told=told)
    at = Moment(on=now.date(), now=now + DAY)

    def work(c: psycopg.Connection) -> None:
        tag = next(tag for tag in find_book().tags if any(use.needs(tag) for use in find_uses()))
        store.write_profiles(c, [("anna", [tag.name], {tag.name: dict.fromkeys(tag.evidence, 1.0)}, now, now)])
        row = response.propose_temporary(c, batch, allotment, PEOPLE, limits.Signed("sam", "the feast"), now=now)
        signed = limits.Signed("otto", "it will do")
        response.answer_temporary(c, row.campaign_id, signed, approved=True, digest=row.digest.hex(), now=now)
        made = response.offer_piece(c, row.campaign_id, leave_bo, rulebook="r", at=at)
        assert made == (1, 1)
        lots = response.Slice(name="permanent", share_ppm=1_000_000)
        keys = np.array([key_of_person(name) for name in PEOPLE])
        none = np.zeros(len(PEOPLE), np.int64)
        rows = response.Rows(
            keys, np.zeros((len(PEOPLE), 1), np.float32), none + 1_000, np.full(len(PEOPLE), 0.5), none, none
        )
        response.keep_slice(c, lots, 1, rows, response.Labels(PEOPLE, ("a",)), now=now)

    run_unit(conn, work)


def leave_bo(_conn: psycopg.Connection, wanted: object) -> dict[str, str]:
    return {"anna": "", "bo": "OVERDUE"}


BATCH = "SELECT 'temporary ' || campaign_id, campaign_id FROM limits_temporary"
LEFT = "SELECT 'customer ' || customer, customer FROM customers_person WHERE state <> 'active' LIMIT 1"
LEARNING = (
    plant("a temporary limit is chosen after the signature", "limits.temporary_as_signed", BATCH,
        "UPDATE limits_temporary_choice SET amount_minor = 11000 WHERE customer = 'bo'"),
    plant("a choice is another customer's", "limits.temporary_as_signed", BATCH,
        "ALTER TABLE limits_temporary_choice DISABLE TRIGGER sever_only",
        "UPDATE limits_temporary_choice SET customer = 'dai' WHERE customer = 'anna'"),
    plant("a yes to something else", "limits.temporary_as_signed", BATCH,
        "UPDATE limits_temporary_act SET digest = sha256('x')"),
    plant("more is offered than was signed", "limits.temporary_given_as_signed", BATCH,
        "UPDATE limits_offer SET amount_minor = 99000 WHERE key = 'campaign:618:anna'"),
    plant("an offer beside the batch", "limits.temporary_given_as_signed", BATCH,
        "UPDATE limits_offer SET key = 'campaign:618:dai', customer = 'dai' WHERE key = 'campaign:618:anna'"),
    plant("an offer that lasts longer", "limits.temporary_given_as_signed", BATCH,
        "UPDATE limits_offer SET until_on = until_on + 1 WHERE key = 'campaign:618:anna'"),
    plant("one person alone", "limits.temporary_given_as_signed", BATCH, "UPDATE limits_temporary_act SET person = ' SAM'"),
    plant("nobody said yes", "limits.temporary_given_as_signed", BATCH, "DELETE FROM limits_temporary_act"),
    plant("a budget that was too small", "limits.temporary_within_budgets", BATCH,
        "UPDATE limits_temporary SET figures = jsonb_set(figures, '{{loss_budget_minor}}', '89')"),
    plant("a limit was not moved by lot", "limits.slices_drawn_by_lot", "SELECT 'slice permanent 1 bo'",
        "UPDATE limits_slice_row SET arm = (arm + 1) % cardinality(factors_ppm) WHERE customer = 'bo'"),
    plant("another's lot", "limits.slices_drawn_by_lot", "SELECT 'slice permanent 1 bo'",
        "UPDATE limits_slice_row SET key = key + 1 WHERE customer = 'bo'"),
    plant("a tag that nobody needs", "lab.profiles_have_uses", "SELECT 'profile anna'",
        "UPDATE lab_profile SET tags = tags || 'new_parent'::text, evidence = evidence || '{{\"new_parent\": {{}}}}'"),
    plant("a tag that was struck out", "lab.profiles_have_uses", "SELECT 'profile anna', tags[1] FROM lab_profile",
        "INSERT INTO lab_tag_refused VALUES ('anna', '{1}', now())"),
    plant("a profile of who has left", "lab.left_are_forgotten", LEFT,
        "UPDATE lab_profile SET customer = '{1}'"),
)  # fmt: skip
