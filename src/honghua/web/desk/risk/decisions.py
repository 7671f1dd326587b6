"""One decision: what was said and why, on which figures, by whose policy, who stands around it, and whether it comes out the same again."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.decision.core import ACCOUNT_INPUTS, REASONS, SCORE_INPUTS, Outcome, Reason
from honghua.web.address_parts import Id
from honghua.web.desk.drawing import draw, told
from honghua.web.desk.rights import RIGHTS
from honghua.web.desk.risk.picturing import Picture, picture_neighbourhood
from honghua.web.ground import site_of
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/decisions")
MODELS_KEPT: Final = 3
DETECTORS: Final = ("crowd", "rhythm", "merchant")
OTHER: Final = "other"
ENTITIES: Final = ("customer", "merchant", "device", "address", "payee", "category", "region", "pair", "account")
SAID: Final = re.compile(r"(?:detector )?(\w+) ([0-9.]+)(?:: | because of )?(.*)")
DAYS: Final = 30


class Scorers:
    """Models that were unpacked, the last few: unpacking one takes longer than everything else on the page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[bytes, decision.Scorer | None] = {}

    def find(self, files: Mapping[str, bytes]) -> decision.Scorer | None:
        """The model of kept files."""
        digest = hashlib.sha256(
            b"".join(name.encode() + hashlib.sha256(files[name]).digest() for name in sorted(files))
        ).digest()
        with self._lock:
            if digest not in self._kept:
                while len(self._kept) >= MODELS_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[digest] = decision.find_scorer(files)
            return self._kept[digest]


SCORERS: Final = Scorers()


@dataclass(frozen=True, slots=True)
class Detector:
    """What one detector, or their fusion, said: its score and the values that made it."""

    name: str
    score: float | None
    evidence: str


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Values of one kind, by name."""

    name: str
    figures: tuple[tuple[str, float | int | None], ...]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Everything about one whole judgement."""

    trace: decision.Trace
    happened_at: dt.datetime
    outcome: Outcome
    reason: Reason | None
    named: credit.NamedPurchase | None
    customer: str
    detectors: tuple[Detector, ...]
    account: tuple[tuple[str, float | int | None], ...]
    groups: tuple[FigureGroup, ...]
    figures_in_all: int
    model: str
    picture: Picture | None
    suspension: tuple[credit.ReviewItem, str] | None


@router.get("/{decision_id}", name="desk.decision")
async def show(request: Request, decision_id: Id, *, q: str = Query("", max_length=80)) -> Response:
    """The page of one decision; q: only figures whose name holds it."""
    site = site_of(request)
    now = site.clock.now()
    may_picture = viewer_of(request).may(RIGHTS["desk.decision_graph"])

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        found = find_page(conn, decision_id, wanted=q.strip().lower(), now=now, has_picture=may_picture)
        if found is not None:
            return {"page": found, "old": None}
        old = decision.find_decision(conn, decision_id)
        if old is None:
            raise NotFound(f"no decision {decision_id} is recorded", code="DECISION_UNKNOWN")
        named = credit.name_purchases(conn, [decision_id]).get(decision_id)
        return {"page": None, "old": old, "named": named, "old_outcome": Outcome(old.outcome).name.lower()}

    found = await site.read(read)
    template = "desk/decision.html" if found["page"] is not None else "desk/decision_old.html"
    return await draw(request, template, **found, decision_id=decision_id, q=q, reasons=REASONS)


@router.post("/{decision_id}/replay", name="desk.decision_replay")
async def replay(request: Request, decision_id: Id) -> Response:
    """Judge the record again with its own model and policy, and say whether every bit is the same."""
    found = await site_of(request).read(
        lambda conn: decision.replay_all(conn, ids=[decision_id], sample=None, find_scorer=SCORERS.find)
    )
    if not found.count:
        raise NotFound(f"no decision {decision_id} is recorded", code="DECISION_UNKNOWN")
    if found.different:
        values = {"faults": ", ".join(found.different[0].faults)}
        return told(request, "desk.decision", "desk.replay_differs", tone="bad", values=values, decision_id=decision_id)
    words = "desk.replay_same_scored" if found.scored else "desk.replay_same"
    return told(request, "desk.decision", words, decision_id=decision_id)


@router.get("/{decision_id}/neighbourhood", name="desk.decision_graph")
async def graph(request: Request, decision_id: Id) -> Response:
    """The neighbourhood as JSON, for the drawing."""
    found = await site_of(request).read(lambda conn: read_picture(conn, decision_id))
    if found is None:
        raise NotFound(f"no decision {decision_id} is recorded", code="DECISION_UNKNOWN")
    return JSONResponse(found.plain(), headers={"Cache-Control": "no-store"})


def read_picture(conn: psycopg.Connection, decision_id: int) -> Picture | None:
    """Who stands around a decision."""
    around = decision.find_neighbourhood(conn, decision_id, days=DAYS)
    return None if around is None else picture_neighbourhood(conn, around)


def find_page(
    conn: psycopg.Connection, decision_id: int, *, wanted: str, now: dt.datetime, has_picture: bool = True
) -> DecisionPage | None:
    """Everything about a whole judgement, None where there is no such record. has_picture: with its neighbourhood, which costs most."""
    trace = decision.find_trace(conn, decision_id, find_scorer=SCORERS.find)
    if trace is None:
        return None
    named = credit.name_purchases(conn, [decision_id]).get(decision_id)
    picture = read_picture(conn, decision_id) if has_picture else None
    refs = credit.find_customer_refs(conn, [trace.account_id])
    release = decision.get_release(conn, trace.release)
    sensed = {
        name: value for name, value in trace.inputs.items() if name not in ACCOUNT_INPUTS and name not in SCORE_INPUTS
    }
    figures = {**sensed, **trace.signals}
    return DecisionPage(
        trace, dt.datetime.fromisoformat(trace.happened_at), Outcome[trace.outcome.upper()], REASONS.get(trace.reason), named,
        refs.get(trace.account_id, ""), read_detectors(trace), tuple((n, trace.inputs[n]) for n in ACCOUNT_INPUTS if n in trace.inputs),
        group_figures({n: v for n, v in figures.items() if wanted in n.lower()}), len(figures), release.model_digest.hex(), picture,
        credit.find_suspension(conn, decision_id, now=now),
    )  # fmt: skip


def read_detectors(trace: decision.Trace) -> tuple[Detector, ...]:
    """The three detectors and their fusion: recorded scores, with what the model tells of them when it is run again."""
    lines = {found[1]: found[3] for line in trace.models if (found := SAID.fullmatch(line))}
    names = (*DETECTORS, SCORE_INPUTS[0])
    return tuple(Detector(name, trace.inputs.get(name), lines.get(name, "")) for name in names)


def group_figures(figures: Mapping[str, float | int | None]) -> tuple[FigureGroup, ...]:
    """Values by what they are about, which is how their names begin."""
    groups: dict[str, list[tuple[str, float | int | None]]] = {}
    for name, value in figures.items():
        kind = name.partition("_")[0]
        groups.setdefault(kind if kind in ENTITIES else OTHER, []).append((name, value))
    order = {name: place for place, name in enumerate((*ENTITIES, OTHER))}
    return tuple(
        FigureGroup(kind, tuple(sorted(found))) for kind, found in sorted(groups.items(), key=lambda g: order[g[0]])
    )


__all__ = ["router"]
