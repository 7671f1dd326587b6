"""A policy being written: checked line by line, backtested over what was decided, proposed with its backtest as the brake's reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import BadInput, HonghuaError, NotFound
from honghua.decision import api as decision
from honghua.decision.core import (
    POLICIES,
    Gate,
    Part,
    PolicyProblems,
    check_gate,
    compile_bundle,
    compute_reference,
    compute_report,
    vocabulary_bytes,
)
from honghua.web.address_parts import read_number
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.desk.risk.policies import describe
from honghua.web.desk.tasks import Tell, find_task, tasks_of
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import redirect
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/policy/write")
SOURCE_CHARS_MAX: Final = 200_000
JUDGED_MAX: Final = 2_000_000  # decisions of one backtest here; `honghua policy backtest` takes all there are
GATES: Final = ("flip_share_max", "refusal_rise_max", "refusal_share_max", "segment_refusal_rise_max")
SEGMENTS: Final = ("", "month", "release", "risk_class")


@router.get("", name="desk.write")
async def write(request: Request, *, release: int = Query(0), shipped: str = Query("")) -> Response:
    """An empty desk, or one with a release's text, or with a policy that came with the program."""

    def read(conn: psycopg.Connection) -> str:
        if shipped in POLICIES:
            return POLICIES[shipped]
        row = decision.get_release(conn, release) if release else decision.find_champion(conn)
        return POLICIES["account-rules"] if row is None else row.source

    source = await site_of(request).read(read)
    form = empty_form(request, source=source, flip_share_max="5", refusal_rise_max="1")
    return await _page(request, form)


@router.post("/check", name="desk.write_check")
async def check(request: Request) -> Response:
    """Every problem of the text with its line, its rules, and how it differs from the one in force."""
    return await _page(request, await _read_draft(request), is_checked=True)


@router.post("/backtest", name="desk.backtest")
async def backtest(request: Request) -> Response:
    """Judge what was decided again by this text, in a thread; on to its progress."""
    form = await _read_draft(request)
    site, person = site_of(request), viewer_of(request).subject
    name = form.text("name", chars_max=200)
    segment = form.values.get("segment", "") if form.values.get("segment", "") in SEGMENTS else ""
    gates = {gate: _read_gate(form, gate) for gate in GATES}
    if not form.is_good:
        return await _page(request, form, is_checked=True, status=422)
    source = form.values["source"]

    def work(conn: psycopg.Connection, tell: Tell) -> dict[str, Any]:
        return run(conn, tell, (name, source), segment=segment, gate=Gate(**gates))

    try:
        await site.read(lambda conn: compile_bundle(name, source, decision.find_vocabulary(conn)))
        wanted = {"name": name, "source": source, "segment": segment, "gates": gates}
        task_id = tasks_of(request.app.state, site).start("backtest", name, person, wanted, work)
    except PolicyProblems:
        return await _page(request, form, is_checked=True, status=422)
    except HonghuaError as error:
        return refused(request, "desk.policy", error)
    return redirect(request, "desk.task", task_id=task_id)


@router.post("/propose", name="desk.propose")
async def propose(request: Request) -> Response:
    """Store it as a release; another person has to approve it. task: of the backtest whose shares the brake takes as its reference."""
    form = await _read_draft(request)
    name, why = form.text("name", chars_max=200), form.text("why", chars_max=WHY_CHARS_MAX)
    number = read_number(form.values.get("task")) or 0
    if not form.is_good:
        return await _page(request, form, is_checked=True, status=422)
    act = decision.Act(viewer_of(request).subject, why)
    source, despite = form.values["source"], form.values.get("despite", "")[:WHY_CHARS_MAX]

    def work(conn: psycopg.Connection) -> decision.ReleaseRow:
        draft = decision.Draft(name, source, find_reference(conn, number, source), despite)
        return decision.propose(conn, decision.prepare_proposal(conn, draft), act)

    try:
        made = await site_of(request).write(work)
    except PolicyProblems:
        return await _page(request, form, is_checked=True, status=422)
    except HonghuaError as error:
        form.blame("source", "desk.refused", code=error.code, sentence=str(error))
        return await _page(request, form, is_checked=True, status=422)
    return told(request, "desk.release", "desk.proposed", release_id=made.release_id)


def find_reference(conn: psycopg.Connection, task_id: int, source: str) -> dict[str, int]:
    """What each rule refused in a backtest of exactly this text; empty without one."""
    task = find_task(conn, task_id) if task_id else None
    if task is None or task.result is None or task.wanted.get("source") != source:
        return {}
    return dict(task.result["reference_ppm"])


def run(conn: psycopg.Connection, tell: Tell, draft: tuple[str, str], *, segment: str, gate: Gate) -> dict[str, Any]:
    """The backtest itself: the report, what breaks the gate, and the reference for the brake."""
    bundle = decision.compile_draft(conn, decision.Draft(*draft))
    split = decision.Segments(segment)
    whole = decision.count_judged(conn)
    parts = _watch(decision.read_recorded_parts(conn, bundle, segments=split), tell, whole)
    tally = decision.run_backtest(bundle, parts, segments=decision.SEGMENTS_MAX if segment else 1)
    if not tally.groups[:, 0].sum():
        raise NotFound("no decision is recorded that a policy could judge again", code="NOTHING_RECORDED")
    report = compute_report(bundle, tally, segments=split.names if segment else ["all"])
    return {
        "report": report, "broken": check_gate(report, gate), "reference_ppm": compute_reference(bundle, tally),
        "digest": bundle.digest.hex(),
    }  # fmt: skip


def _watch(parts: Iterator[Part], tell: Tell, whole: int) -> Iterator[Part]:
    done = 0
    for part in parts:
        done += len(part.vectors)
        if done > JUDGED_MAX:
            raise BadInput(
                f"more than {JUDGED_MAX:,} decisions: `honghua policy backtest --recorded` takes them all",
                code="TOO_MANY_DECISIONS",
            )
        yield part
        tell(min(done, whole), whole, "")


def _read_gate(form: Form, name: str) -> float | None:
    """A limit typed in percent, as a share; None where nothing was typed."""
    text = form.values.get(name, "").replace("%", "").strip()
    if not text:
        return None
    try:
        share = float(text) / 100
    except ValueError:
        form.blame(name, "desk.error_share")
        return None
    if not 0 <= share <= 100:
        form.blame(name, "desk.error_share")
    return share


async def _read_draft(request: Request) -> Form:
    """The form with its long text whole; line ends as the language knows them."""
    form = await read_form(request, chars_max=2 * SOURCE_CHARS_MAX)  # browsers end lines with two characters
    form.values["source"] = form.values.get("source", "").replace("\r\n", "\n")[:SOURCE_CHARS_MAX]
    return form


async def _page(request: Request, form: Form, *, is_checked: bool = False, status: int = 200) -> Response:
    def read(conn: psycopg.Connection) -> dict[str, Any]:
        vocabulary = decision.find_vocabulary(conn)
        champion = decision.find_champion(conn)
        before = "" if champion is None else champion.source
        stored = vocabulary_bytes(vocabulary).decode()
        return {
            "vocabulary": vocabulary.inputs, "champion": champion,
            "written": describe(form.values.get("name", ""), form.values["source"], stored, before),
        }  # fmt: skip

    found = await site_of(request).read(read)
    return await draw(
        request, "desk/write.html", status=status, form=form, is_checked=is_checked, gates=GATES, segments=SEGMENTS,
        shipped=sorted(POLICIES), **found,
    )  # fmt: skip


__all__ = ["router"]
