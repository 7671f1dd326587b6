"""`honghua approval …`: how approval does on simulated applicants, batch offers, recorded applications judged again, and who waits."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

from rich.console import Console

from honghua.app.approval.dynamics.measuring import measure_dynamics
from honghua.app.approval.fitting import card_source, fit_cards
from honghua.app.approval.latency import measure_latency
from honghua.app.approval.measuring import describe, measure
from honghua.app.approval.offering import measure_offers
from honghua.app.book import open_book, to_plain
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.limits import api as limits
from honghua.limits.core import Rulebook
from honghua.sim.api import make_applicants

PEOPLE_EACH = 2  # people of the city for each applicant, so that the young and those who never apply are there, too
PEOPLE_MIN = 2_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `approval` and its actions."""
    parser = verbs.add_parser("approval")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    measured = actions.add_parser("measure", help="judge simulated applicants whose truth is known")
    measured.add_argument(
        "--applicants", type=int, default=4_000, help="how many (%(default)s); about 20 ms of CPU each"
    )
    measured.add_argument("--seed", type=int, default=22, help="of the city (%(default)s)")
    measured.add_argument(
        "--fit", type=int, metavar="SEED", help="fit new cards on the city of this seed first, and print them"
    )
    offers = actions.add_parser("offers", help="choose customers for temporary limits, many at once")
    offers.add_argument("--customers", type=int, default=5_000_000, help="how many to choose among (%(default)s)")
    offers.add_argument("--seed", type=int, default=1, help="of the audience (%(default)s)")
    timed = actions.add_parser("latency", help="from an event to the limit that follows, in a scratch database")
    timed.add_argument("--accounts", type=int, default=2_000, help="how many (%(default)s)")
    timed.add_argument("--rounds", type=int, default=5, help="of reports (%(default)s)")
    dynamics = actions.add_parser(
        "dynamics",
        help="limits that move with conduct: thin files, loss by segment, scores in life, on simulated lives",
    )
    dynamics.add_argument(
        "--applicants", type=int, default=3_000, help="of each city (%(default)s); about 6 ms of CPU each"
    )
    dynamics.add_argument(
        "--cities", type=int, default=12, help="how many; to choose on: the first two fifths (%(default)s)"
    )
    dynamics.add_argument("--seed", type=int, default=405, help="of the first city (%(default)s)")
    dynamics.add_argument("--target", type=float, default=0.01, help="most lost of what is bought (%(default)s)")
    replayed = actions.add_parser("replay", help="judge recorded applications again, bit for bit")
    replayed.add_argument("--sample", type=int, help="a spread sample of so many")
    waiting = actions.add_parser("waiting", help="applications that wait for a person")
    for action in (measured, offers, timed, dynamics, replayed, waiting):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action."""
    started = time.perf_counter()
    if args.action == "measure":
        found = _measure(args)
    elif args.action == "offers":
        found = measure_offers(Rulebook().terms, customers=args.customers, seed=args.seed)
    elif args.action == "dynamics":
        seeds = range(args.seed, args.seed + args.cities)
        found = measure_dynamics(
            Rulebook(), seeds=seeds, count=args.applicants, target=args.target, train=max(args.cities * 2 // 5, 1)
        )
    elif args.action == "latency":
        found = measure_latency(settings.store, accounts=args.accounts, rounds=args.rounds)
    else:
        with open_book(settings, may_be_empty=True) as book:
            if args.action == "replay":
                count, different = limits.replay_applications(book.conn, sample=args.sample)
                found = {"replayed": count, "different": len(different), "ids": different}
            else:
                found = {"waiting": to_plain(limits.list_applications(book.conn))}
    if args.json:
        print_json({**report_header(seed=getattr(args, "seed", None), started=started), **found})
    else:
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for name, value in found.items():
            console.print(f"{name}: {value}")
    return 1 if found.get("different") else 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    people = max(PEOPLE_MIN, args.applicants * PEOPLE_EACH)
    book, cards = Rulebook(), {}
    if args.fit is not None:
        lives = [make_applicants(people=people, seed=args.fit, count=args.applicants, future=k) for k in range(2)]
        willing, able = fit_cards(
            lives, trained_on=f"{args.applicants} applicants of city {args.fit}, two futures each"
        )
        book = replace(book, willingness=willing, ability=able)
        cards = {"cards": [card_source(willing), card_source(able)]}
    found = make_applicants(people=people, seed=args.seed, count=args.applicants)
    return {**describe(book), **measure(book, found, seed=args.seed), **cards}
