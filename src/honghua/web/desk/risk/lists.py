"""Lists that policies ask for: who stands on them, until when and why; put on, take off, many at once from a file."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from honghua.base.errors import BadInput, HonghuaError
from honghua.decision import api as decision
from honghua.features.core import ENTITIES
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form, take_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/lists")
SHOWN: Final = 500
HISTORY: Final = 400
GROUP_MAX: Final = 100
ROWS_MAX: Final = 10_000
BYTES_MAX: Final = 1 << 20
PROBLEMS_SHOWN: Final = 30
STANDING: Final = ("deny", "allow", "exclusion")


@router.get("", name="desk.lists")
async def show(request: Request) -> Response:
    """What stands on the lists now. Of the address: list, q (search), or entity and label to put somebody on a list."""
    query = request.query_params
    name, entity = query.get("list", "")[:60], query.get("entity", "")
    form = empty_form(
        request,
        list=name or "deny",
        entity=entity if entity in ENTITIES else "customer",
        label=query.get("label", "")[:200],
    )
    return await _page(request, form, wanted=(name, query.get("q", "")[:200]))


@router.post("/add", name="desk.list_add")
async def add(request: Request) -> Response:
    """Put one entity on a list, until a day or until somebody takes it off."""
    form = await read_form(request)
    name, entity = form.text("list", chars_max=41), form.choice("entity", frozenset(ENTITIES))
    label, why = form.text("label"), form.text("why", chars_max=WHY_CHARS_MAX)
    until = _read_until(request, form)
    if not form.is_good:
        return await _page(request, form, wanted=(name, ""), status=422)
    act = decision.Act(viewer_of(request).subject, why)
    try:
        where, entry = decision.ListName(name, entity), decision.Listed(label, until)
        await site_of(request).write(lambda conn: decision.add_entries(conn, where, [entry], act))
    except HonghuaError as error:
        return refused(request, "desk.lists", error, query={"list": name})
    return told(request, "desk.lists", "desk.list_added", values={"label": label, "list": name}, query={"list": name})


@router.post("/add-many", name="desk.list_add_many")
async def add_many(request: Request) -> Response:
    """Put all customers of a group on a list, as one act; a policy that reads the list sends them to a reviewer, or refuses."""
    async with request.form(max_files=0, max_fields=GROUP_MAX + 10) as data:
        labels = [text for text in data.getlist("label") if isinstance(text, str)][:GROUP_MAX]
        form = take_form(request, data)
    name, why = form.text("list", chars_max=41), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good or not labels:
        return told(request, "desk.rings", "desk.why_needed", tone="bad")
    act = decision.Act(viewer_of(request).subject, why)
    try:
        where, entries = decision.ListName(name, "customer"), [decision.Listed(label) for label in labels]
        added = await site_of(request).write(lambda conn: decision.add_entries(conn, where, entries, act))
    except HonghuaError as error:
        return refused(request, "desk.rings", error)
    return told(request, "desk.lists", "desk.list_added_many", values={"n": added, "list": name}, query={"list": name})


@router.post("/remove", name="desk.list_remove")
async def remove(request: Request) -> Response:
    """Take one entity off a list."""
    form = await read_form(request)
    name, entity, label = (
        form.text("list", chars_max=41),
        form.choice("entity", frozenset(ENTITIES)),
        form.text("label"),
    )
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.lists", "desk.why_needed", tone="bad", query={"list": name})
    act = decision.Act(viewer_of(request).subject, why)
    try:
        where = decision.ListName(name, entity)
        await site_of(request).write(lambda conn: decision.remove_entries(conn, where, [label], act))
    except HonghuaError as error:
        return refused(request, "desk.lists", error, query={"list": name})
    return told(request, "desk.lists", "desk.list_removed", values={"label": label, "list": name}, query={"list": name})


@router.post("/upload", name="desk.list_upload")
async def upload(request: Request) -> Response:
    """Put the good rows of a CSV on a list, and say which rows were wrong and why; nothing is put on while a row is wrong,
    unless that was asked for."""
    async with request.form(max_files=1, max_fields=20) as data:
        form = take_form(request, data)
        file = data.get("file")
        content = await file.read(BYTES_MAX + 1) if isinstance(file, UploadFile) else b""
    name, entity = form.text("list", chars_max=41), form.choice("entity", frozenset(ENTITIES))
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not content:
        form.blame("file", "ui.error_needed")
    if not form.is_good:
        return await _page(request, form, wanted=(name, ""), status=422)
    try:
        good, problems = _read_file(content, site_of(request).clock.now())
        where, act = decision.ListName(name, entity), decision.Act(viewer_of(request).subject, why)
        added = 0
        if good and (not problems or form.values.get("skip_bad") == "yes"):
            added = await site_of(request).write(lambda conn: decision.add_entries(conn, where, good, act))
    except HonghuaError as error:
        return refused(request, "desk.lists", error, query={"list": name})
    if problems:
        return await _page(request, form, wanted=(name, ""), status=422, problems=problems, added=added)
    return told(request, "desk.lists", "desk.list_uploaded", values={"n": added, "list": name}, query={"list": name})


def _read_file(content: bytes, now: dt.datetime) -> tuple[list[decision.Listed], list[Any]]:
    if len(content) > BYTES_MAX:
        raise BadInput(
            f"a file has at most {BYTES_MAX:,} bytes here; `honghua lists import` takes larger ones",
            code="FILE_TOO_LARGE",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("the file is not UTF-8 text", code="FILE_UNREADABLE") from error
    if text.count("\n") > ROWS_MAX:
        raise BadInput(f"a file has at most {ROWS_MAX:,} rows here", code="TOO_MANY_ROWS")
    good, problems = decision.read_csv(io.StringIO(text, newline=""), now=now)
    return good, list(problems)


def _read_until(request: Request, form: Form) -> dt.datetime | None:
    """The end of the day that was typed, in the site's zone; None where nothing was."""
    text = form.values.get("until", "").strip()
    if not text:
        return None
    site = site_of(request)
    try:
        end = dt.datetime.combine(dt.date.fromisoformat(text) + dt.timedelta(days=1), dt.time(), site.zone)
    except (ValueError, OverflowError):
        form.blame("until", "desk.error_day")
        return None
    if end <= site.clock.now():
        form.blame("until", "desk.error_past")
    return end


async def _page(
    request: Request,
    form: Form,
    *,
    wanted: tuple[str, str],
    status: int = 200,
    problems: list[Any] | None = None,
    added: int = 0,
) -> Response:
    site = site_of(request)
    name, q = wanted
    now = site.clock.now()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        entries = decision.list_entries(conn, name=None, now=now, limit=20_000)
        names = sorted({*STANDING, *(entry.list for entry in entries)})
        shown = [
            e for e in entries if (not name or e.list == name) and q.lower() in f"{e.label} {e.why} {e.person}".lower()
        ]
        counts = {one: sum(e.list == one for e in entries) for one in names}
        changes = [c for c in decision.list_changes(conn, limit=HISTORY) if c.action.startswith("list ")]
        readers = decision.find_readers(conn)
        return {
            "entries": shown, "names": names, "counts": counts, "changes": changes,
            "readers": {one: readers.get(one, ()) for one in names},
        }  # fmt: skip

    found = await site.read(read)
    return await draw(
        request, "desk/lists.html", status=status, form=form, name=name, q=q, entities=ENTITIES, problems=problems or [], added=added,
        problems_shown=PROBLEMS_SHOWN, shown=SHOWN, **found,
    )  # fmt: skip


__all__ = ["router"]
