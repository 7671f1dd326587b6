"""After the click: the candidate becomes challenger for a share of the customers, made by an agent and approved by a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from honghua.agents.api import TEXT, Context, Done, Outcome, Slot
from honghua.base.clock import Clock
from honghua.base.errors import Conflict
from honghua.decision import api as decision
from honghua.lab.api import CANDIDATE, PROPOSE
from honghua.lab.workers.releaser import AGENT, LIST_DAYS
from honghua.lab.workers.strategist import LISTS, add_rules

MAKER: Final = "Releaser of the lab (an agent)"
SHARE_PPM: Final = 100_000  # of the customers, to begin with: a tenth (grade U: the lender's own)
NAME_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Propose:
    """Lists filled, policy proposed, approved in the name of the person who clicked, and seated. Safe to do again: a release that is there
    is found by its name, which holds the candidate's digest."""

    conn: psycopg.Connection
    clock: Clock
    share_ppm: int = SHARE_PPM
    agent: str = AGENT
    step: str = PROPOSE
    reads: tuple[Slot, ...] = (Slot(CANDIDATE), Slot("policy", TEXT), Slot("lists"), Slot("approval"))
    writes: tuple[Slot, ...] = (Slot("release"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        candidate = context.read_json(CANDIDATE, dict[str, Any])
        approval = context.read_json("approval", dict[str, Any])
        name = f"{candidate['name']}-{context.inputs[CANDIDATE].digest[:NAME_DIGITS]}"
        with self.conn.transaction():
            decision.ensure_first(self.conn)
            known = next((row for row in decision.list_releases(self.conn) if row.name == name), None)
            row = known or self._release(context, name, approval)
        role = decision.name_role(decision.find_lineup(self.conn), row.release_id)
        context.write_json("release", {
            "release": row.release_id, "name": name, "digest": row.digest.hex(), "role": role, "share_ppm": self.share_ppm,
            "approved_by": approval["person"],
        })  # fmt: skip
        said = f"release {row.release_id} judges {self.share_ppm / 10_000:g}% of the customers, always the same ones, as {role}"
        return Done((said, f"approved by {approval['person']}: {approval['why']}"))

    def _release(self, context: Context, name: str, approval: dict[str, Any]) -> decision.ReleaseRow:
        source = context.read("policy").decode()
        champion = decision.find_champion(self.conn)
        assert champion is not None, "ensure_first made one"
        if add_rules(champion.source).strip() != source.strip():
            raise Conflict(
                "the policy that judges now is not the one that this candidate was signed on: run again with --frame FILE of the"
                " present champion", code="FRAME_DIFFERS",
            )  # fmt: skip
        why = f"candidate {context.inputs[CANDIDATE].digest[:16]} of the strategy lab"
        maker, checker = decision.Act(MAKER, why), decision.Act(approval["person"], approval["why"])
        self._fill_lists(context.read_json("lists", dict[str, list[str]]), maker)
        proposal = decision.prepare_proposal(self.conn, decision.Draft(name, source))
        row = decision.propose(self.conn, proposal, maker)
        row = decision.review(self.conn, row.release_id, checker, approved=True, digest=row.digest.hex())
        decision.activate(self.conn, row.release_id, checker, role=decision.Role.CHALLENGER, share_ppm=self.share_ppm)
        return row

    def _fill_lists(self, lists: dict[str, list[str]], act: decision.Act) -> None:
        """Put today's people on the lists until after the next run; both lists must exist, or the policy could not read them."""
        until = self.clock.now() + dt.timedelta(days=LIST_DAYS)
        for name in LISTS.values():
            where = decision.ListName(name, "customer")
            people = [decision.Listed(label, until) for label in lists.get(name, [])]
            nobody = [decision.Listed(f"nobody of {name}", self.clock.now() + dt.timedelta(seconds=1))]
            decision.add_entries(self.conn, where, people or nobody, act)


__all__ = ["MAKER", "SHARE_PPM", "Propose"]
