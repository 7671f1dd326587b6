"""`honghua prudence …`: ratios with what their breach stops, expected loss by stage, the book under stress, figures the operator tells."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.clockwork.prudence import apply_rules
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.money import format_minor
from honghua.credit import api as credit
from honghua.credit.prudence import api as prudence
from honghua.store.database import run_unit

Show = Callable[[int], str]
FAR_DAYS: Final = 10**6
UNKNOWN: Final = "tell it: honghua prudence tell FILE --by PERSON"


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `prudence` and its actions."""
    parser = verbs.add_parser("prudence")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    ratios = actions.add_parser(
        "ratios", help="every ratio and concentration beside its bound; exit 1 when one is broken"
    )
    ratios.add_argument("--rules", type=Path, metavar="FILE", help="other rules than those that ship (TOML)")
    apply = "stop what a broken ratio stops, lift what holds again, keep the expected loss"
    ratios.add_argument("--apply", action="store_true", help=apply)
    losses = actions.add_parser("losses", help="expected credit loss by stage and days past due")
    stress = actions.add_parser("stress", help="a year of baseline, adverse and severe weather on this book")
    stress.add_argument("--seed", type=int, default=1, help="same seed, same figures (%(default)s)")
    stress.add_argument("--paths", type=int, default=10_000, help="how many years are lived (%(default)s)")
    stops = actions.add_parser("stops", help="what is stopped now, and by which ratio")
    lift = actions.add_parser("lift", help="lift a stop; the next look raises it again while the ratio is broken")
    lift.add_argument("rule")
    lift.add_argument("--key", default="", help="the merchant, partner … that is stopped")
    lift.add_argument("--why", required=True)
    tell = actions.add_parser("tell", help="figures of the balance sheet that the book cannot know, from a TOML file")
    tell.add_argument("file", type=Path, help="names and minor units: " + ", ".join(sorted(prudence.TOLD)))
    for action in (lift, tell):
        action.add_argument("--by", required=True, metavar="PERSON")
    for action in (ratios, losses, stress, stops, lift, tell):
        action.add_argument(
            "--json", action="store_true", help="print one JSON object; amounts minor units, shares ppm"
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action."""
    with open_book(settings) as book:
        return ACTIONS[args.action](args, book)


def _ratios(args: argparse.Namespace, book: Book) -> int:
    rules = prudence.load_rules(path=args.rules)
    terms = book.registry.terms
    if args.apply:
        found = apply_rules(book.conn, terms, rules, now=SystemClock().now())
    else:
        beside = prudence.read_beside(book.conn)
        found = prudence.look(book.conn, terms, rules, losses=prudence.LossRules(), beside=beside)
    broken = [one for one in found.readings if one.status == "broken"]
    if args.json:
        print_json({
            "on": found.run.on.isoformat(), "ok": not broken, "ratios": [one.as_json() for one in found.readings],
            "raised": to_plain(found.moves.raised), "lifted": to_plain(found.moves.lifted),
        })  # fmt: skip
    else:
        _print_ratios(found, _money(book))
    return 1 if broken else 0


def _print_ratios(found: prudence.Review, money: Show) -> None:
    table = Table(title=f"Ratios on {found.run.on}", title_justify="left")
    for name in ("ratio", "is", "bound", "status", "grade"):
        table.add_column(name, overflow="fold")
    for one in found.readings:
        said = one.as_json()
        show = money if said["unit"] == "minor" else _percent
        is_now = "nothing yet" if one.value is None else show(one.value)
        table.add_row(
            said["name"] + (f" ({one.key})" if one.key else ""),
            "not told: " + ", ".join(one.missing) if one.missing else is_now,
            f"at {said['bound_is']} {show(said['bound'])}", one.status, said["grade"],
            style="red" if one.status == "broken" else None,
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table)
    console.print("Grade: how sure the bound is (A law … U unverified); `--json` names the source of each.")
    for moves, word in ((found.moves.raised, "stopped"), (found.moves.lifted, "lifted")):
        for stop in moves:
            console.print(f"{word}: {stop.rule} {stop.key} ({stop.action}): {stop.why}")
    if any(one.status == "unknown" for one in found.readings):
        console.print(UNKNOWN)


def _losses(args: argparse.Namespace, book: Book) -> int:
    found = prudence.reckon(book.conn, book.registry.terms, prudence.LossRules())
    shown = prudence.run_as_json(found)
    if args.json:
        print_json(shown)
        return 0
    money = _money(book)
    table = Table(title=f"Expected credit loss on {found.on}: {money(found.loss_minor)}", title_justify="left")
    for name in ("stage", "days past due", "accounts", "owed", "open line", "loss"):
        table.add_column(name, justify="right")
    for line in shown["lines"]:
        low, high = line["days_past_due"]
        days = f"{low}–{high}" if high < FAR_DAYS else f"{low} and more"
        amounts = [money(line[name]) for name in ("claim_minor", "undrawn_minor", "loss_minor")]
        table.add_row(str(line["stage"]), days, f"{line['accounts']:,}", *amounts)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"Probabilities learnt from {found.migrations:,} moves between bills; LGD and conversion are configuration (grade U)."
    )
    return 0


def _stress(args: argparse.Namespace, book: Book) -> int:
    rules = prudence.load_rules()
    found = prudence.stress(book.conn, book.registry.terms, rules, seed=args.seed, paths=args.paths)
    shown: dict[str, Any] = {"seed": args.seed, "paths": args.paths, "scenarios": [one.as_json() for one in found]}
    if args.json:
        print_json(shown)
        return 0
    table = Table(title="A year under stress (median of paths, 5 % and 95 %)", title_justify="left")
    for name in ("scenario", "loss", "of the book", "capital", "liquidity", "broken"):
        table.add_column(name)
    money = _money(book)
    for one in found:
        shares = [_range(values, _percent) for values in (one.loss_share_ppm, one.capital_ppm, one.liquidity_ppm)]
        table.add_row(one.scenario, _range(one.loss_minor, money), *shares, ", ".join(one.broken) or "–")
    console = Console(highlight=False)
    console.print(table)
    if any(one.capital_ppm is None or one.liquidity_ppm is None for one in found):
        console.print(UNKNOWN)
    return 0


def _stops(args: argparse.Namespace, book: Book) -> int:
    found = prudence.list_guardrails(book.conn)
    if args.json:
        print_json({"stops": to_plain(found)})
    elif not found:
        print("Nothing is stopped.")
    else:
        for one in found:
            print(f"{one.rule} {one.key}: {one.action} since {one.since:%Y-%m-%d %H:%M} by {one.person}: {one.why}")
    return 0


def _lift(args: argparse.Namespace, book: Book) -> int:
    now = SystemClock().now()
    found = run_unit(
        book.conn,
        lambda conn: prudence.lift_guardrail(conn, args.rule, key=args.key, person=args.by, why=args.why, now=now),
    )
    if args.json:
        print_json(to_plain(found))
    else:
        print(f"lifted: {found.rule} {found.key}")
    return 0


def _tell(args: argparse.Namespace, book: Book) -> int:
    figures = prudence.load_told(args.file)
    now, day = SystemClock().now(), credit.get_business_day(book.conn)
    run_unit(book.conn, lambda conn: prudence.tell_figures(conn, figures, as_of=day, person=args.by, now=now))
    if args.json:
        print_json({"told": to_plain(prudence.list_told(book.conn))})
    else:
        print(f"kept {len(figures)} figure(s) as of {day}")
    return 0


def _money(book: Book) -> Show:
    """Amounts as people read them, in the currency of the book."""
    currency = book.registry.newest_terms.currency
    return lambda minor: f"{format_minor(minor, currency)} {currency}"


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f} %"


def _range(values: tuple[int, ...] | None, show: Show) -> str:
    if values is None:
        return "not told"
    low, middle, high = (show(value) for value in values)
    return f"{middle} ({low} … {high})"


ACTIONS = {"ratios": _ratios, "losses": _losses, "stress": _stress, "stops": _stops, "lift": _lift, "tell": _tell}
