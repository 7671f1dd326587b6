"""The lab at the desk: a real run worked on in the database, with a strategy drawn by the strategist's own functions, read page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
import pytest

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.base.errors import Conflict
from honghua.lab.strategy.api import Orders, Strategy, SwapSet, draw_strategy, read_plan, swap_set
from honghua.store.database import connect
from honghua.web.desk.acts import list_acts
from honghua.web.desk.lab.artefacts import SANDBOX
from honghua.web.desk.tasks import list_tasks
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role

SEED = 11
ROWS = 6_000
CARD = b"<!doctype html><title>card</title><style>h1{color:red}</style><h1>Card of the candidate</h1><script>alert(1)</script>"
BOARD = {"rows": [
    {"name": "scorecard-7", "kind": "scorecard", "role": "champion", "auc": [0.71, 0.74, 0.77], "brier": 0.112, "passed": True},
    {"name": "forest-3", "kind": "forest", "role": "challenger", "auc": [0.74, 0.77, 0.80], "brier": 0.108, "passed": True},
    {"name": "what-if", "kind": "naive", "role": "naive", "auc": [0.60, 0.63, 0.66], "passed": False, "note": "wrong sign"},
]}  # fmt: skip
MODEL = {"digest": "ab" * 32, "kind": "forest", "passed": True}
QUESTION = "bought on credit in the thirty days before the day of the row, and repays nothing at all in the thirty days after it"
DIFF = "--- in force\n+++ candidate\n@@ -1,2 +1,2 @@\n rule a\n-refuse if chance > 0.2\n+refuse if chance > 0.3\n"


@pytest.fixture(scope="module")
def drawn() -> tuple[Strategy, SwapSet]:
    return draw()


def draw() -> tuple[Strategy, SwapSet]:
    """A strategy on two drawn halves of orders, and who gets in by it that a single cut-off let in before."""
    rng = np.random.default_rng(SEED)
    halves = []
    for _ in range(2):
        chance = rng.beta(1.2, 18.0, ROWS)
        bad = (rng.random(ROWS) < chance).astype(np.uint8)
        halves.append(Orders(chance, bad, rng.integers(20_000, 800_000, ROWS)))
    develop, report = halves
    plan = read_plan("credit")
    found = draw_strategy(develop, report, plan, name="lab-test")
    assert isinstance(found, Strategy), found
    return found, swap_set(report, report.chance < 0.05, found.lets_pass(report), plan)


@dataclass(frozen=True)
class Teller:
    """A step that writes what it was given under the names that the lab's own workers use."""

    agent: str
    step: str
    reads: tuple[agents.Slot, ...]
    writes: tuple[agents.Slot, ...]
    values: Mapping[str, object]

    def run(self, context: agents.Context) -> agents.Outcome:
        for slot in self.writes:
            value = self.values[slot.name]
            if isinstance(value, bytes):
                context.write(slot.name, value)
            else:
                context.write_json(slot.name, value)
        return agents.Done((f"{self.step}: try {1 + len(context.remarks)}",))


@dataclass(frozen=True)
class Fitter(Teller):
    """Says in its artefact how often its work came back."""

    def run(self, context: agents.Context) -> agents.Outcome:
        context.write_json("leaderboard", {**BOARD, "tries": 1 + len(context.remarks)})
        return agents.Done((f"three candidates, try {1 + len(context.remarks)}",))


@dataclass(frozen=True)
class Examiner(Teller):
    """Sends the first try back."""

    def run(self, context: agents.Context) -> agents.Outcome:
        if context.read_json("leaderboard", dict)["tries"] < 2:
            return agents.SendBack("fit the models", ("calibration error 0.031 is above 0.020",))
        return Teller.run(self, context)


def make_flow(
    drawn: tuple[Strategy, SwapSet],
    *,
    tail: Sequence[agents.Worker] = (),
    more: Mapping[str, object] | None = None,
) -> agents.Flow:
    """The build's last steps with its names of artefacts. tail: from the gate on; more: artefacts instead of, or beside, the usual ones."""
    strategy, swaps = drawn
    slot = agents.Slot
    board, table = slot("leaderboard"), slot("table", agents.TABLE)
    told: dict[str, object] = {
        "table": b"rows of people", "examination": {"champion": {"problems": []}}, "card": CARD,
        "strategy": {**strategy.as_json(), "swap_set": swaps.as_json()}, "policy": strategy.source.encode(), "diff": DIFF.encode(),
        "candidate": {"name": "spring", "question": QUESTION, "models": {"challenger": MODEL}},
        "lists": {"lab_refuse": [], "lab_review": []}, **(more or {}),
    }  # fmt: skip
    strategist = (slot("strategy"), slot("policy", agents.TEXT), slot("diff", agents.TEXT))
    workers: tuple[agents.Worker, ...] = (
        Teller("Segmenter", "segment", (), (table,), told),
        Fitter("Modeller", "fit the models", (table,), (board,), told),
        Examiner("Validator", "examine the models", (board,), (slot("examination"), slot("card", agents.HTML)), told),
        Teller("Strategist", "draw the strategy", (slot("examination"),), strategist, told),
        Teller("Releaser", "assemble the candidate", (slot("strategy"),), (slot("candidate"), slot("lists")), told),
    )
    gate = agents.HumanGate("approve release", slot("candidate"), "may this candidate be released?")
    return agents.Flow("build", (*workers, *(tail or (gate,))), verdict="approved")


@pytest.fixture
def worked(database, site, drawn, tmp_path) -> Iterator[tuple[psycopg.Connection, str, agents.Flow, agents.Means]]:
    """A run that waits at its gate."""
    flow = make_flow(drawn)
    means = agents.Means(site.clock, tmp_path / "scratch")
    with connect(database) as conn:
        opening = agents.Opening("build", SEED, "a test asked for it")
        run = agents.open_database_run(conn, opening, subject="city of spring", clock=site.clock)
        agents.work(run, flow, means)
        yield conn, run.journal.run, flow, means


def subject_of(page: str) -> str:
    """What the form says was looked at."""
    (found,) = re.findall(r'name="subject" value="([0-9a-f]{64})"', page)
    return str(found)


def test_a_run_is_read_step_by_step_and_its_artefacts_open(site, browser, worked):
    _, run_id, _, _ = worked
    enter(browser, site, Role.AUDITOR, "eve")
    assert "1 run of the lab waits for approval" in browser.get("/desk/").text
    listed = browser.get("/desk/lab?only=open").text
    assert f"/desk/lab/runs/{run_id}" in listed
    assert "city of spring" in listed
    page = browser.get(f"/desk/lab/runs/{run_id}").text
    assert "may this candidate be released?" in page
    assert "calibration error 0.031" in page
    assert "sent back" in page
    assert "turn 2" in page
    assert "refuse if chance &gt; 0.3" in page
    assert '<button class="button good" name="word"' not in page, "an auditor reads"
    assert (
        browser.send(site, f"/desk/lab/runs/{run_id}/answer", word="approve", why="x", subject="0" * 64).status_code
        == 403
    )
    opened = {
        path: browser.get(path) for path in set(re.findall(rf"/desk/lab/runs/{run_id}/artefacts/[0-9a-f]{{64}}", page))
    }
    assert len(opened) >= 7
    assert {answer.status_code for answer in opened.values()} == {200}
    texts = "".join(answer.text for answer in opened.values())
    assert "spring" in texts
    assert "never copied into the database" in texts
    assert "rows of people" not in texts, "tables of people are not shown, wherever their bytes lie"
    assert browser.get(f"/desk/lab/runs/{run_id}/artefacts/{'0' * 64}").status_code == 404
    assert browser.get(f"/desk/lab/runs/{'0' * 32}").status_code == 404


def test_candidates_stand_beside_each_other_and_the_card_in_a_sandbox(site, browser, worked):
    _, run_id, _, _ = worked
    enter(browser, site, Role.STRATEGIST, "ann")
    page = browser.get(f"/desk/lab/runs/{run_id}/models").text
    assert page.index("scorecard-7") < page.index("forest-3")
    assert "0.7400" in page
    assert page.count('class="interval"') == 3
    (address,) = set(re.findall(rf"/desk/lab/runs/{run_id}/pages/[0-9a-f]{{64}}", page))
    card = browser.get(address)
    assert card.content == CARD
    assert card.headers["content-security-policy"] == SANDBOX
    assert re.search(r"<iframe[^>]* sandbox ", page)
    other = browser.get(f"/desk/lab/runs/{run_id}").text
    (json,) = re.findall(r'artefacts/([0-9a-f]{64})">candidate<', other)[:1]
    assert browser.get(f"/desk/lab/runs/{run_id}/pages/{json}").status_code == 404, "only a page is served as one"


def test_the_frontier_says_what_was_chosen_and_what_it_keeps(site, browser, worked, drawn):
    _, run_id, _, _ = worked
    strategy, swaps = drawn
    enter(browser, site, Role.OPERATIONS, "otto")
    page = browser.get(f"/desk/lab/runs/{run_id}/strategy").text
    points = len(strategy.frontier)
    for picture in re.findall(r'<svg class="plot frontier".*?</svg>', page):
        assert picture.count("<circle") == points
        assert picture.count('class="point chosen"') == 1
        assert picture.count('class="spread"') == 2
    assert page.count('<svg class="plot frontier"') == 2
    assert f"The {points} strateg" in page
    assert f"{swaps.swapped_in.orders:,}" in page
    assert "loss budget" in page
    assert "nan" not in page
    balance = page[page.index("Balance of growth, protection and risk") :].partition("</table>")[0]
    for goal in ("Growth", "Protection of customers", "Risk"):
        assert goal in balance
    assert balance.count("kept") == sum(one.is_asked for one in strategy.scorecard)


LEARNT = {
    "hypotheses": [
        {"says": "days since the last repayment", "by": "question", "fate": "kept", "why": "iv 0.2",
         "variables": ["customer__since__repayments__ever"]},
        {"says": "share of <b>nights</b>", "by": "idea of an earlier run", "variables": [], "fate": "not tried", "why": "no such variable"},
    ],
    "added": [["model", "city champion 1a2b"], ["case", "city 77 without customer__count"]], "runs": 3, "results": 515,
}  # fmt: skip


def test_a_run_tells_what_it_knew_thought_and_learnt(site, browser, database, drawn, tmp_path):
    """Hypotheses with their fates, new nodes; of a run about limits what was offered; of a refit who sits there."""
    told = {"learnt": LEARNT, "release": {"offers": 7, "no_room": 2, "rulebook": "lab:1", "approved_by": "ann"}}
    slots = tuple(agents.Slot(name) for name in told)
    flow = agents.Flow("limits", (Teller("Monitor", "write", (), slots, told),))
    with connect(database) as conn:
        run = agents.open_database_run(conn, agents.Opening("limits", 1, "x"), subject="known", clock=site.clock)
        agents.work(run, flow, agents.Means(site.clock, tmp_path))
    enter(browser, site, Role.STRATEGIST, "ann")
    page = browser.get(f"/desk/lab/runs/{run.journal.run}").text
    assert "The memory holds 3 runs and the fate of 515 variables" in page
    assert "customer__since__repayments__ever" in page
    assert "share of &lt;b&gt;nights&lt;/b&gt;" in page
    assert "city champion 1a2b" in page
    assert "Raises are offered to 7 customers; 2 have no room" in page
    broken = {
        "learnt": {"hypotheses": 5},
        "release": {"name": "refit of young", "version": 4, "role": "champion", "approved_by": "li"},
    }
    with connect(database) as conn:
        other = agents.open_database_run(conn, agents.Opening("refit", 1, "x"), subject="odd", clock=site.clock)
        odd = agents.Flow("refit", (Teller("Monitor", "write", (), slots, broken),))
        agents.work(other, odd, agents.Means(site.clock, tmp_path))
    page = browser.get(f"/desk/lab/runs/{other.journal.run}").text
    assert "refit of young: the new version is champion" in page
    assert "The memory holds" not in page


@dataclass
class ToyLab:
    """Behind the click for a run whose flow a test made: answer once, then work on, as `lab.workers` does for its own."""

    flow: agents.Flow
    means: agents.Means
    broken: str = ""

    def approve(self, conn, run_id, *, person, why, approved, clock) -> None:
        with agents.hold_database_run(conn, run_id) as run:
            if not agents.is_answered(run.standing()):
                agents.answer(run, step="approve release", person=person, approved=approved, why=why, clock=clock)
            if self.broken:
                raise Conflict(self.broken, code="FRAME_DIFFERS")
            agents.work(run, self.flow, self.means)


def settle_tasks(app) -> None:
    """What was begun has ended."""
    app.state.desk_tasks.stop()
    del app.state.desk_tasks


def test_a_yes_is_bound_to_what_was_looked_at_and_the_run_goes_on(site, browser, worked, app):
    conn, run_id, flow, means = worked
    lab = ToyLab(flow, means, broken="the policy that judges now is another")
    enter(browser, site, Role.STRATEGIST, "ann")
    here = f"/desk/lab/runs/{run_id}/answer"
    subject = subject_of(browser.get(f"/desk/lab/runs/{run_id}").text)
    assert "PORTS_MISSING" in follow(browser, browser.send(site, here, word="approve", why="x", subject=subject))
    app.state.lab = lab
    assert "give a reason" in follow(browser, browser.send(site, here, word="approve", why="", subject=subject))
    moved = browser.send(site, here, word="approve", why="seen", subject="0" * 64)
    assert "CANDIDATE_MOVED" in follow(browser, moved)
    first = browser.send(site, here, word="approve", why="the swap set is sound", subject=subject)
    settle_tasks(app)
    page = follow(browser, first)
    assert "the policy that judges now is another [FRAME_DIFFERS]" in page
    assert "Try again" in page
    lab.broken = ""
    again = browser.send(site, here, word="approve", why="it judges again", subject=subject)
    settle_tasks(app)
    page = follow(browser, again)
    line = make_timeline(agents.look_at_database_run(conn, run_id).journal.entries())
    assert (line.state, line.human_clicks, line.verdict) == ("closed", 1, "approved")
    assert "the swap set is sound" in page
    assert 'name="word"' not in page
    late = browser.send(site, here, word="reject", why="no", subject=subject)
    assert "CANDIDATE_MOVED" in follow(browser, late)
    noted = read(site, lambda c: list_acts(c, subject=f"run {run_id}"))
    assert [(one.person, one.action, one.outcome) for one in noted] == [("ann", "lab: approve", "done")] * 2
    (task, *_) = read(site, lambda c: list_tasks(c, kind="release"))
    assert "done" in browser.get(f"/desk/tasks/{task.task_id}").text


def test_pages_say_when_there_is_nothing_in_both_languages(site, browser, database):
    with connect(database) as conn:
        run = agents.open_database_run(conn, agents.Opening("build", 1, "x"), subject="s", clock=site.clock).journal.run
    pages: list[str] = []
    for language, words in (
        ("zh", ("还没有候选模型", "还没有选出策略", "还没有完成任何步骤")),
        ("en", ("no candidates yet", "no strategy yet", "No step has ended")),
    ):
        enter(browser, site, Role.STRATEGIST, "ann")
        browser.cookies.set("honghua_language", language)
        pages = [browser.get(f"/desk/lab/runs/{run}{part}").text for part in ("/models", "/strategy", "")]
        for page, expected in zip(pages, words):
            assert expected in page
    assert 'data-look-again-seconds="5"' in pages[2], "a run that works is followed"
    enter(browser, site, Role.REVIEWER, "rita")
    assert browser.get("/desk/lab").status_code == 403
