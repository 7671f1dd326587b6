"""The policy as it is in force: who judges, who is asked, what waits for a second person, what is silenced or stopped – and undoing it."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import BadInput, HonghuaError
from honghua.decision import api as decision
from honghua.decision.core import REASONS, PolicyProblems, compile_bundle, read_vocabulary, say_expression, say_outcome
from honghua.features.core import ENTITIES
from honghua.web.address_parts import Id, read_day
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/policy")
HISTORY: Final = 100
PPM: Final = 1_000_000
WORDS: Final = frozenset({"approve", "reject"})
ROLES: Final = frozenset(role.value for role in decision.Role)
DIFF_LINES_MAX: Final = 2_000
Diff = list[tuple[str, int | None, int | None, str]]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in words."""

    number: int
    name: str
    line: int
    lane: str
    when: str
    says: str
    missing: str
    code: str
    zh: str
    en: str
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A policy text with its problems, its rules where it has none, and how it differs from the one in force."""

    lines: tuple[tuple[int, str, str], ...]  # number, text, the problem of the line
    problems: tuple[tuple[int, str, str], ...]
    rules: tuple[RuleRow, ...]
    reads: tuple[str, ...]
    diff: Diff


@router.get("", name="desk.policy")
async def overview(request: Request) -> Response:
    """Who judges now, and everything that steers it."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        lineup = decision.find_lineup(conn)
        releases = decision.list_releases(conn)
        judging = [] if lineup is None else list(lineup.judging)
        rules = sorted(
            {rule.name for row in releases if row.release_id in judging for rule in decision.recompile(row).rules}
        )
        return {
            "lineup": lineup, "releases": {row.release_id: row for row in releases}, "judging": judging, "rules": rules,
            "roles": {row.release_id: decision.name_role(lineup, row.release_id) for row in releases},
            "suppressions": decision.list_suppressions(conn), "brakes": list_held(conn),
            "experiments": decision.list_experiments(conn), "holdout_ppm": decision.find_holdout(conn).share_ppm,
            "shadows": [view for view in decision.list_shadows(conn) if lineup is not None and view.shadow_id in lineup.shadows],
            "changes": decision.list_changes(conn, limit=8),
        }  # fmt: skip

    return await draw(request, "desk/policy.html", **await site.read(read), entities=ENTITIES, form=empty_form(request))


@router.get("/history", name="desk.policy_history")
async def history(request: Request, *, q: str = Query("", max_length=200)) -> Response:
    """Who changed what, and why."""
    changes = await site_of(request).read(lambda conn: decision.list_changes(conn, limit=1_000))
    wanted = q.strip().lower()
    shown = [c for c in changes if wanted in f"{c.person} {c.action} {c.subject} {c.why}".lower()][:HISTORY]
    return await draw(request, "desk/policy_history.html", changes=shown, q=q)


@router.get("/releases/{release_id}", name="desk.release")
async def release(request: Request, release_id: Id) -> Response:
    """One release: its text, its checks, how it differs from the one in force, and what may be done with it."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        row = decision.get_release(conn, release_id)
        lineup = decision.find_lineup(conn)
        champion = release_id if lineup is None else lineup.champion
        other = None if champion == release_id else decision.get_release(conn, champion)
        unguarded = decision.find_unguarded(row)
        return {
            "row": row, "role": decision.name_role(lineup, release_id), "lineup": lineup, "other": other, "unguarded": unguarded,
            "written": describe(row.name, row.source, row.vocabulary, "" if other is None else other.source),
            "waiver": decision.find_waiver(conn, row),
        }  # fmt: skip

    found = await site_of(request).read(read)
    return await draw(
        request, "desk/release.html", **found, form=empty_form(request), person=viewer_of(request).subject
    )


@router.post("/releases/{release_id}/review", name="desk.release_review")
async def review(request: Request, release_id: Id) -> Response:
    """Approve or turn down what somebody else proposed."""
    form = await read_form(request)
    word, why, digest = (
        form.choice("word", WORDS),
        form.text("why", chars_max=WHY_CHARS_MAX),
        form.text("digest", chars_max=64),
    )
    here: dict[str, Any] = {"release_id": release_id}
    if not form.is_good:
        return told(request, "desk.release", "desk.why_needed", tone="bad", **here)
    act = _act(request, why)
    try:
        await site_of(request).write(
            lambda conn: decision.review(conn, release_id, act, approved=word == "approve", digest=digest)
        )
    except HonghuaError as error:
        return refused(request, "desk.release", error, **here)
    return told(request, "desk.release", "desk.approved" if word == "approve" else "desk.rejected", **here)


@router.post("/releases/{release_id}/activate", name="desk.release_activate")
async def activate(request: Request, release_id: Id) -> Response:
    """Give a release a role from the next batch on."""
    form = await read_form(request)
    role, why = form.choice("role", ROLES), form.text("why", chars_max=WHY_CHARS_MAX)
    here: dict[str, Any] = {"release_id": release_id}
    if not form.is_good:
        return told(request, "desk.release", "desk.why_needed", tone="bad", **here)
    act = _act(request, why)
    try:
        share = read_share(form.values.get("share", "")) if role == decision.Role.CHALLENGER else 0
        await site_of(request).write(
            lambda conn: decision.activate(conn, release_id, act, role=decision.Role(role), share_ppm=share)
        )
    except HonghuaError as error:
        return refused(request, "desk.release", error, **here)
    return told(request, "desk.policy", "desk.activated", values={"id": release_id})


@router.post("/rollback", name="desk.rollback")
async def rollback(request: Request) -> Response:
    """Back to the line-up before."""
    return await _do(request, lambda conn, form, act: decision.restore_previous(conn, act), "desk.rolled_back")


@router.post("/suppress", name="desk.suppress")
async def suppress(request: Request) -> Response:
    """Silence a rule until a day, for everybody or for one entity."""
    site = site_of(request)

    def work(conn: psycopg.Connection, form: Form, act: decision.Act) -> None:
        lineup = decision.find_lineup(conn)
        judging = [] if lineup is None else list(lineup.judging)
        bundles = [decision.recompile(decision.get_release(conn, number)) for number in judging]
        entity, label = form.values.get("entity", ""), form.values.get("label", "").strip()
        whom = (entity, label) if entity and label else (None, None)
        until = dt.datetime.combine(
            _read_day(form.values.get("until", "")) + dt.timedelta(days=1), dt.time(), site.zone
        )
        silenced = decision.Silenced(form.values.get("rule", ""), until, *whom)
        decision.suppress(conn, silenced, act, bundles=bundles, now=site.clock.now())

    return await _do(request, work, "desk.suppressed")


@router.post("/lift", name="desk.lift")
async def lift(request: Request) -> Response:
    """End a suppression before its day."""
    return await _do(request, lambda conn, form, act: decision.lift(conn, form.whole("id"), act), "desk.lifted")


@router.post("/reopen", name="desk.reopen")
async def reopen(request: Request) -> Response:
    """Let a rule act again that the brake stopped."""
    now = site_of(request).clock.now()
    return await _do(
        request,
        lambda conn, form, act: decision.reopen(conn, form.values.get("rule", ""), act, now=now),
        "desk.reopened",
    )


@router.post("/experiments", name="desk.experiment")
async def experiment(request: Request) -> Response:
    """Start an experiment split by customer. arms: one "name share" a line."""

    def work(conn: psycopg.Connection, form: Form, act: decision.Act) -> None:
        shares: dict[str, int] = {}
        for line in form.values.get("arms", "").splitlines():
            if line.strip():
                name, _, share = line.strip().partition(" ")
                shares[name] = read_share(share)
        decision.start_experiment(conn, form.values.get("name", "").strip(), shares, act)

    return await _do(request, work, "desk.experiment_begun")


@router.post("/experiments/stop", name="desk.experiment_stop")
async def experiment_stop(request: Request) -> Response:
    """End an experiment."""
    return await _do(
        request,
        lambda conn, form, act: decision.stop_experiment(conn, form.values.get("name", ""), act),
        "desk.experiment_ended",
    )


async def _do(request: Request, work: Any, words: str) -> Response:
    """One act on the policy with its reason, then back to the overview."""
    form = await read_form(request)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.policy", "desk.why_needed", tone="bad")
    act = _act(request, why)
    try:
        await site_of(request).write(lambda conn: work(conn, form, act))
    except HonghuaError as error:
        return refused(request, "desk.policy", error)
    return told(request, "desk.policy", words)


def list_held(conn: psycopg.Connection) -> list[decision.BrakeRow]:
    """Rules that the brake stopped or warns of."""
    return [row for row in decision.list_brakes(conn) if row.state in ("stopped", "warned")]


def _act(request: Request, why: str) -> decision.Act:
    return decision.Act(viewer_of(request).subject, why)


def _read_day(text: str) -> dt.date:
    day = read_day(text.strip())
    if day is None:
        raise BadInput("write the day as 2026-12-31", code="DATE_INVALID")
    return day


def read_share(text: str) -> int:
    """A percentage as people write it, "10" or "12.5 %", in millionths; BadInput for what is none."""
    try:
        share = float(text.replace("%", "").strip())
    except ValueError as error:
        raise BadInput(f"{text[:20]!r} is no share: write 10 for 10 %", code="SHARE_INVALID") from error
    if not 0 < share <= 100:  # NaN fails, too
        raise BadInput("a share is above 0 and at most 100 %", code="SHARE_INVALID")
    return round(share * PPM / 100)


def describe(name: str, source: str, vocabulary: str, other: str) -> Written:
    """A text under the checks of today. vocabulary: as it is stored; other: the text in force, "" for none to compare with."""
    problems: tuple[tuple[int, str, str], ...] = ()
    rules: tuple[RuleRow, ...] = ()
    reads: tuple[str, ...] = ()
    try:
        bundle = compile_bundle(name or "draft", source, read_vocabulary(vocabulary.encode()))
        rules = tuple(_rule_row(rule) for rule in bundle.rules)
        reads = tuple(bundle.inputs_read)
    except PolicyProblems as found:
        problems = tuple((one.line, one.code, one.message) for one in found.problems)
    wrong = {line: message for line, _, message in reversed(problems)}
    lines = tuple((k, text, wrong.get(k, "")) for k, text in enumerate(source.splitlines(), start=1))
    return Written(lines, problems, rules, reads, list_differences(other, source) if other else [])


def _rule_row(rule: Any) -> RuleRow:
    reason = REASONS.get(rule.code)
    return RuleRow(
        rule.number, rule.name, rule.line, rule.lane.name.lower(), say_expression(rule.when), say_outcome(rule.then),
        "" if not rule.unsure else "skip" if rule.missing is None else say_outcome(rule.missing), rule.code,
        "" if reason is None else reason.agent_zh, "" if reason is None else reason.agent_en, rule.shadow,
    )  # fmt: skip


def list_differences(before: str, after: str) -> Diff:
    """Lines as they were and are: (" ", "-" or "+", number before, number after, text), with three lines around each change."""
    old, new = before.splitlines(), after.splitlines()
    found: Diff = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(3):
        if found:
            found.append(("…", None, None, ""))
        for word, a, b, c, d in group:
            if word == "equal":
                found += [(" ", a + k + 1, c + k + 1, old[a + k]) for k in range(b - a)]
            else:
                found += [("-", k + 1, None, old[k]) for k in range(a, b)]
                found += [("+", None, k + 1, new[k]) for k in range(c, d)]
    return found[:DIFF_LINES_MAX]


__all__ = ["describe", "list_differences", "read_share", "router"]
