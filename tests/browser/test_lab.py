"""The strategist's way through a run of the lab: the steps, the candidates, the frontier, one click; then it judges as challenger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from honghua.agents import api as agents
from honghua.decision import api as decision
from honghua.decision.core import POLICIES
from honghua.lab.strategy.api import diff_policies
from honghua.lab.workers.proposing import MAKER, Propose
from honghua.lab.workers.releaser import make_gate
from honghua.lab.workers.strategist import add_rules
from honghua.store.database import connect, run_unit
from honghua.web.desk.tests.test_lab import CARD, draw, make_flow
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching
from tests.browser.test_desk import staff

FRAME = "account-rules"
SEED = 5


@dataclass
class Lab:
    """The lab behind the click, for a run whose first steps a test gave: the gate and the release are the lab's own."""

    flow: agents.Flow
    means: agents.Means

    def approve(self, conn, run_id, *, person, why, approved, clock) -> None:
        after = (*self.flow.workers[:-1], make_gate(), Propose(conn, clock))
        with agents.hold_database_run(conn, run_id) as run:
            if not agents.is_answered(run.standing()):
                agents.answer(run, step=make_gate().step, person=person, approved=approved, why=why, clock=clock)
            agents.work(run, replace(self.flow, workers=after), self.means)


@pytest.fixture
def run_id(town, tmp_path: Path) -> Iterator[str]:
    """A run that waits at its gate, over a champion whose text it extends."""
    frame = POLICIES[FRAME]
    policy = add_rules(frame)
    more = {
        "card": CARD.partition(b"<script>")[0],
        "policy": policy.encode(),
        "diff": "\n".join(diff_policies(frame, policy)).encode(),
    }
    flow = make_flow(draw(), tail=(make_gate(),), more=more)
    means = agents.Means(town.clock, tmp_path / "scratch")
    town.app.state.lab = Lab(flow, means)
    with connect(town.database) as conn:
        run_unit(conn, lambda c: seat_frame(c, frame))
        opening = agents.Opening("build", SEED, "raw events of the city of spring")
        run = agents.open_database_run(conn, opening, subject="city of spring", clock=town.clock)
        agents.work(run, flow, means)
        yield run.journal.run


def seat_frame(conn, source: str) -> None:
    """The policy that judges now, by two people."""
    row = decision.propose(
        conn, decision.prepare_proposal(conn, decision.Draft(FRAME, source)), decision.Act("Ann", "x")
    )
    decision.review(conn, row.release_id, decision.Act("Ben", "x"), approved=True)
    decision.activate(conn, row.release_id, decision.Act("Ben", "x"), role=decision.Role.CHAMPION)


def test_a_strategist_looks_at_a_run_and_approves_and_the_release_judges(chromium, town, run_id, shots):
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ann"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/")
        page.get_by_role("link", name="1 次策略实验室运行待批准").click()
        expect(page.get_by_role("link", name="city of spring")).to_be_visible()
        eye.shoot("desk-lab")
        page.get_by_role("link", name="city of spring").click()
        expect(page.get_by_text("退回重做")).to_be_visible()
        page.locator("details", has_text="产出 2 项").first.locator("summary").click()
        eye.shoot("desk-lab-run")
        page.get_by_role("link", name="候选模型").click()
        expect(
            page.frame_locator("iframe.card-frame").get_by_role("heading", name="Card of the candidate")
        ).to_be_visible()
        expect(page.locator("svg.interval")).to_have_count(3)
        eye.shoot("desk-lab-models")
        page.get_by_role("link", name="策略前沿").click()
        expect(page.locator("svg.frontier")).to_have_count(2)
        expect(page.locator(".point.chosen")).to_have_count(2)
        eye.shoot("desk-lab-strategy")
        page.get_by_role("link", name="步骤").click()
        page.get_by_label("理由(会被保存)").fill("the swap set is sound")
        page.get_by_role("button", name="批准", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("正在发布")
        expect(page.get_by_text("已发布 spring")).to_be_visible()
        eye.shoot("desk-lab-released")
        page.get_by_role("link", name="查看该发布").click()
        expect(page.locator("header.heading")).to_contain_text(MAKER)
        expect(page.locator(".badge", has_text="ann")).to_be_visible()
        eye.go("/desk/policy")
        expect(page.get_by_text("spring").first).to_be_visible()
    with town.site.pool.connection() as conn:
        lineup = decision.find_lineup(conn)
        assert lineup is not None
        assert lineup.challenger is not None
        row = decision.get_release(conn, lineup.challenger)
    assert (row.author, row.reviewer, row.approved) == (MAKER, "ann", True)


@pytest.mark.parametrize(("viewport", "language"), [(PHONE, "zh"), (DESKTOP, "en")], ids=["phone", "desk"])
def test_an_auditor_reads_the_lab_and_finds_nothing_to_press(chromium, town, run_id, shots, viewport, language):
    cookies = {**staff(town, Role.AUDITOR, "eve"), "honghua_language": language}
    pages = ("", "?only=open", f"/runs/{run_id}", f"/runs/{run_id}/models", f"/runs/{run_id}/strategy")
    with watching(chromium, town, cookies, viewport=viewport, shots=shots, color_scheme="dark") as eye:
        for number, path in enumerate(pages):
            eye.go(f"/desk/lab{path}")
            eye.shoot(f"desk-lab-auditor-{number}-{language}")
            assert eye.page.locator("main form").count() == 0
        eye.go(f"/desk/lab/runs/{run_id}")
        for address in eye.page.locator("p.things a").evaluate_all("all => all.map(one => one.getAttribute('href'))"):
            eye.go(address)
            eye.check_axe(address)
