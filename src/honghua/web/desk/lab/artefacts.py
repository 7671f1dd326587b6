"""One artefact of a run: its bytes as people read them, a folder's files, and pages of HTML that stand alone in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.agents import api as agents
from honghua.agents.core import Ref
from honghua.base.errors import NotFound
from honghua.web.desk.drawing import draw
from honghua.web.desk.lab.reading import SHOWN_BYTES_MAX, Digest, RunId, look_at, pretty_json
from honghua.web.ground import site_of

router = APIRouter(prefix="/desk/lab/runs/{run_id}")
# A card is written by programs from figures and names of columns: it may style itself, and nothing else.
SANDBOX: Final = "; ".join((
    "sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'self'",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """An artefact on its page. text: what can be read of it; files: of a folder, with their sizes; is_cut: there is more of it."""

    ref: Ref
    text: str = ""
    files: tuple[tuple[str, int], ...] = ()
    is_cut: bool = False


@router.get("/artefacts/{digest}", name="desk.lab_artefact")
async def show(request: Request, run_id: RunId, digest: Digest) -> Response:
    """What it holds."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        look = look_at(conn, run_id)
        return {"look": look, "shown": read_shown(look.run.artefacts, look.get_ref(digest))}

    return await draw(request, "desk/lab/artefact.html", run_id=run_id, **await site_of(request).read(read))


def read_shown(store: agents.Artefacts, ref: Ref) -> Shown:
    """As much of it as a page holds; tables of people are not in the database at all."""
    if ref.kind in (agents.TABLE, agents.HTML) or not store.has(ref.digest):
        return Shown(ref)
    if ref.kind == agents.FOLDER:
        listed = agents.list_folder(store, ref.digest)
        return Shown(ref, files=tuple((path, len(store.get(inner))) for path, inner in sorted(listed.items())))
    data = store.get(ref.digest)
    text = pretty_json(data) if ref.kind == agents.JSON else data.decode(errors="replace")
    return Shown(ref, text=text[:SHOWN_BYTES_MAX], is_cut=len(text) > SHOWN_BYTES_MAX)


@router.get("/pages/{digest}", name="desk.lab_page")
async def page(request: Request, run_id: RunId, digest: Digest) -> Response:
    """An HTML artefact as it is, for a frame of ours: in a sandbox, without scripts, loading nothing."""

    def read(conn: psycopg.Connection) -> bytes:
        look = look_at(conn, run_id)
        ref = look.get_ref(digest)
        if ref.kind != agents.HTML:
            raise NotFound("this artefact is no page", code="ARTEFACT_UNKNOWN")
        return look.run.artefacts.get(ref.digest)

    html = await site_of(request).read(read)
    return Response(html, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": SANDBOX})


__all__ = ["SANDBOX", "read_shown", "router"]
