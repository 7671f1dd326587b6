"""Customers' sign-in by phone and code, through the real pages: bounded guessing, one use, no enumeration, no fixation."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.web.signin import bounds, cookies, events
from honghua.web.signin.messages import FakeGateway, deliver_messages, list_messages, sweep_messages
from honghua.web.signin.steps import STEP, name_device
from honghua.web.tests.doors import Browser, build_part, make_site, open_account

PHONE = "13800001234"


def ask(browser, site, phone=PHONE, **values):
    browser.get("/signin")
    return browser.send(site, "/signin", phone=phone, **values)


def last_code(site):
    with site.pool.connection() as conn:
        text = list_messages(conn, site.vault, limit=1)[0].text
    found = re.search(r"\d{6}", text)
    assert found is not None
    return found[0]


def wrong_of(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def come_in(browser, site, phone=PHONE):
    assert ask(browser, site, phone).status_code == 303
    answer = browser.send(site, "/signin/code", code=last_code(site))
    assert answer.status_code == 303, answer.text
    return answer


def test_a_code_signs_in_and_registers_a_new_number(browser, site, app):
    assert browser.get("/signin").status_code == 200
    answer = ask(browser, site, next="/my/bill")
    assert answer.headers["location"] == "/signin/code"
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = browser.get("/signin/code")
    assert page.status_code == 200
    assert PHONE not in page.text
    done = browser.send(site, "/signin/code", code=last_code(site))
    assert (done.status_code, done.headers["location"]) == (303, "/my/bill")
    with site.pool.connection() as conn:
        customer = customers.find_by_phone(conn, site.vault, PHONE)
        (event,) = events.list_events(conn, subject=customer)
    assert event.kind == "signed_in"
    assert browser.get("/signin/devices").status_code == 200
    with Browser(app) as again:
        come_in_later = ask(again, site)
        assert come_in_later.status_code == 429, "a code a minute"


def test_the_same_number_is_the_same_customer(browser, site, clock, app):
    come_in(browser, site)
    clock.advance(dt.timedelta(minutes=2))
    with Browser(app) as other:
        come_in(other, site, "+86 138-0000-1234")
    with site.pool.connection() as conn:
        assert conn.execute("SELECT count(DISTINCT subject), count(*) FROM web_session").fetchone() == (1, 2)


def test_a_code_is_good_once_and_for_five_minutes_in_its_own_browser(browser, site, clock, app):
    ask(browser, site)
    code, step = last_code(site), browser.cookies.get(STEP)
    with Browser(app) as thief:
        thief.get("/signin")
        assert thief.send(site, "/signin/code", code=code).status_code == 422, "another browser"
    assert browser.send(site, "/signin/code", code=code).status_code == 303
    browser.cookies.set(STEP, step)
    assert browser.send(site, "/signin/code", code=code).status_code == 422, "used"
    clock.advance(dt.timedelta(minutes=2))
    browser.cookies.clear()
    ask(browser, site)
    code = last_code(site)
    clock.advance(dt.timedelta(minutes=5, seconds=1))
    assert browser.send(site, "/signin/code", code=code).status_code == 422, "too late"


def test_guessing_is_bounded_and_the_wait_grows(browser, site, clock):
    ask(browser, site)
    code = last_code(site)
    for _ in range(4):
        assert browser.send(site, "/signin/code", code=wrong_of(code)).status_code == 422
    locked = browser.send(site, "/signin/code", code=wrong_of(code))
    assert locked.status_code == 429
    assert browser.send(site, "/signin/code", code=code).status_code == 422, "five tries spend a challenge"
    browser.cookies.clear()
    assert ask(browser, site).status_code == 429, "nor is another code sent"
    clock.advance(dt.timedelta(minutes=2))
    browser.cookies.clear()
    ask(browser, site)
    assert browser.send(site, "/signin/code", code=wrong_of(last_code(site))).status_code == 429, "the count goes on"
    clock.advance(dt.timedelta(minutes=1, seconds=30))
    browser.cookies.clear()
    assert ask(browser, site).status_code == 429, "now it is two minutes, and no new code before"
    with site.pool.connection() as conn:
        kinds = [one.kind for one in events.list_events(conn)]
    assert kinds.count("locked_out") == 2


def test_waits_double_up_to_a_day():
    waits = [bounds.compute_wait(n) for n in (0, 4, 5, 6, 7, 30, 10_000)]
    minute = dt.timedelta(minutes=1)
    assert waits == [None, None, minute, 2 * minute, 4 * minute, dt.timedelta(days=1), dt.timedelta(days=1)]


def test_codes_are_bounded_per_phone_and_per_network(browser, site, clock):
    sent = []
    for _ in range(8):
        clock.advance(dt.timedelta(minutes=1))
        browser.cookies.clear()
        sent.append(ask(browser, site).status_code)
    assert sent.count(303) == 5, "five an hour"
    assert sent[-1] == 429
    others = []
    for n in range(70):
        browser.cookies.clear()
        others.append(ask(browser, site, f"139{n:08d}").status_code)
    assert others[-1] == 429, "sixty an hour from one network, whatever the phones"


def test_nobody_learns_whether_a_number_is_registered(browser, site, clock, app):
    come_in(browser, site)
    clock.advance(dt.timedelta(minutes=2))
    told = []
    for phone in (PHONE, "13999998888"):
        with Browser(app) as one:
            asked = ask(one, site, phone)
            page = one.get("/signin/code").text
            wrong = one.send(site, "/signin/code", code=wrong_of(last_code(site)))
            hidden = re.compile(r'name="csrf" value="[^"]+"|value="\d{6}"')
            told.append((asked.status_code, hidden.sub("", page), wrong.status_code, hidden.sub("", wrong.text)))
    assert told[0] == told[1]


def test_what_is_no_number_is_said(browser, site):
    answer = ask(browser, site, "12345")
    assert answer.status_code == 422
    assert "这不是有效的手机号" in answer.text


def test_a_session_is_never_one_that_was_there_before(browser, site):
    browser.get("/signin")
    ask(browser, site)
    visit = browser.cookies.get(cookies.VISIT)
    fields = {"code": last_code(site), "csrf": browser.csrf(site)}
    browser.cookies.set(cookies.SESSION, "planted-by-somebody-else")
    come = browser.post("/signin/code", data=fields)
    browser.cookies.delete(cookies.SESSION, domain="")
    token = browser.cookies.get(cookies.SESSION)
    assert token not in (None, "", "planted-by-somebody-else", visit)
    assert cookies.VISIT not in browser.cookies, "what hung on the visit is over"
    header = next(h for h in come.headers.get_list("set-cookie") if h.startswith(cookies.SESSION))
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_signing_in_again_ends_the_old_session_of_the_browser(browser, site, clock):
    come_in(browser, site)
    old = browser.cookies.get(cookies.SESSION)
    clock.advance(dt.timedelta(minutes=2))
    come_in(browser, site)
    new = browser.cookies.get(cookies.SESSION)
    assert new != old
    browser.cookies.clear()
    browser.cookies.set(cookies.SESSION, old)
    assert browser.get("/signin/devices").status_code == 303


def test_signing_out_ends_it_on_our_side(browser, site):
    come_in(browser, site)
    token = browser.cookies.get(cookies.SESSION)
    out = browser.send(site, "/signout")
    assert (out.status_code, out.headers["clear-site-data"]) == (303, '"cache"')
    browser.cookies.clear()
    browser.cookies.set(cookies.SESSION, token)
    assert browser.get("/signin/devices").status_code == 303


def test_devices_are_listed_and_signed_out(browser, site, clock, app):
    come_in(browser, site)
    clock.advance(dt.timedelta(minutes=2))
    with Browser(app) as phone:
        phone.client.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU) Safari/604.1"
        come_in(phone, site)
        page = browser.get("/signin/devices").text
        assert "Safari · iPhone" in page
        ends = re.findall(r"/signin/devices/(\d+)/end", page)
        assert len(ends) == 1, "this one is signed out by the other button"
        assert browser.send(site, f"/signin/devices/{ends[0]}/end").status_code == 303
        assert phone.get("/signin/devices").status_code == 303
        assert browser.get("/signin/devices").status_code == 200
        assert browser.send(site, "/signin/devices/999999/end").status_code == 404


def test_nobody_signs_out_the_devices_of_another(browser, site, app):
    come_in(browser, site)
    with Browser(app) as other:
        come_in(other, site, "13911112222")
        with site.pool.connection() as conn:
            (mine,) = conn.execute("SELECT min(session_id) FROM web_session").fetchone()
        assert other.send(site, f"/signin/devices/{mine}/end").status_code == 404
    assert browser.get("/signin/devices").status_code == 200


def test_one_key_freezes_and_signs_everybody_else_out(browser, site, clock, app):
    come_in(browser, site)
    with site.pool.connection() as conn:
        customer = customers.register(conn, site.vault, PHONE, now=clock.now())
    open_account(site, customer)
    clock.advance(dt.timedelta(minutes=2))
    with Browser(app) as other:
        come_in(other, site)
        assert browser.send(site, "/signin/freeze").status_code == 303
        assert other.get("/signin/devices").status_code == 303, "signed out"
    page = browser.get("/signin/devices")
    assert page.status_code == 200
    assert "账户已冻结" in page.text
    with site.pool.connection() as conn:
        row = conn.execute("SELECT kind, detail FROM web_event ORDER BY event_id DESC LIMIT 1").fetchone()
    assert row == ("frozen", "done")


def test_a_new_number_is_proven_by_a_code_and_only_by_who_is_fresh(browser, site, clock, app):
    come_in(browser, site)
    clock.advance(dt.timedelta(minutes=11))
    assert browser.get("/signin/phone").headers["location"].startswith("/signin/prove?next=")
    browser.cookies.clear()
    come_in(browser, site)
    assert browser.get("/signin/phone").status_code == 200
    assert browser.send(site, "/signin/phone", phone="13722223333").status_code == 303
    assert browser.send(site, "/signin/phone/code", code=wrong_of(last_code(site))).status_code == 422
    assert browser.send(site, "/signin/phone/code", code=last_code(site)).status_code == 303
    vault = site.vault
    with site.pool.connection() as conn:
        customer = customers.find_by_phone(conn, vault, "13722223333")
        assert customer is not None
        assert customers.find_by_phone(conn, vault, PHONE) is None
        assert customers.show_masked(conn, vault, customer)[Field.PHONE] == "137****3333"


def test_a_number_of_another_customer_cannot_be_taken_over(browser, site, clock, app):
    with Browser(app) as other:
        come_in(other, site, "13722223333")
    come_in(browser, site)
    clock.advance(dt.timedelta(minutes=1))
    assert browser.send(site, "/signin/phone", phone="13722223333").status_code == 303
    answer = browser.send(site, "/signin/phone/code", code=last_code(site))
    assert answer.status_code == 422
    with site.pool.connection() as conn:
        assert customers.find_by_phone(conn, site.vault, PHONE) is not None


def test_messages_lie_sealed_and_are_gone_after_a_day(browser, site, clock):
    ask(browser, site)
    with site.pool.connection() as conn:
        rows = conn.execute(
            "SELECT web_message::text FROM web_message UNION ALL SELECT store_wish::text FROM store_wish"
            " UNION ALL SELECT web_challenge::text FROM web_challenge"
        ).fetchall()
        assert not any("验证码" in row[0] or PHONE in row[0] for row in rows)
        clock.advance(dt.timedelta(hours=25))
        gateway = FakeGateway()
        assert deliver_messages(conn, gateway, site.vault, now=clock.now()) == 0
        assert list_messages(conn, site.vault)[0].problem == "too late"
        assert gateway.taken == {}
        assert sweep_messages(conn, now=clock.now()) == 1


def test_a_gateway_that_fails_is_asked_again(browser, site, clock, app):
    app.state.gateway = gateway = FakeGateway(failing={"+86" + PHONE: 2})
    assert ask(browser, site).status_code == 303, "the page does not depend on the gateway"
    assert gateway.taken == {}
    vault = site.vault
    with site.pool.connection() as conn:
        assert deliver_messages(conn, gateway, vault, now=clock.now()) == 0, "not due before its time"
        clock.advance(dt.timedelta(seconds=20))
        assert deliver_messages(conn, gateway, vault, now=clock.now()) == 0
        assert list_messages(conn, vault)[0].problem != ""
        clock.advance(dt.timedelta(seconds=40))
        assert deliver_messages(conn, gateway, vault, now=clock.now()) == 1
    (message,) = gateway.taken.values()
    assert message.phone == "+86" + PHONE
    found = re.search(r"\d{6}", message.text)
    assert found is not None
    assert browser.send(site, "/signin/code", code=found[0]).status_code == 303


def test_the_outbox_is_there_in_a_demonstration_only(database, browser, site):
    assert browser.get("/signin/outbox").status_code == 404
    with make_site(database, is_demo=True) as demo, Browser(build_part(demo)) as guest:
        ask(guest, demo)
        page = guest.get("/signin/outbox")
        assert last_code(demo) in page.text
        assert "138****1234" in page.text
        assert PHONE not in page.text


def test_browsers_have_names_that_people_know():
    chrome = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile Safari/537.36"
    assert name_device(chrome) == "Chrome · Android"
    assert name_device("") == "? · ?"


@pytest.mark.parametrize(
    ("host", "network"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"), ("::ffff:203.0.113.7", "203.0.113.0/24"),
     ("unix", "?")],
)  # fmt: skip
def test_networks_are_shortened(host, network):
    assert bounds.name_network(host) == network
