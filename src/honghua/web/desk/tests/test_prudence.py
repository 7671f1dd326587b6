"""The prudent lender at the desk: who sees what, stops lifted with a reason, relief by two persons, a write-off on a complete pack."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path

from honghua.credit import api as credit
from honghua.credit.eod import close_until
from honghua.credit.prudence import api as prudence
from honghua.store.database import run_unit
from honghua.web.desk.acts import list_acts
from honghua.web.desk.prudence.pictures import draw_against, draw_range
from honghua.web.desk.rights import RIGHTS
from honghua.web.desk.tasks import list_tasks
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.desk.words import WORDS
from honghua.web.roles import DESK_READERS, Role
from honghua.web.tests.doors import NOON, buy, open_account

PAGES = {
    "desk.prudence": "/desk/prudence", "desk.losses": "/desk/prudence/losses", "desk.stress": "/desk/prudence/stress",
    "desk.reliefs": "/desk/relief", "desk.packs": "/desk/relief/packs",
}  # fmt: skip
DESK = Path(__file__).parents[1]
FIRST = dt.date(2026, 1, 1)


def claim_of(site, customer):
    view = read(site, lambda conn: credit.find_account_view(conn, site.registry, customer))
    return view.owed_minor


def test_pages_on_an_empty_book_for_who_may_see_them(site, browser):
    for role in sorted(DESK_READERS):
        for language in ("zh", "en"):
            enter(browser, site, role, "ann")
            browser.cookies.set("honghua_language", language)
            for name, path in PAGES.items():
                answer = browser.get(path)
                wanted = 200 if role in RIGHTS[name] else 403
                assert answer.status_code == wanted, (role, name, answer.text[-800:])
    assert browser.get("/desk/relief/packs/99").status_code == 404


def test_a_stop_is_lifted_by_a_person_with_a_reason(site, browser):
    open_account(site, "李雷")
    buy(site, "李雷", [100_00])
    rules = prudence.load_rules()
    with site.pool.connection() as conn:
        told = {"tier1_minor": 1, "exposures_minor": 1_000}
        run_unit(conn, lambda c: prudence.tell_figures(c, told, as_of=FIRST, person="cfo", now=NOON))
        beside = prudence.read_beside(conn)
        prudence.review(conn, site.registry.terms, rules, beside=beside, now=NOON)
    enter(browser, site, Role.AUDITOR, "eve")
    page = browser.get("/desk/prudence").text
    assert "Leverage" in page
    assert "at least 4%" in page
    assert "consultation draft of 2023-12" in page
    assert "Lift</button>" not in page
    assert browser.send(site, "/desk/prudence/lift", rule="leverage", why="I may not").status_code == 403
    assert "once a business date" in browser.get("/desk/prudence/losses").text
    enter(browser, site, Role.STRATEGIST, "ann")
    assert "Please give a reason" in follow(browser, browser.send(site, "/desk/prudence/lift", rule="leverage", why=""))
    assert "GUARDRAIL_UNKNOWN" in follow(
        browser, browser.send(site, "/desk/prudence/lift", rule="capital", why="not even stopped")
    )
    assert "leverage" in {one.rule for one in read(site, prudence.list_guardrails)}
    page = follow(browser, browser.send(site, "/desk/prudence/lift", rule="leverage", why="capital arrives today"))
    assert "leverage" not in {one.rule for one in read(site, prudence.list_guardrails)}
    assert "capital arrives today" in page
    (noted,) = read(site, lambda conn: list_acts(conn, subject="stops"))
    assert (noted.person, noted.action) == ("ann", "lift leverage")


def test_stress_is_run_on_demand_and_its_seed_repeats_it(site, browser, app):
    open_account(site, "李雷")
    buy(site, "李雷", [100_00])
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "whole number" in follow(browser, browser.send(site, "/desk/prudence/stress", seed="x", paths="1000"))
    for _ in range(2):
        begun = browser.send(site, "/desk/prudence/stress", seed="7", paths="1000")
        app.state.desk_tasks.stop()  # waits for the run
        del app.state.desk_tasks
        page = follow(browser, begun)
        assert "Severe" in page
        assert "seed 7 · 1,000 paths" in page
    first, second = read(
        site, lambda conn: [credit_result(conn, task.task_id) for task in list_tasks(conn, kind="stress")]
    )
    assert first == second
    by_hand = read(
        site, lambda conn: prudence.stress(conn, site.registry.terms, prudence.load_rules(), seed=7, paths=1_000)
    )
    assert first == [one.as_json() for one in by_hand]
    enter(browser, site, Role.AUDITOR, "eve")
    assert "Severe" in browser.get("/desk/prudence/stress").text
    assert browser.send(site, "/desk/prudence/stress", seed="7", paths="1000").status_code == 403


def credit_result(conn, task_id):
    row = conn.execute("SELECT result FROM web_desk_task WHERE task_id = %s", [task_id]).fetchone()
    return row[0]["scenarios"]


def test_relief_and_write_off_go_through_the_books_and_two_persons(site, browser, database, clock):
    open_account(site, "李雷")
    buy(site, "李雷", [1_000_00])
    close_until(database, FIRST + dt.timedelta(days=60))
    clock.at = NOON + dt.timedelta(days=60)
    owed = claim_of(site, "李雷")
    enter(browser, site, Role.CARE, "carl")
    wrong = browser.send(site, "/desk/relief", customer="李雷", amount="1.00", ground="illness", evidence="")
    assert wrong.status_code == 422
    unknown = browser.send(site, "/desk/relief", customer="nobody", amount="1.00", ground="illness", evidence="h/1")
    assert "ACCOUNT_UNKNOWN" in follow(browser, unknown)
    asked = browser.send(site, "/desk/relief", customer="李雷", amount="1.00", ground="illness", evidence="h/1\nh/2")
    page = follow(browser, asked)
    assert "You asked for this one" in page
    (relief,) = read(site, prudence.list_reliefs)
    here = f"/desk/relief/{relief.relief_id}/decide"
    assert browser.send(site, here, word="grant", why="mine").status_code == 403
    enter(browser, site, Role.OPERATIONS, "carl")
    assert "TWO_PERSONS_NEEDED" in follow(browser, browser.send(site, here, word="grant", why="mine"))
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "h/2" in browser.get("/desk/relief").text
    assert "Granted and booked" in follow(browser, browser.send(site, here, word="grant", why="the hospital wrote"))
    assert claim_of(site, "李雷") == owed - 1_00
    assert "RELIEF_DECIDED" in follow(browser, browser.send(site, here, word="refuse", why="too late"))
    (granted,) = read(site, prudence.list_reliefs)
    assert (granted.state, granted.asked_by, granted.decided_by) == ("granted", "carl", "otto")
    acts = read(site, lambda conn: list_acts(conn, subject=f"relief {relief.relief_id}"))
    assert [(one.action, one.person, one.outcome) for one in acts] == [("relief: grant", "otto", "done")]
    write_off(site, browser)


def write_off(site, browser):
    """The same customer dies: a pack of evidence, two approvals, the books."""
    enter(browser, site, Role.COLLECTOR, "cora")
    begun = browser.send(site, "/desk/relief/packs", customer="李雷", why="the family called")
    here = begun.headers["location"]
    assert "the signed contract is missing" in follow(browser, begun)
    early = browser.send(site, f"{here}/items", kind="contract", on="2099-01-01", reference="a/1", digest="00")
    assert early.status_code == 422
    assert "still to come" in early.text
    assert "64 hexadecimal digits" in early.text
    for kind in ("contract", "statements", "bureau"):
        digest = hashlib.sha256(kind.encode()).hexdigest()
        follow(
            browser,
            browser.send(site, f"{here}/items", kind=kind, on="2026-01-05", reference=f"a/{kind}", digest=digest),
        )
    fields = {"csrf": browser.csrf(site), "kind": "death", "on": "2026-02-01", "reference": "registry/7"}
    follow(browser, browser.post(f"{here}/items", data=fields, files={"file": ("d.pdf", b"certificate")}))
    (pack,) = (read(site, lambda conn: prudence.get_pack(conn, site.registry, int(here.split("/")[-1]))),)
    assert hashlib.sha256(b"certificate").digest() in {item.digest for item in pack.items}
    stale = browser.send(site, f"{here}/approve", why="looked", digest="0" * 64)
    assert "DIGEST_DIFFERS" in follow(browser, stale)
    seen = re.findall(r'name="digest" value="([0-9a-f]{64})"', browser.get(here).text)[0]
    follow(browser, browser.send(site, f"{here}/approve", why="looked", digest=seen))
    assert browser.send(site, f"{here}/write-off", why="I may not").status_code == 403
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "EVIDENCE_INCOMPLETE" in follow(browser, browser.send(site, f"{here}/write-off", why="now"))
    follow(browser, browser.send(site, f"{here}/approve", why="looked too", digest=seen))
    assert "The pack is complete" in browser.get(here).text
    page = follow(browser, browser.send(site, f"{here}/write-off", why="nobody can pay any more"))
    assert "Written off and booked" in page
    assert claim_of(site, "李雷") == 0
    assert "PACK_ENDED" in follow(browser, browser.send(site, f"{here}/abandon", why="too late"))
    (row,) = read(site, prudence.list_packs)
    assert (row.outcome, row.items) == ("written_off", 4)
    assert "written off" in browser.get("/desk/relief/packs").text


def test_pictures_say_what_they_show_and_escape_names():
    kept = draw_against('<b>"x"', 80, 100, is_least=False, is_broken=False)
    assert "&lt;b&gt;" in kept
    assert 'class="is kept"' in kept
    assert float(re.findall(r'class="is kept" x="0.0" y="8" width="([0-9.]+)"', kept)[0]) < float(
        re.findall(r'class="bound" x1="([0-9.]+)"', kept)[0]
    )
    untold = draw_against("n", None, 100, is_least=True, is_broken=False)
    assert "is kept" not in untold
    assert 'class="is broken"' in draw_range("n", (1, 5, 9), 10, bound=6)
    assert 'class="is range"' in draw_range("n", (-3, 7, 9), 10, bound=6)


def test_every_word_of_the_templates_is_there():
    asked = set()
    for path in DESK.glob("templates/prudence/*.html"):
        asked |= set(re.findall(r'"(desk\.[a-z_0-9]+)"', path.read_text(encoding="utf-8")))
    assert {key for key in asked if key not in WORDS and key not in RIGHTS and not key.endswith("_")} <= {
        "desk.customer"
    }
    names = {rule.name for rule in prudence.load_rules()}
    assert {name for name in names if f"desk.ratio_{name}" not in WORDS} == set()
    assert {name for name in prudence.TOLD if f"desk.figure_{name}" not in WORDS} == set()
    assert {one.name for one in prudence.SCENARIOS if f"desk.scenario_{one.name}" not in WORDS} == set()
    assert {one.name.lower() for one in prudence.Ground if f"desk.ground_{one.name.lower()}" not in WORDS} == set()
