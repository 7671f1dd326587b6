"""`honghua contact CUSTOMER …`: step 11 of a contract, a contact with its debtor; hours, frequency and whom are checked."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from honghua.app.book import Book, open_book
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import NotFound
from honghua.credit.core import Purpose
from honghua.credit.journey import api as journey


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "contact",
        description="Write down a contact with a debtor in arrears. One outside the rules is refused, and written down as refused.",
    )
    parser.add_argument("customer", metavar="CUSTOMER")
    parser.add_argument("--channel", required=True, choices=[one.value for one in journey.Channel])
    parser.add_argument("--by", required=True, metavar="PERSON", help="who contacts: a collector, a robot")
    parser.add_argument("--party", required=True, help="who answers for it: the lender, or an agency by name")
    parser.add_argument("--clause", required=True, help="the contract's clause or the duty under which")
    parser.add_argument("--evidence", required=True, help="where the recording or the copy lies")
    parser.add_argument("--effective", action="store_true", help="the debtor was spoken to")
    parser.add_argument("--agreed-hours", action="store_true", help="the debtor agreed to be contacted at night")
    parser.add_argument("--third-person", action="store_true", help="somebody else than the debtor")
    parser.add_argument("--visitors", type=int, default=0, help="how many visit together")
    parser.add_argument("--business", action="store_true", help="of the customer's business line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """0 written as made, 1 refused."""
    with open_book(settings) as book:
        told = contact(args, book, SystemClock().now())
    if args.json:
        print_json(told)
    else:
        print("; ".join(f"{name}: {value}" for name, value in told.items()))
    return 0 if told["outcome"] == "passed" else 1


def contact(args: argparse.Namespace, book: Book, now: dt.datetime) -> dict[str, Any]:
    """Take the step; what became of it."""
    purpose = Purpose.BUSINESS if args.business else Purpose.CONSUMPTION
    signed = [one for one in journey.list_contracts(book.conn, args.customer) if one.purpose is purpose]
    if not signed:
        raise NotFound(f"{args.customer} has no such contract", code="CONTRACT_ROW_UNKNOWN")
    asked = {
        "channel": args.channel, "to_debtor": not args.third_person, "agreed_hours": args.agreed_hours, "visitors": args.visitors,
    }  # fmt: skip
    taking = journey.Taking(
        contract_id=signed[-1].contract_id, step=journey.Step.COLLECTION, key=f"contact:{now.isoformat()}", asked=asked,
        subject=f"{args.channel} {now.isoformat(timespec='seconds')}", decided_by=args.by,
    )  # fmt: skip
    contacting = journey.Contacting(
        actor=args.by, party=args.party, clause=args.clause, evidence=args.evidence, is_effective=args.effective
    )
    taken = journey.contact(book.conn, journey.ContactSite(), taking, contacting, now=now)
    if isinstance(taken, journey.StepRefusal):
        return {"outcome": "not its turn", "code": taken.code, "sentence": taken.sentence_en}
    reasons = {"reasons": taken.risk["reasons"]} if taken.risk["reasons"] else {}
    return {"outcome": str(taken.outcome), "contract": taken.contract_id, "row": taken.number, **reasons}
