"""`honghua bench bureau`: questions a second to a simulated credit bureau of ten million people, beside the same question in SQL.

R-262: 19.71 million questions a day are 228 a second on average; ten times that is the promise.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput
from honghua.bureau.api import (
    INQUIRY_POLICY,
    Asking,
    BureauSimulator,
    Consent,
    People,
    Purpose,
    check_answer,
    list_digests,
    make_people,
)
from honghua.store.database import connect, scratch_database
from honghua.store.settings import StoreSettings

ROUNDS: Final = 5
DAY: Final = dt.date(2026, 3, 2)
NOW: Final = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
PEOPLE_ALL: Final = 810_000_000  # in the real bureau
SCHEMA: Final = """
CREATE TEMPORARY TABLE person (key bytea PRIMARY KEY, person_id bigint NOT NULL);
CREATE TEMPORARY TABLE held (person_id bigint NOT NULL, lender integer NOT NULL, line bigint NOT NULL, balance bigint NOT NULL,
  due bigint NOT NULL, overdue bigint NOT NULL, class smallint NOT NULL, worst smallint NOT NULL);
CREATE TEMPORARY TABLE asked (person_id bigint NOT NULL, on_day date NOT NULL);
"""
INDEXES: Final = (
    "CREATE INDEX ON held (person_id); CREATE INDEX ON asked (person_id); ANALYZE person; ANALYZE held; ANALYZE asked"
)
FIND: Final = "SELECT person_id FROM person WHERE key = %s"
SUM_UP: Final = """
SELECT count(DISTINCT lender), count(*), coalesce(sum(line), 0), coalesce(sum(balance), 0), coalesce(sum(due), 0),
  count(*) FILTER (WHERE overdue > 0), coalesce(sum(overdue), 0), coalesce(max(worst), 0), coalesce(max(class), 1),
  (SELECT count(*) FROM asked WHERE person_id = %(person)s AND on_day > %(day)s::date - 90),
  (SELECT count(*) FROM asked WHERE person_id = %(person)s AND on_day > %(day)s::date - 182)
FROM held WHERE person_id = %(person)s
"""
REMEMBER: Final = "INSERT INTO asked VALUES (%(person)s, %(day)s)"


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "bureau", help="questions/s to a simulated credit bureau of ten million people, beside PostgreSQL"
    )
    parser.add_argument("--people", type=int, default=10_000_000)
    parser.add_argument("--questions", type=int, default=100_000, help="of one round")
    parser.add_argument("--sample", type=int, default=100_000, help="people in PostgreSQL's tables")
    parser.add_argument("--peer-questions", type=int, default=3_000, help="of one round of PostgreSQL's")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Load, ask one question a call, check and encode each answer; then the same of a sample in SQL; medians of rounds."""
    if min(args.people, args.questions, args.sample, args.peer_questions) < 1 or args.sample > args.people:
        raise BadInput("at least one of each, and no more in the sample than people", code="BAD_SIZE")
    started = time.perf_counter()
    people = make_people(args.people, seed=args.seed, told=lambda done: print(f"\r{done:,}", end="", file=sys.stderr))
    loaded_s = time.perf_counter() - started
    simulator = BureauSimulator(people, lambda: DAY)
    ask_one = make_asker(simulator)
    rates, p99s = measure(
        ask_one, [list_digests(args.questions, people=args.people, seed=args.seed + k) for k in range(ROUNDS + 1)]
    )
    peer_rates, peer_p99s = measure_peer(args, store)
    rate, peer = statistics.median(rates), statistics.median(peer_rates)
    per_person = people.bytes_used / args.people
    return {
        "queries_per_s": round(rate), "p99_ms": round(statistics.median(p99s), 4), "promised_per_s": 2_280, "persons": args.people,
        "accounts": len(people.lenders), "bytes_per_person": round(per_person, 1), "load_s": round(loaded_s, 1),
        "projected_gb_all": round(per_person * PEOPLE_ALL / 2**30, 1), "callers": 1, "encoded": "JSON, checked by the asker",
        "peer": {
            "name": "PostgreSQL, same question, prepared, one connection", "persons": args.sample,
            "queries_per_s": round(peer), "p99_ms": round(statistics.median(peer_p99s), 3),
        },
        "ratio": round(rate / peer, 1),
        "multi_lender": find_stretched(people),
    }  # fmt: skip


def make_asker(simulator: BureauSimulator) -> Callable[[bytes], object]:
    """One question from end to end: asked, put into JSON and read back, checked as `inquire` checks it."""
    consent = Consent(kind="credit_bureau", version=1, given_at=NOW)

    def ask_one(digest: bytes) -> object:
        asking = Asking(customer="c", national_id_digest=digest, purpose=Purpose.APPROVAL, consent=consent)
        answer = simulator.ask(digest, reason_code="02")
        wire = json.dumps(dict(answer.body))
        outcome, why, found = check_answer(asking, answer, INQUIRY_POLICY, today=DAY)
        assert outcome == "answered", why
        return wire, found

    return ask_one


def measure(ask_one: Callable[[bytes], object], rounds: Sequence[Sequence[bytes]]) -> tuple[list[float], list[float]]:
    """Questions a second and the 99th percentile, ms, of each round; the first warms up."""
    rates, p99s = [], []
    for k, questions in enumerate(rounds):
        took = np.empty(len(questions))
        started = time.perf_counter()
        for n, digest in enumerate(questions):
            began = time.perf_counter()
            ask_one(digest)
            took[n] = time.perf_counter() - began
        seconds = time.perf_counter() - started
        if k:
            rates.append(len(questions) / seconds)
            p99s.append(float(np.percentile(took, 99)) * 1_000)
    return rates, p99s


def measure_peer(args: argparse.Namespace, store: StoreSettings) -> tuple[list[float], list[float]]:
    """The same people (a sample) in tables with indexes, the same figures by SQL, each inquiry remembered as ours is."""
    people = make_people(args.sample, seed=args.seed)
    rounds = [list_digests(args.peer_questions, people=args.sample, seed=args.seed + k) for k in range(ROUNDS + 1)]
    with scratch_database(store) as database, connect(database, owner=True) as conn, conn.transaction():
        fill(conn, people)

        def ask_one(digest: bytes) -> object:
            found = conn.execute(FIND, [digest[:8]], prepare=True).fetchone()
            if found is None:
                return None
            values = {"person": found[0], "day": DAY}
            row = conn.execute(SUM_UP, values, prepare=True).fetchone()
            conn.execute(REMEMBER, values, prepare=True)
            return row

        return measure(ask_one, rounds)


def fill(conn: psycopg.Connection, people: People) -> None:
    """Tables of the sample."""
    conn.execute(SCHEMA)
    owner = people.owners()
    worst = people.worst_statuses()
    with conn.cursor() as cursor:
        with cursor.copy("COPY person FROM STDIN") as copy:
            for k, key in enumerate(people.keys.tolist()):
                copy.write_row((int(key).to_bytes(8, "big"), k))
        with cursor.copy("COPY held FROM STDIN") as copy:
            amounts = (people.amounts.astype(np.int64) * 100).tolist()
            columns = zip(owner.tolist(), people.lenders.tolist(), amounts, people.classes.tolist(), worst.tolist())
            for person, lender, four, risk_class, late in columns:
                copy.write_row((person, lender, *four, risk_class, late))
    conn.execute(INDEXES)


def find_stretched(people: People, *, false_rate: float = 0.05) -> dict[str, float]:
    """R-064: of the people with debts at many lenders, how many the number of lenders tells, at a fixed share of false alarms."""
    lenders = people.count_lenders()
    others = lenders[~people.stretched]
    bound = next(k for k in range(64) if float((others >= k).mean()) <= false_rate)
    return {
        "lenders_at_least": bound,
        "false_positive_rate": round(float((others >= bound).mean()), 4),
        "recall": round(float((lenders[people.stretched] >= bound).mean()), 4),
    }
