"""`honghua account …`: drive one account by hand, one command of the credit room at a time."""

from __future__ import annotations

import argparse
import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any

from rich.console import Console

from honghua.app import statement_view
from honghua.app.book import Book, make_unknown_error, open_book, require_started, to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.base.money import format_minor, parse_minor
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.facts.kinds import SCENE

PAYERS = {"consumer": 1, "merchant": 2, "platform": 3}
HISTORY_SHOWN = 40
VERB_HELP = {
    "open": "open an account with a limit",
    "buy": "a purchase that is debt at once",
    "authorise": "hold part of the limit for an order",
    "capture": "turn a hold into debt, wholly or in part",
    "void": "give a hold back",
    "refund": "goods come back",
    "report-fraud": "a label arrives: this purchase was a fraud",
    "clear-report": "a label arrives: this purchase was in order after all",
    "repay": "money from the customer",
    "return": "pay the customer's own money back",
    "instal": "split (part of) the last bill",
    "settle": "end a plan early; without --amount only its price is told",
    "reverse": "undo a fact as if it had never happened",
    "quote": "what instalments would cost, with the cost table",
    "history": "facts and entries in order",
}
WITH_AMOUNT = ("buy", "authorise", "capture", "refund", "repay", "return", "instal", "quote")
READ_ONLY = ("quote", "history")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `account` and its actions."""
    parser = verbs.add_parser("account")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, sentence in VERB_HELP.items():
        action = actions.add_parser(name, help=sentence, description=sentence)
        action.add_argument("customer", help="the customer's reference")
        if name in ("capture", "void", "refund", "report-fraud", "clear-report"):
            action.add_argument("purchase", type=int, help="the purchase's id")
        if name in WITH_AMOUNT:
            action.add_argument("amount", help="in major units: 12.30")
        if name in ("buy", "authorise"):
            action.add_argument("--merchant", required=True)
            action.add_argument("--order", help="the shop's order number (default: the key)")
            action.add_argument("--category", default="general", help="goods category (%(default)s)")
            _add_risk(action)
        if name in ("buy", "authorise", "refund"):
            for entity in SCENE:
                action.add_argument(
                    f"--{entity}", default="", help=f"the {entity} of the scene; only a key of it is kept"
                )
        if name in ("buy", "capture", "instal"):
            _add_instalments(action, required=name == "instal")
        if name in ("buy", "authorise", "capture", "void", "refund", "repay"):
            action.add_argument("--on", type=_day, metavar="DAY", help="value date (default: the business date)")
        if name not in READ_ONLY:
            action.add_argument("--key", help="idempotency key: the same key never works twice (default: a random one)")
        action.add_argument("--json", action="store_true", help="print one JSON object; amounts in minor units")
    _add_special(actions.choices)
    parser.set_defaults(run=run)


def _add_instalments(action: argparse.ArgumentParser, *, required: bool) -> None:
    action.add_argument("--periods", type=int, required=required, help="number of instalments")
    action.add_argument("--payer", choices=list(PAYERS), default="consumer", help="who pays the fee (%(default)s)")
    action.add_argument("--fee", help="the fee that was quoted and is accepted; without it only the quote is told")


def _add_risk(action: argparse.ArgumentParser) -> None:
    action.add_argument("--at", type=_instant, metavar="TIME", help="when it happened, with a zone (default: now)")
    action.add_argument("--accept-less", action="store_true", help="a smaller amount will do")
    action.add_argument("--continues", type=int, metavar="ID", help="go on with this suspended purchase")
    action.add_argument("--proof", default="", help="what the step-up asked for")
    action.add_argument("--confirm", action="store_true", help="the warning was read; go on after the delay")


def _add_special(choices: dict[str, argparse.ArgumentParser]) -> None:
    choices["open"].add_argument("--limit", required=True, help="in major units: 5000")
    choices["open"].add_argument(
        "--pair", metavar="CUT/DUE", help="statement day and due day, as 5/15 (default: the terms')"
    )
    choices["open"].add_argument(
        "--start", type=_day, metavar="DAY", help="first business date of an empty book (default: today)"
    )
    choices["capture"].add_argument("--keep-rest", action="store_true", help="the rest stays held for another capture")
    choices["settle"].add_argument("plan", type=int, help="the plan's id")
    choices["settle"].add_argument("--amount", help="the amount that was told and is accepted")
    choices["reverse"].add_argument("fact", type=int, help="the fact's id, see history")
    choices["reverse"].add_argument("--reason", required=True)
    choices["quote"].add_argument("--bill", action="store_true", help="for the last bill instead of a purchase")
    choices["quote"].add_argument(
        "--payer", choices=list(PAYERS), default="consumer", help="who pays the fee (%(default)s)"
    )
    choices["history"].add_argument(
        "--limit", type=int, default=HISTORY_SHOWN, help="how many of the newest (%(default)s)"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 0 done or told, 1 refused."""
    with open_book(settings, may_be_empty=args.action == "open") as book:
        if args.action == "open":
            _start(book, args)
        if args.action == "history":
            return _history(args, book)
        if args.action == "quote" or _wants_quote(args):
            return _quote(args, book)
        if args.action == "settle" and args.amount is None:
            return _settlement(args, book)
        if args.action in ("buy", "authorise") and credit.is_risk_on(book.conn):
            folder = settings.store.state_dir / "risk" / book.database.name
            credit.attach_released(book.conn, book.registry, folder=folder)
        key = args.key or f"cli:{secrets.token_hex(8)}"
        command = _make_command(args, key, _currency(book))
        (answer,) = credit.execute(book.conn, book.registry, [command], now=SystemClock().now())
        _tell(args, key, answer, _currency(book))
    return 0 if answer["outcome"] in ("done", "approved") else 1


def _start(book: Book, args: argparse.Namespace) -> None:
    """Give an empty book its first business date; a started one keeps its own."""
    credit.start_book(book.conn, day=args.start or SystemClock().now().date())
    require_started(book.conn)


def _currency(book: Book) -> str:
    return book.registry.newest_terms.currency


def _wants_quote(args: argparse.Namespace) -> bool:
    """Instalments without an accepted fee: the cost is told before anything is booked."""
    return getattr(args, "periods", None) is not None and args.fee is None


def _make_command(args: argparse.Namespace, key: str, currency: str) -> c.Command:
    makers: dict[str, Callable[[argparse.Namespace, dict[str, Any], str], c.Command]] = {
        "open": _open,
        "buy": _buy,
        "authorise": _authorise,
        "capture": _capture,
        "void": lambda a, base, _: c.VoidAuthorisation(**base, purchase_id=a.purchase),
        "refund": lambda a, base, cur: c.RefundPurchase(
            **base, purchase_id=a.purchase, amount_minor=parse_minor(a.amount, cur), scene=_scene(a)
        ),
        "report-fraud": lambda a, base, _: c.ReportFraud(**base, purchase_id=a.purchase),
        "clear-report": lambda a, base, _: c.ClearReport(**base, purchase_id=a.purchase),
        "repay": lambda a, base, cur: c.Repay(**base, amount_minor=parse_minor(a.amount, cur)),
        "return": lambda a, base, cur: c.ReturnOverpayment(**base, amount_minor=parse_minor(a.amount, cur)),
        "instal": _instal,
        "settle": lambda a, base, cur: c.SettlePlan(**base, plan_id=a.plan, amount_minor=parse_minor(a.amount, cur)),
        "reverse": lambda a, base, _: c.ReverseFact(**base, fact_id=a.fact, reason=a.reason),
    }
    return makers[args.action](args, {"key": key, "customer": args.customer, "on": getattr(args, "on", None)}, currency)


def _open(args: argparse.Namespace, base: dict[str, Any], currency: str) -> c.Command:
    return c.OpenAccount(**base, limit_minor=parse_minor(args.limit, currency), pair=_pair(args.pair))


def _buy(args: argparse.Namespace, base: dict[str, Any], currency: str) -> c.Command:
    return c.BuyNow(
        **base,
        amount_minor=parse_minor(args.amount, currency),
        merchant=args.merchant,
        order=args.order or base["key"],
        category=args.category,
        **_risk(args),
        instalments=_instalments(args, currency),
    )


def _authorise(args: argparse.Namespace, base: dict[str, Any], currency: str) -> c.Command:
    return c.AuthorisePurchase(
        **base,
        amount_minor=parse_minor(args.amount, currency),
        merchant=args.merchant,
        order=args.order or base["key"],
        category=args.category,
        **_risk(args),
    )


def _scene(args: argparse.Namespace) -> c.Scene | None:
    scene = c.Scene(**{entity: getattr(args, entity) for entity in SCENE})
    return scene if any(scene.texts()) else None


def _risk(args: argparse.Namespace) -> dict[str, Any]:
    wanted = args.continues
    return {
        "happened_at": args.at,
        "scene": _scene(args),
        "accept_less": args.accept_less,
        "continues": None
        if wanted is None
        else c.Continuation(suspension_id=wanted, proof=args.proof, confirmed=args.confirm),
    }


def _capture(args: argparse.Namespace, base: dict[str, Any], currency: str) -> c.Command:
    return c.CapturePurchase(
        **base,
        purchase_id=args.purchase,
        amount_minor=parse_minor(args.amount, currency),
        final=not args.keep_rest,
        instalments=_instalments(args, currency),
    )


def _instal(args: argparse.Namespace, base: dict[str, Any], currency: str) -> c.Command:
    choice = _instalments(args, currency)
    assert choice is not None, "periods are required"
    return c.InstalBill(**base, amount_minor=parse_minor(args.amount, currency), instalments=choice)


def _instalments(args: argparse.Namespace, currency: str) -> c.Instalments | None:
    if args.periods is None:
        return None
    return c.Instalments(periods=args.periods, payer=PAYERS[args.payer], fee_minor=parse_minor(args.fee, currency))


def _tell(args: argparse.Namespace, key: str, answer: dict[str, Any], currency: str) -> None:
    """The answer with its key, its code and its sentence."""
    if args.json:
        print_json({"key": key, **answer})
        return
    if answer["outcome"] in ("refused", "step_up", "delayed", "review"):
        print(f"{answer['outcome']} [{answer['code']}] {answer['sentence']} {answer['sentence_en']}")
    else:
        print(
            answer["outcome"]
            + (" (this key was answered before: nothing new was booked)" if answer.get("repeated") else "")
        )
    for name, value in answer.items():
        if name not in ("outcome", "code", "sentence", "sentence_en", "repeated"):
            is_money = name.endswith("_minor") and isinstance(value, int)
            told = f"{format_minor(value, currency)} {currency}" if is_money else value
            print(f"  {name.removesuffix('_minor'):16} {told}")
    print(f"  {'key':16} {key}")


def _quote(args: argparse.Namespace, book: Book) -> int:
    """The cost tables of the periods on offer; nothing is booked."""
    currency = _currency(book)
    of_bill = args.action == "instal" or getattr(args, "bill", False)
    quotes = credit.list_instalment_quotes(
        book.conn,
        book.registry,
        args.customer,
        amount_minor=parse_minor(args.amount, currency),
        of_bill=of_bill,
        payer=PAYERS[args.payer],
    )
    if not quotes:
        raise make_unknown_error(book.conn, args.customer)
    periods = getattr(args, "periods", None)
    chosen = [quote for quote in quotes if periods in (None, quote.periods)]
    if not chosen:
        raise BadInput(
            f"{periods} periods are not offered: {', '.join(str(q.periods) for q in quotes)}", code="PERIODS_UNKNOWN"
        )
    if args.json:
        print_json({"outcome": "quoted", "quotes": [to_plain(quote) for quote in chosen]})
        return 0
    for quote in chosen:
        print("\n".join(quote.plan.lines()))
        dated = [f"{p.due_on} {format_minor(p.total_minor, currency)}" for p in quote.plan.periods]
        print("还款计划: " + ", ".join(dated))
        print(f"接受 To accept it: --periods {quote.periods} --fee {format_minor(quote.fee_minor, currency)}\n")
    print("Nothing was booked.")
    return 0


def _settlement(args: argparse.Namespace, book: Book) -> int:
    """The price of ending a plan today; nothing is booked."""
    currency = _currency(book)
    quote = credit.find_settlement_quote(book.conn, book.registry, args.customer, args.plan)
    if quote is None:
        raise BadInput(
            f"{args.customer!r} has no plan {args.plan}: see `honghua statement {args.customer}`", code="PLAN_NOT_THERE"
        )
    if args.json:
        print_json({"outcome": "quoted", **to_plain(quote)})
        return 0
    amount = format_minor(quote.amount_minor, currency)
    principal, fee = format_minor(quote.principal_minor, currency), format_minor(quote.fee_minor, currency)
    saved = format_minor(quote.fee_saved_minor, currency)
    print(
        f"Plan {quote.plan_id} ends on {quote.valid_on} for {amount} {currency}: "
        f"principal {principal}, fee {fee}; saves {saved}."
    )
    print(f"To accept it: --amount {amount}. Nothing was booked.")
    return 0


def _history(args: argparse.Namespace, book: Book) -> int:
    if args.limit < 1:
        raise BadInput("--limit must be at least 1")
    items = credit.list_history(book.conn, book.registry, args.customer, limit=args.limit)
    if not items:
        raise make_unknown_error(book.conn, args.customer)
    if args.json:
        print_json({"customer": args.customer, "history": to_plain(items)})
    else:
        Console().print(statement_view.history_table(_currency(book), items))
    return 0


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: 2026-11-21 is meant") from error


def _instant(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 2026-11-21T20:00+08:00 is meant") from error
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} names no time zone: 2026-11-21T20:00+08:00 is meant")
    return found


def _pair(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    cut, _, due = text.partition("/")
    if not (cut.isdecimal() and due.isdecimal()):
        raise BadInput(f"{text!r} is no pair of days: 5/15 is meant", code="BAD_PAIR")
    return int(cut), int(due)
