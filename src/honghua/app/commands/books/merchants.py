"""`honghua merchants …`: admit shops and watch over them, report the state's subsidy, settle differences with the bank."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.clockwork.contracts.paying import release
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Refusal
from honghua.base.money import parse_minor
from honghua.credit import api as credit
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantAct, MerchantSigns, MerchantState, SceneOrder
from honghua.store.database import run_unit

SHOWN: Final = 100
SIGNS: Final = tuple(one.name for one in fields(MerchantSigns))
DECISIONS: Final = tuple(act.value for act in MerchantAct if act is not MerchantAct.CHECK)
VERB_HELP: Final = {
    "list": "merchants of the register, by name",
    "show": "one merchant, and how it came to stand where it does",
    "apply": "a merchant asks to sell in some scenes",
    "check": "score a merchant by what is known of it; the score proposes",
    "decide": "admit, limit, refuse, suspend, resume … with reasons; an appeal is decided by somebody else",
    "ask": "may a merchant sell such an order on credit, by the register and its scene's rules; writes nothing",
    "pay": "agree how a merchant is paid: for each purchase at once, or with its settlements",
    "held": "payouts at once that the second scan kept back",
    "release": "let a held payout go: the settlement of this business day pays it",
    "differences": "where the bank's book differs from ours and a person is needed",
    "settle": "say what was done about a difference",
    "return": "a month of the state's subsidy as it is reported; --file files it, once",
    "receive": "the treasury paid for a filed month: booked once for its reference, differences told",
}
Row = Mapping[str, Any]


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `merchants` and its actions."""
    parser = verbs.add_parser("merchants")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    made["list"].add_argument("--state", choices=[state.value for state in MerchantState], help="only those")
    made["list"].add_argument("--after", default="", metavar="MERCHANT", help="page on behind this one")
    for name in ("show", "apply", "check", "decide", "pay", "ask"):
        made[name].add_argument("merchant", metavar="MERCHANT", help="the reference that its orders carry")
    made["apply"].add_argument("--name", required=True, help="as customers read it")
    made["apply"].add_argument(
        "--scene", action="append", required=True, metavar="CODE", help="of merchants/data/scenes.csv"
    )
    made["check"].add_argument(
        "--sign", action="append", default=[], metavar="NAME=VALUE", help=f"whole numbers, shares in ppm: {', '.join(SIGNS)}"
    )  # fmt: skip
    made["ask"].add_argument("--scene", required=True, metavar="CODE")
    made["ask"].add_argument("--category", required=True, help="of the goods")
    made["ask"].add_argument("--amount", required=True, help="of the order")
    made["ask"].add_argument("--periods", type=int, default=1, help="instalments; 1 = paid at once")
    made["decide"].add_argument("decision", choices=DECISIONS)
    made["pay"].add_argument("when", choices=("at-once", "by-settlement"))
    made["release"].add_argument("purchase", type=int, metavar="PURCHASE")
    made["settle"].add_argument("id", type=int, metavar="ID")
    made["return"].add_argument("month", metavar="YYYY-MM")
    made["return"].add_argument("--file", action="store_true", help="file it; the month must be over")
    made["receive"].add_argument("month", metavar="YYYY-MM", help="of a return that was filed")
    made["receive"].add_argument("--reference", required=True, help="how the bank names the payment")
    for part in ("central", "province"):
        made["receive"].add_argument(
            f"--{part}", default="0", metavar="AMOUNT", help=f"what came from the {part} treasury"
        )
    for name in ("decide", "settle", "pay", "release"):
        made[name].add_argument("--why", action="append", required=True, metavar="REASON")
    for name in ("check", "decide", "settle", "pay", "release", "return", "receive"):
        made[name].add_argument("--by", required=name != "return", default="", metavar="PERSON", help="who says so")
    for action in made.values():
        action.add_argument("--json", action="store_true", help="print one JSON object; amounts in minor units")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 0 done or told, 1 refused."""
    with open_book(settings, may_be_empty=True) as book:
        found = ACTIONS[args.action](args, book, SystemClock().now())
    if isinstance(found, Refusal):
        found = {"refused": found.code, "sentence": found.sentence}
    _print(found, as_json=args.json)
    return 1 if "refused" in found else 0


def _list(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    state = None if args.state is None else MerchantState(args.state)
    rows = merchants.list_merchants(book.conn, state=state, after=args.after, limit=SHOWN)
    return {"merchants": [_plain(row) for row in rows]}


def _show(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    steps = [_plain(step) for step in merchants.list_merchant_steps(book.conn, args.merchant)]
    return {**_plain(merchants.get_merchant(book.conn, args.merchant)), "steps": steps}


def _apply(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    def work(conn: psycopg.Connection) -> Any:
        return merchants.apply_merchant(conn, args.merchant, name=args.name, scenes=args.scene, now=now)

    return _told(run_unit(book.conn, work))


def _check(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    signs, currency = read_signs(args.sign), book.registry.newest_terms.currency

    def work(conn: psycopg.Connection) -> Any:
        return merchants.check_merchant(conn, args.merchant, signs, person=args.by, currency=currency, now=now)

    return _told(run_unit(book.conn, work))


def _decide(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    act = MerchantAct(args.decision)

    def work(conn: psycopg.Connection) -> Any:
        return merchants.act_on_merchant(conn, args.merchant, act, person=args.by, reasons=args.why, now=now)

    return _told(run_unit(book.conn, work))


def _ask(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    amount_minor = parse_minor(args.amount, book.registry.newest_terms.currency)
    order = SceneOrder(scene=args.scene, category=args.category, amount_minor=amount_minor, periods=args.periods)
    refusal = merchants.check_acceptance(book.conn, args.merchant, order)
    return refusal or {"merchant": args.merchant, "scene": args.scene, "sells": True}


def _pay(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    at_once, why = args.when == "at-once", "; ".join(args.why)

    def work(conn: psycopg.Connection) -> Any:
        return merchants.pay_merchant_at_once(conn, args.merchant, at_once=at_once, person=args.by, why=why, now=now)

    return _told(run_unit(book.conn, work))


def _held(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    return {"held": [_plain(one) for one in merchants.list_held(book.conn, limit=SHOWN)]}


def _release(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    why = "; ".join(args.why)
    return _told(run_unit(book.conn, lambda c: release(c, args.purchase, person=args.by, why=why, now=now)))


def _differences(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    return {"differences": [_plain(one) for one in merchants.list_differences(book.conn, limit=SHOWN)]}


def _settle(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    why = "; ".join(args.why)
    run_unit(book.conn, lambda c: merchants.settle_difference(c, args.id, person=args.by, why=why, now=now))
    return {"settled": args.id, "by": args.by}


def _return(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row:
    month = read_month(args.month)
    if not args.file:
        return {**_plain(merchants.make_return(book.conn, month)), "filed": False}
    if not args.by.strip():
        raise BadInput("say who files it: --by PERSON", code="PERSON_MISSING")
    today = credit.get_business_day(book.conn)
    row = run_unit(book.conn, lambda c: merchants.file_return(c, month, business_on=today, person=args.by, now=now))
    return {**_plain(row), "filed": True}


def _receive(args: argparse.Namespace, book: Book, now: dt.datetime) -> Row | Refusal:
    currency = book.registry.newest_terms.currency
    central, province = (parse_minor(text, currency) for text in (args.central, args.province))
    month, books = read_month(args.month), (credit.get_business_day(book.conn), currency)
    paid = merchants.Receipt(reference=args.reference, month=month, central_minor=central, province_minor=province)

    def work(conn: psycopg.Connection) -> Any:
        return merchants.receive_subsidy(conn, paid, books=books, person=args.by, now=now)

    return _told(run_unit(book.conn, work))


def read_signs(words: Sequence[str]) -> MerchantSigns:
    """Signs from NAME=VALUE; BadInput for one that is not known, said twice or no whole number from 0."""
    found: dict[str, int] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in SIGNS or name in found or not (value.isascii() and value.isdigit()):
            raise BadInput(
                f"--sign {word}: NAME=VALUE with a whole number, each of {', '.join(SIGNS)} once", code="SIGN_INVALID"
            )
        found[name] = int(value)
    return MerchantSigns(**found)


def read_month(text: str) -> dt.date:
    """The first day of a month written 2026-03; BadInput."""
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"{text!r} is no month such as 2026-03", code="MONTH_INVALID") from None


def _told(found: Any) -> Row | Refusal:
    return found if isinstance(found, Refusal) else _plain(found)


def _plain(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = to_plain(row)
    return found


def _print(found: Row, *, as_json: bool) -> None:
    if as_json:
        print_json(dict(found))
        return
    console = Console(highlight=False, markup=False)
    for name, value in found.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], Mapping):
            console.print(f"{name}: {'none' if value in ([], None, '') else value}", soft_wrap=True)
            continue
        table = Table(*value[0], box=None)
        for row in value:
            table.add_row(*(str(cell) for cell in row.values()))
        console.print(table)


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Book, dt.datetime], Row | Refusal]]] = {
    "list": _list, "show": _show, "apply": _apply, "check": _check, "decide": _decide, "ask": _ask, "pay": _pay, "held": _held,
    "release": _release, "differences": _differences,
    "settle": _settle, "return": _return, "receive": _receive,
}  # fmt: skip
