"""`honghua release …`: policies from proposal to rollback, and what steers them while they run."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book, to_plain
from honghua.app.lab.means import find_run_folder
from honghua.app.release_view import list_champion_drift, plain_drift, print_status
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.app.tables.keeping import keep_fitted
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.store.database import run_unit

PPM = 1_000_000
HISTORY_SHOWN = 40
VERB_HELP = {
    "propose": "store a policy after its static checks; it judges nothing yet",
    "approve": "another person than its author lets it be activated",
    "reject": "turn a proposal down",
    "activate": "from the next batch on it judges (champion), judges a share (challenger), or is only asked (shadow)",
    "rollback": "back to the line-up before",
    "status": "who judges now, all releases, what is silenced, what the brake holds, experiments, shadows",
    "history": "who changed what, and why",
    "suppress": "silence a rule until a day, for everybody or for one entity",
    "lift": "end a suppression before its day",
    "reopen": "let a rule act again that the brake stopped",
    "experiment": "start an experiment split by customer, or stop it",
    "holdout": "keep a share of the customers out of every experiment, for good",
}
READ_ONLY = ("status", "history")
ALERTS_COUNTED = 1_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `release` and its actions."""
    parser = verbs.add_parser("release")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    made["propose"].add_argument("file", type=Path, help="a policy in the policy language")
    made["propose"].add_argument("--name", help="its name (default: the file's)")
    made["propose"].add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        help="for the brake, rule → ppm in whose way it stands: `honghua policy backtest … --reference FILE` writes it",
    )
    made["propose"].add_argument(
        "--despite",
        default="",
        metavar="REASON",
        help="why the champion's model, or that of --model or --credit, may judge although its battery says no: you answer for it",
    )
    made["propose"].add_argument(
        "--model", type=Path, metavar="DIR", help="a model of `honghua fraud fit --out DIR` (default: the champion's)"
    )
    made["propose"].add_argument(
        "--credit",
        type=Path,
        metavar="DIR",
        help="of `honghua lab run --out DIR`: its model fills the slot credit, read as credit_chance",
    )
    made["propose"].add_argument(
        "--credit-model",
        choices=("scorecard", "forest"),
        default="scorecard",
        help="which of the run's two (%(default)s)",
    )
    for name in ("approve", "reject", "activate", "lift"):
        made[name].add_argument("id", type=int, metavar="ID")
    made["approve"].add_argument("--digest", help="beginning of the digest that you looked at")
    made["activate"].add_argument(
        "--as", dest="role", choices=[role.value for role in decision.Role], default="champion"
    )
    made["activate"].add_argument("--share", type=float, default=0.0, help="of the customers, for a challenger: 0.1")
    for name in ("suppress", "reopen"):
        made[name].add_argument("rule", help="the rule's name in the policy")
    made["suppress"].add_argument("--until", required=True, help="a day or an instant: 2026-12-31T18:00+08:00")
    made["suppress"].add_argument("--for", dest="whom", nargs=2, metavar=("ENTITY", "KEY"), help="for this one only")
    made["experiment"].add_argument("name")
    made["experiment"].add_argument("--arm", action="append", default=[], metavar="NAME=SHARE", help="control=0.5")
    made["experiment"].add_argument("--stop", action="store_true", help="end it")
    made["holdout"].add_argument("share", type=float, help="0.01")
    made["history"].add_argument(
        "--limit", type=int, default=HISTORY_SHOWN, help="how many of the newest (%(default)s)"
    )
    for name, action in made.items():
        action.add_argument("--json", action="store_true", help="print one JSON object")
        if name not in READ_ONLY:
            action.add_argument("--by", required=True, metavar="PERSON", help="who does this")
            action.add_argument("--why", default="", required=name in ("propose", "suppress"), help="the reason, kept")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action."""
    with open_book(settings, may_be_empty=True) as book:
        if args.action == "status":
            return _status(args, book)
        if args.action == "history":
            return _history(args, book)
        told = run_unit(book.conn, lambda conn: ACTIONS[args.action](conn, args, _act(args)))
        if args.json:
            print_json(told)
        else:
            print(told["sentence"])
    return 0


def _act(args: argparse.Namespace) -> decision.Act:
    return decision.Act(args.by, args.why or f"{args.action}, no reason given")


def _propose(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    try:
        source = args.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {args.file}: {error}", code="FILE_UNREADABLE") from error
    digests = None
    if args.model is not None:
        currency = credit.open_registry(conn).newest_terms.currency
        digests = keep_fitted(conn, args.model, currency=currency, at=SystemClock().now())
    credit_digest = b""
    if args.credit is not None:
        seating = import_module("honghua.lab.release.api")  # trainers and all: only for who brings a candidate
        credit_digest = seating.keep_candidate(conn, find_run_folder(args.credit), kind=args.credit_model)
    reference = _read_reference(args.reference)
    draft = decision.Draft(args.name or args.file.stem, source, reference, args.despite, digests, credit_digest)
    proposal = decision.prepare_proposal(conn, draft)
    made = decision.propose(conn, proposal, act)
    unguarded = decision.find_unguarded(made)
    sentence = (
        f"release {made.release_id} proposed; somebody else approves it: "
        f"honghua release approve {made.release_id} --by PERSON --digest {made.digest.hex()[:16]}"
    )
    if unguarded:
        sentence += (
            f"\nmind: it does not always refuse with {', '.join(unguarded)}, so it can be a shadow but never judge"
        )
    waiver = decision.find_waiver(conn, made)
    if waiver is not None:
        sentence += f"\nmind: its model did not pass its battery; {waiver[0]} answers for it: {waiver[1]}"
    if args.reference is None:
        sentence += "\nmind: without --reference (honghua policy backtest … --reference FILE) the brake knows only its general bound"
    return {**_told(made.release_id, made.digest, sentence), "unguarded": list(unguarded)}


def _read_reference(path: Path | None) -> dict[str, int]:
    if path is None:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(
            f"cannot read {path}: {error}; it holds {{rule: ppm}} as `honghua policy backtest … --reference` writes it",
            code="FILE_UNREADABLE",
        ) from error


def _told(release_id: int, digest: bytes, sentence: str) -> dict[str, Any]:
    return {"release": release_id, "digest": digest.hex(), "sentence": sentence}


def _review(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    approved = args.action == "approve"
    row = decision.review(conn, args.id, act, approved=approved, digest=getattr(args, "digest", None))
    sentence = f"release {row.release_id} {'approved' if approved else 'turned down'} by {act.person}"
    waiver = decision.find_waiver(conn, row) if approved else None
    if waiver is not None:
        sentence += f"\nmind: its model did not pass its battery; {waiver[0]} answers for it: {waiver[1]}"
    return _told(row.release_id, row.digest, sentence)


def _activate(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    decision.ensure_first(conn)
    role = decision.Role(args.role)
    lineup = decision.activate(conn, args.id, act, role=role, share_ppm=_ppm(args.share))
    sentence = f"release {args.id} is {role.value} from the next batch on"
    if (
        role is decision.Role.CHAMPION
        and not decision.get_release(conn, args.id).built_in
        and not credit.is_risk_on(conn)
    ):
        credit.switch_risk_on(conn)
        sentence += (
            "\nfrom now on the risk engine judges this book: every process that books purchases needs it attached"
        )
    return {"lineup": to_plain(lineup), "sentence": sentence}


def _ppm(share: float) -> int:
    if not 0 <= share <= 1:  # NaN neither
        raise BadInput(f"{share:g} is no share: 0.1 is a tenth of the customers", code="SHARE_INVALID")
    return round(share * PPM)


def _rollback(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    lineup = decision.restore_previous(conn, act)
    return {
        "lineup": to_plain(lineup),
        "sentence": f"release {lineup.champion} is champion again from the next batch on",
    }


def _suppress(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    decision.ensure_first(conn)
    lineup = decision.find_lineup(conn)
    assert lineup is not None, "ensure_first made one"
    bundles = [decision.recompile(decision.get_release(conn, i)) for i in lineup.judging]
    entity, label = args.whom or (None, None)
    silenced = decision.Silenced(args.rule, decision.read_instant(args.until), entity, label)
    number = decision.suppress(conn, silenced, act, bundles=bundles, now=SystemClock().now())
    whom = "everybody" if entity is None else f"{entity} {label}"
    return {
        "suppression": number,
        "sentence": f"suppression {number}: {args.rule} is silent for {whom} until {silenced.expires_at}",
    }


def _lift(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    decision.lift(conn, args.id, act)
    return {"suppression": args.id, "sentence": f"suppression {args.id} lifted"}


def _reopen(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    count = decision.reopen(conn, args.rule, act, now=SystemClock().now())
    return {"rule": args.rule, "releases": count, "sentence": f"{args.rule} acts again"}


def _experiment(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    if args.stop:
        decision.stop_experiment(conn, args.name, act)
        return {"experiment": args.name, "sentence": f"experiment {args.name} ended"}
    shares: dict[str, int] = {}
    for arm in args.arm:
        name, _, share = arm.partition("=")
        try:
            ppm = _ppm(float(share))
        except (ValueError, BadInput) as error:
            raise BadInput(f"--arm {arm}: write NAME=SHARE, as control=0.5", code="EXPERIMENT_INVALID") from error
        if name in shares:
            raise BadInput(f"--arm {arm}: {name} is given twice", code="EXPERIMENT_INVALID")
        shares[name] = ppm
    made = decision.start_experiment(conn, args.name, shares, act)
    sentence = (
        f'experiment {made.name} runs; a policy reads it as arm("{made.name}"), and until one does nothing is different'
    )
    return {"experiment": to_plain(made) | {"salt": made.salt.hex()}, "sentence": sentence}


def _holdout(conn: psycopg.Connection, args: argparse.Namespace, act: decision.Act) -> dict[str, Any]:
    holdout = decision.set_holdout(conn, _ppm(args.share), act)
    return {"share_ppm": holdout.share_ppm, "sentence": f"{args.share:.2%} of the customers are held out, for good"}


ACTIONS: dict[str, Callable[[psycopg.Connection, argparse.Namespace, decision.Act], dict[str, Any]]] = {
    "propose": _propose, "approve": _review, "reject": _review, "activate": _activate, "rollback": _rollback,
    "suppress": _suppress, "lift": _lift, "reopen": _reopen, "experiment": _experiment, "holdout": _holdout,
}  # fmt: skip


def _status(args: argparse.Namespace, book: Book) -> int:
    conn = book.conn
    lineup = decision.find_lineup(conn)
    found = {
        "lineup": to_plain(lineup),
        "releases": [_plain_release(row) for row in decision.list_releases(conn)],
        "suppressions": to_plain(decision.list_suppressions(conn)),
        "brakes": to_plain(decision.list_brakes(conn)),
        "experiments": [to_plain(e) | {"salt": e.salt.hex()} for e in decision.list_experiments(conn)],
        "holdout_ppm": decision.find_holdout(conn).share_ppm,
        "shadows": [asdict(view) for view in decision.list_shadows(conn)],
        "drift": [plain_drift(one) for one in list_champion_drift(conn)],
        "alerts": len(decision.list_alerts(conn, limit=ALERTS_COUNTED)),
    }
    if args.json:
        print_json(found)
        return 0
    print_status(conn, now=SystemClock().now())
    return 0


def _plain_release(row: decision.ReleaseRow) -> dict[str, Any]:
    names = ("release_id", "name", "author", "built_in", "why", "approved", "reviewer", "reviewed_why")
    times: dict[str, dt.datetime | None] = {"proposed_at": row.proposed_at, "reviewed_at": row.reviewed_at}
    return {
        **{name: getattr(row, name) for name in names}, "digest": row.digest.hex(),
        "model_digest": row.model_digest.hex(), "credit_digest": row.credit_digest.hex(),
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }  # fmt: skip


def _history(args: argparse.Namespace, book: Book) -> int:
    if args.limit < 1:
        raise BadInput("--limit must be at least 1")
    changes = decision.list_changes(book.conn, limit=args.limit)
    if args.json:
        print_json({"history": to_plain(changes)})
        return 0
    table = Table("#", "at", "who", "did", "what", "why", box=None)
    for change in changes:
        table.add_row(
            str(change.change_id), f"{change.recorded_at:%Y-%m-%d %H:%M:%S}", change.person, change.action, change.subject,
            change.why,
        )  # fmt: skip
    Console(markup=False).print(table)
    if not changes:
        print("nothing was changed yet", file=sys.stderr)
    return 0
