"""Every page of the desk answers, for who may see it, in both languages, on an empty book and on one with life in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from honghua.decision import api as decision
from honghua.decision.core import POLICIES, REASONS, Lane, Outcome
from honghua.web.desk.rights import RIGHTS
from honghua.web.desk.routes import router
from honghua.web.desk.words import WORDS
from honghua.web.roles import DESK_READERS, Role
from honghua.web.tests.doors import buy, open_account, signed_in

DESK = Path(__file__).parents[1]
PAGES = {
    "desk.home": "/desk/", "desk.feed": "/desk/feed", "desk.feed_news": "/desk/feed/news?after=0", "desk.rings": "/desk/rings",
    "desk.reviews": "/desk/reviews", "desk.lists": "/desk/lists?list=deny", "desk.policy": "/desk/policy",
    "desk.policy_history": "/desk/policy/history", "desk.write": "/desk/policy/write", "desk.customers": "/desk/customers",
    "desk.books": "/desk/books", "desk.closing": "/desk/closing", "desk.business": "/desk/business",
    "desk.webhooks": "/desk/webhooks?state=dead",
    "desk.portfolio": "/desk/portfolio",
    "desk.portfolio_csv": "/desk/portfolio/outcomes.csv",
}  # fmt: skip


LOOKS = {"desk.records_look"}  # forms by which an auditor only looks: what they write is that somebody looked


def enter(browser, site, role, subject="ann"):
    browser.cookies.clear()
    signed_in(browser, site, role=role, subject=subject)


def test_every_route_has_a_row_and_every_row_a_route():
    routes = list(iter_route_contexts(router.routes))
    assert {route.name for route in routes} == set(RIGHTS)
    for name, roles in RIGHTS.items():
        assert roles <= DESK_READERS, name
    for route in routes:
        if "POST" in (route.methods or ()):
            assert Role.AUDITOR not in RIGHTS[str(route.name)] or route.name in LOOKS, route.name
    assert all(Role.AUDITOR in RIGHTS[name] for name in PAGES if name != "desk.write")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_answer_whoever_may_see_them_on_an_empty_book(site, browser, language):
    for role in sorted(DESK_READERS) if language == "zh" else (Role.AUDITOR, Role.STRATEGIST):
        enter(browser, site, role)
        browser.cookies.set("honghua_language", language)
        for name, path in PAGES.items():
            answer = browser.get(path)
            wanted = 200 if role in RIGHTS[name] else 403
            assert answer.status_code == wanted, (role, name, answer.text[-500:])
            if wanted == 200 and "csv" not in name and "news" not in name:
                assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


def test_a_customer_from_all_sides_and_the_journal_behind(site, browser):
    open_account(site, "李雷")
    bought = buy(site, "李雷", [12_30, 45_60], merchant="书店")
    enter(browser, site, Role.AUDITOR)
    page = browser.get("/desk/customers/李雷")
    assert page.status_code == 200
    assert "57.90" in page.text
    (account_id,) = re.findall(r"/desk/books/owners/(\d+)", page.text)
    owner = browser.get(f"/desk/books/owners/{account_id}").text
    assert f"/desk/decisions/{bought[0]['purchase_id']}" in owner
    assert "书店" in owner
    decided = browser.get(f"/desk/decisions/{bought[0]['purchase_id']}")
    assert decided.status_code == 200
    assert "12.30" in decided.text
    trial = browser.get("/desk/books").text
    assert "平衡" in trial
    assert browser.get("/desk/customers/nobody").status_code == 404
    assert browser.get("/desk/decisions/999999").status_code == 404
    assert browser.get("/desk/customers?q=nobody").status_code == 200


def test_a_wrong_filter_is_told_on_the_page(site, browser):
    enter(browser, site, Role.STRATEGIST)
    for path in (
        "/desk/feed?least=abc",
        "/desk/portfolio?since=yesterday",
        "/desk/portfolio?since=2020-01-01&until=2026-01-01",
    ):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert 'class="notice bad"' in answer.text, path
    assert browser.get("/desk/feed?customer=nobody").status_code == 200
    assert browser.get("/desk/portfolio/everything.csv").status_code == 404


def test_every_word_that_a_template_asks_for_is_there():
    asked = set()
    for path in (*DESK.glob("templates/*.html"), *DESK.rglob("*.py")):
        asked |= set(re.findall(r'"(desk\.[a-z_0-9]+)"', path.read_text(encoding="utf-8")))
    missing = {key for key in asked if key not in WORDS and key not in RIGHTS}
    assert {key for key in missing if not key.endswith("_")} == set()
    for kind in (
        *(f"outcome_{one.name.lower()}" for one in Outcome), *(f"lane_{one.name.lower()}" for one in Lane),
        *(f"role_{one.value}" for one in decision.Role if one is not decision.Role.NONE),
    ):  # fmt: skip
        assert f"desk.{kind}" in WORDS
    assert all(zh and en for zh, en in WORDS.values())
    for zh, en in WORDS.values():
        assert set(re.findall(r"{(\w+)}", zh)) == set(re.findall(r"{(\w+)}", en))
    assert REASONS
    assert POLICIES
