"""A profile on the desk is read for a purpose that the customer then reads; the customer strikes out what is for offers."""

from __future__ import annotations

import json

import psycopg

from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.lab.profiles import store
from honghua.lab.profiles.reading import find_book, find_uses
from honghua.lab.tags.uses import keep_used
from honghua.store.database import run_unit
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role
from honghua.web.tests.doors import NOON, open_account

WHO = "李雷"
KEPT = keep_used(find_book(), find_uses()).tags
CREDIT = next(tag for tag in KEPT if tag.group == "use of credit")
LIKES = next(tag for tag in KEPT if tag.group == "preference")


def meet(site) -> None:
    open_account(site, WHO)

    def work(c: psycopg.Connection) -> None:
        customers.publish_texts(c, now=NOON)
        customers.register(c, site.vault, "13812345678", now=NOON, customer=WHO)
        version = next(text.version for text in customers.list_texts(c) if text.kind is ConsentKind.MARKETING)
        yes = customers.Said(kind=ConsentKind.MARKETING, version=version, is_given=True)
        customers.say(c, WHO, [yes], channel="web", now=NOON)
        evidence = {tag.name: dict.fromkeys(tag.evidence, 3.0) for tag in (CREDIT, LIKES)}
        store.write_profiles(c, [(WHO, [CREDIT.name, LIKES.name], evidence, NOON, NOON)])

    with site.pool.connection() as conn:
        run_unit(conn, work)


def test_a_look_is_for_a_purpose_and_written_down_and_the_customer_has_the_last_word_on_offers(site, browser):
    meet(site)
    enter(browser, site, Role.CARE, "cara")
    assert f"/desk/profiles/{WHO}" in browser.get(f"/desk/customers/{WHO}").text.replace("%E6%9D%8E%E9%9B%B7", WHO)
    place = f"/desk/profiles/{WHO}"
    assert CREDIT.en not in browser.get(place).text, "nothing is shown before a purpose is named"
    assert "choose a purpose" in follow(browser, browser.send(site, place, purpose="collection")).lower()
    page = browser.send(site, place, purpose="care").text
    assert CREDIT.en in page
    assert LIKES.en not in page, "what is for offers no person of the staff reads"
    assert "PERSON_UNKNOWN" in follow(browser, browser.send(site, "/desk/profiles/nobody", purpose="care"))
    for role in (Role.COLLECTOR, Role.STRATEGIST, Role.AUDITOR):
        enter(browser, site, role, "carl")
        assert browser.get(place).status_code == 403, role

    enter(browser, site, Role.CUSTOMER, WHO)
    page = browser.get("/my/profile").text
    assert all(part in page for part in (CREDIT.en, LIKES.en, "cara", "customer service"))
    assert "The contract needs this one." in follow(
        browser, browser.send(site, "/my/profile", word="refuse", tag=CREDIT.name)
    )
    page = follow(browser, browser.send(site, "/my/profile", word="refuse", tag=LIKES.name))
    assert "It will not be kept again." in page
    assert "Allow again" in page
    assert read(site, lambda c: store.list_refused(c, [WHO])) == [(WHO, LIKES.name)]
    told = json.loads(browser.send(site, "/my/data/export").text)
    assert ([one["tag"] for one in told["profile"]], told["profile_struck_out"]) == ([CREDIT.name], [LIKES.name])
    assert "Allowed again" in follow(browser, browser.send(site, "/my/profile", word="allow", tag=LIKES.name))
    browser.cookies.set("honghua_language", "zh")
    assert CREDIT.zh in browser.get("/my/profile").text
