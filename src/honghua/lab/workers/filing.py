"""After the click: both models are filed in the register with what was measured of them, the examined ones as challengers of their seat."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from honghua.agents.api import FOLDER, Context, Done, Outcome, Slot
from honghua.base.clock import Clock
from honghua.base.errors import Refusal
from honghua.lab.api import CANDIDATE
from honghua.lab.fitting.api import Loaded, load_candidates
from honghua.lab.monitoring.api import pack_forest
from honghua.lab.workers.proposing import MAKER
from honghua.lab.workers.question import Question
from honghua.models.registry.api import DRIFT_FILE, Filing, KeptExamination, challenge, file_version
from honghua.models.scorecard.api import save_card

SEGMENT: Final = "everybody"


@dataclass(frozen=True, slots=True)
class FileModels:
    """One version a model. Safe to do again: the same run filing the same model finds its version."""

    conn: psycopg.Connection
    clock: Clock
    question: Question
    run_id: str
    agent: str = "Monitor"
    step: str = "file the models"
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("candidates", FOLDER), Slot("references", FOLDER), Slot("examination"), Slot(CANDIDATE), Slot("approval"),
        Slot("release"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (Slot("versions"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        loaded = load_candidates(context.lay("candidates"))
        examination = context.read_json("examination", dict[str, Any])
        approval = context.read_json("approval", dict[str, str])
        versions: dict[str, Any] = {}
        for role, files in pack_pair(loaded).items():
            files[DRIFT_FILE] = (context.lay("references") / f"{role}.npz").read_bytes()
            with self.conn.transaction():
                row = file_version(
                    self.conn, self._filing(context, role, (loaded, files, examination[role])), now=self.clock.now()
                )
                said = ""
                if row.status.value == "candidate":
                    moved = challenge(
                        self.conn, row.version_id, person=approval["person"], why=approval["why"], now=self.clock.now()
                    )
                    row, said = (row, moved.sentence) if isinstance(moved, Refusal) else (moved, "")
            versions[role] = {
                "version": row.version_id,
                "number": row.number,
                "status": row.status.value,
                "refused": said,
            }
        context.write_json("versions", versions)
        return Done(
            tuple(
                f"{role}: version {one['number']}, {one['status']} {one['refused']}".strip()
                for role, one in versions.items()
            )
        )

    def _filing(self, context: Context, role: str, made: tuple[Loaded, dict[str, bytes], dict[str, Any]]) -> Filing:
        loaded, files, examined = made
        kept = KeptExamination(examined)
        return Filing(
            segment=SEGMENT, purpose=self.question.target.name, kind=str(examined["kind"]), digest=kept.digest,
            columns=tuple(loaded.schema.names), files=files, figures={"auc": examined["auc"], "ks": examined["ks"], "role": role},
            data_digest=bytes.fromhex(context.inputs["source"].digest), run_id=self.run_id,
            fitted_until=dt.date.fromisoformat(examined["window"][0]), made_by=MAKER, examination=kept,
        )  # fmt: skip


def pack_pair(loaded: Loaded) -> dict[str, dict[str, bytes]]:
    """The files of both models, path → bytes."""
    with tempfile.TemporaryDirectory() as place:
        save_card(loaded.pair.champion, Path(place))
        card = {path.name: path.read_bytes() for path in sorted(Path(place).iterdir())}
    return {"champion": card, "challenger": pack_forest(loaded.pair.challenger)}


__all__ = ["FileModels", "pack_pair"]
