"""A candidate of a run, kept as the model of a slot: scorecard or forest, both as trees that decisions walk.

A model judges after its examination: the pair that was examined is kept, not the one that was fitted once more on all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg

from honghua.agents import api as agents
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.decision import api as decision
from honghua.lab.fitting.api import Loaded
from honghua.lab.tables.api import Kind
from honghua.lab.workers.flat import load_examined
from honghua.models.api import Model
from honghua.models.scorecard.api import compile_card

SCORECARD, FOREST = "scorecard", "forest"
KINDS: Final = {SCORECARD: "champion", FOREST: "challenger"}  # kind → its role in a pair of candidates
NUMBERS: Final = (Kind.NUMBER, Kind.WHOLE)
NOTHING: Final[Mapping[str, bytes]] = {}


def keep_candidate(conn: psycopg.Connection, run_folder: Path, *, kind: str) -> bytes:
    """Keep the scorecard or the forest of the run in a folder, in the caller's transaction; the digest that a bundle names it by.

    NotFound where no run is there, BadInput where it has no examined candidates or reads columns of words or dates: an engine gives
    numbers. Safe to do again.
    """
    run = agents.look_at_run(run_folder)
    current = run.standing().current
    if not {"candidates", "examination"} <= current.keys():
        raise BadInput(f"the run in {run_folder} has no examined candidates yet", code="RUN_UNFINISHED")
    examination = agents.read_json(run.artefacts, current["examination"].digest, dict)[KINDS[kind]]
    with TemporaryDirectory() as place:
        agents.lay_folder(run.artefacts, current["candidates"].digest, Path(place))
        loaded = load_examined(Path(place))
    model, examined, scale = _compile(loaded, kind)
    if examined.hex() != examination["digest"]:
        raise IntegrityBroken(f"the examination of the run in {run_folder} is of another {kind}")
    word = decision.SlotWord(
        kind=kind, says=f"{loaded.schema.target_name} = {loaded.schema.target_words[1]}", source=f"lab run {run.journal.run}",
        digest=model.digest.hex(), scale=scale,
    )  # fmt: skip
    battery: dict[str, Any] = {
        "digest": model.digest.hex(), "passed": examination["passed"], "problems": examination["problems"], "examined": examination,
    }  # fmt: skip
    return decision.keep_slot_model(conn, decision.SlotModel(word, model), battery=battery, beside=_find_plan(conn))


def _compile(loaded: Loaded, kind: str) -> tuple[Model, bytes, tuple[float, float, float] | None]:
    """The model as decisions run it, the digest under which it was examined, and the scale of its points."""
    others = [column.name for column in loaded.schema.columns if column.kind not in NUMBERS]
    if others:
        raise BadInput(f"a slot's model reads numbers; {', '.join(others)} are words or dates", code="COLUMNS_OF_WORDS")
    if kind == FOREST:
        return loaded.pair.challenger, loaded.pair.challenger.digest, None
    card = loaded.pair.champion
    return compile_card(card), card.digest, (card.scale.points_to_double, card.scale.score_base, card.scale.odds_base)


def _find_plan(conn: psycopg.Connection) -> Mapping[str, bytes]:
    """The plan of the engine that judges now: a later one goes on sensing what this model reads. None where the account rules judge."""
    champion = decision.find_champion(conn)
    if champion is None or not champion.model_digest:
        return NOTHING
    files = decision.read_model_files(conn, champion.model_digest)
    return {decision.PLAN_FILE: files[decision.PLAN_FILE]} if decision.PLAN_FILE in files else NOTHING


__all__ = ["FOREST", "KINDS", "SCORECARD", "keep_candidate"]
