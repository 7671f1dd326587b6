"""Real applications beside those of the last weeks, by the scorer that sits in the register (R-061).

The version in the seat decides by the rules in force; where only one on trial sits, its word is written down and, if the rules say so,
calls a person; where none sits, the record says that. The record keeps values, score, lines and version: `replay_screen` gives the same
bits from them for ever, `describe_again` gives the same values as long as the sessions are kept.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import psycopg

from honghua.base.errors import IntegrityBroken
from honghua.credit.core.journey import OnTrial, RiskVerdict, ScreenRules, choose_screen, judge_score
from honghua.credit.journey.asking import Moment
from honghua.credit.journey.screening import store
from honghua.credit.journey.screening.store import Noted
from honghua.credit.journey.store import Contract, StepRow
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.fraud.screening.api import KeptScorer, Screened, Session, describe_newest, load_scorer
from honghua.models.registry import api as models

SEGMENT: Final = "applicants"
PURPOSE: Final = "application gangs"
SCORER_FILE: Final = "scorer.json"
HOOK: Final = "application screen"
PUSHES_SHOWN: Final = 3
PUSH_LEAST: Final = 0.05  # log-odds: what moves less is no reason
KEY_BITS: Final = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a door saw of somebody applying: the network as it is counted, and, where the browser told it, typing, path and seconds on
    pages as `fraud.screening.Session` has them."""

    network: str = ""
    typing: tuple[float, ...] | None = None
    path: tuple[int, ...] | None = None
    page_s: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Seated:
    """A version of the scorer that is live."""

    row: models.VersionRow
    scorer: KeptScorer

    @property
    def on_trial(self) -> bool:
        """Whether it only runs beside."""
        return self.row.status is not models.Status.CHAMPION


@cache
def load_screens() -> tuple[ScreenRules, ...]:
    """The rules that ship."""
    document = tomllib.loads(files("honghua.credit").joinpath("data/application_screen.toml").read_text("utf-8"))
    told = ("since", "refer_share", "refuse_share", "days", "sessions_most", "kept_days")
    return tuple(
        ScreenRules(challenger=OnTrial(row["challenger"]), **{name: row[name] for name in told})
        for row in document["screen"]
    )


def note_session(
    conn: psycopg.Connection, vault: customers.Vault, contract: Contract, observed: Observed, *, asked_minor: int, now: dt.datetime
) -> None:  # fmt: skip
    """Keep how somebody applies, once a contract; how they typed and walked only by their consent. In the caller's transaction."""
    links = customers.list_links(conn, contract.customer)
    network = vault.index("network", observed.network) if observed.network else b""
    session = Session(
        at_s=int(now.timestamp()), device=_key(links.get("device")), network=_key(network), address=_key(links.get("address")),
        asked_minor=asked_minor,
    )  # fmt: skip
    if customers.use_consent(conn, contract.customer, ConsentKind.PERSONAL_DATA) is not None:
        session = replace(session, typing=observed.typing, path=observed.path, page_s=observed.page_s)
    store.insert_session(conn, contract.contract_id, contract.customer, session, at=now)


def screen_application(
    conn: psycopg.Connection, moment: Moment, *, every: tuple[ScreenRules, ...] | None = None
) -> RiskVerdict:
    """The word on the application of a moment, with all that it stands on under "screen" of the figures. Reads only."""
    rules = choose_screen(load_screens() if every is None else every, moment.business_on)
    noted = store.find_session(conn, moment.contract.contract_id)
    seated = find_seated(conn)
    absent = (
        "no rules are in force" if rules is None
        else "no session was noted" if noted is None
        else "no scorer is seated" if seated is None
        else "" if seated.scorer.fits
        else f"version {seated.row.number} reads other values than are described today"
    )  # fmt: skip
    if absent or rules is None or noted is None or seated is None:
        return RiskVerdict(HOOK, figures={"screen": {"state": absent}})
    values = describe_noted(conn, noted, rules)
    scorer = seated.scorer
    said = scorer.screen(values)
    refer, refuse = scorer.line(rules.refer_share), scorer.line(rules.refuse_share) if rules.refuse_share else None
    verdict, reasons = judge_score(
        rules, said.score, refer_line=refer, refuse_line=refuse, on_trial=seated.on_trial
    )  # fmt: skip
    told = {
        "state": "on trial" if seated.on_trial else "in the seat", "version": seated.row.version_id, "digest": scorer.digest.hex(),
        "trained_on": scorer.trained_on, "rules": rules.since.isoformat(), "session": noted.session_id, "values": values,
        "refer_line": refer, "refuse_line": refuse, "says": "above the line" if said.score >= refer else "below the line",
        **tell_screened(said),
    }  # fmt: skip
    return RiskVerdict(HOOK, verdict, reasons, {"screen": told})


def tell_screened(said: Screened) -> dict[str, Any]:
    """A score with its reasons: the families that push it up most."""
    pushes = [[name, push] for name, push in said.pushes[:PUSHES_SHOWN] if push >= PUSH_LEAST]
    return {"score": said.score, "pushes": pushes, "unknown": list(said.unknown)}


def find_seated(conn: psycopg.Connection) -> Seated | None:
    """The champion of the seat, else the newest challenger; None where neither is."""
    row = models.find_champion(conn, SEGMENT, PURPOSE)
    if row is None:
        running = models.list_versions(conn, segment=SEGMENT, purpose=PURPOSE, status=models.Status.CHALLENGER)
        row = running[-1] if running else None
    return None if row is None else Seated(row, load_version(conn, row.version_id))


def load_version(conn: psycopg.Connection, version_id: int) -> KeptScorer:
    """The scorer of a version; IntegrityBroken where its file is no scorer."""
    return load_scorer(models.load_files(conn, version_id).get(SCORER_FILE, b""))


def describe_noted(conn: psycopg.Connection, noted: Noted, rules: ScreenRules) -> list[float | None]:
    """A session's values among those before it; None = not told."""
    since = noted.at - dt.timedelta(days=rules.days)
    before = store.list_before(conn, noted, since=since, limit=rules.sessions_most)
    return [None if value != value else value for value in describe_newest([*before, noted.session]).tolist()]


def replay_screen(conn: psycopg.Connection, row: StepRow) -> dict[str, Any] | None:
    """What a decision's record gives today: its score and pushes again from its own values, by the version that it names. None where
    nothing was scored; IntegrityBroken where the version is another one by now."""
    told = find_scored(row)
    if told is None:
        return None
    scorer = load_version(conn, int(told["version"]))
    if scorer.digest.hex() != told["digest"]:
        raise IntegrityBroken(f"version {told['version']} is not the one that scored contract {row.contract_id}")
    return tell_screened(scorer.screen(told["values"]))


def describe_again(conn: psycopg.Connection, row: StepRow) -> list[float | None] | None:
    """The values of a scored application from the sessions as they are kept; None where its own is deleted."""
    told, noted = find_scored(row), store.find_session(conn, row.contract_id)
    if told is None or noted is None:
        return None
    rules = next(one for one in load_screens() if one.since.isoformat() == told["rules"])
    return describe_noted(conn, noted, rules)


def find_scored(row: StepRow) -> Mapping[str, Any] | None:
    """What a row's record says of the screen, where it scored."""
    told = row.risk.get("figures", {}).get("screen", {})
    return told if "score" in told else None


def forget_sessions(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Delete sessions that no rule keeps any longer; how many. In the caller's transaction."""
    days = max(one.kept_days for one in load_screens())
    return store.delete_sessions(conn, before=now - dt.timedelta(days=days))


def _key(digest: bytes | None) -> int:
    """A blind index as a key that is never 0; 0 for none. After an index's key is changed things join anew."""
    return 0 if not digest else (int.from_bytes(digest[:8], "big") >> (64 - KEY_BITS)) | 1
