"""A second factor of the customer's own: asked for on new browsers and before what is risky; codes count once; trust ends."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from honghua.web.app import build_app
from honghua.web.keyring import Secrets
from honghua.web.signin import factors
from honghua.web.signin.messages import list_messages
from honghua.web.signin.staff import totp
from honghua.web.signin.steps import TRUSTED
from honghua.web.tests.doors import KEYS, Browser

PHONE = "13800001234"


@pytest.fixture
def app(site):
    return build_app(site)


def last_code(site) -> str:
    with site.pool.connection() as conn:
        found = re.search(r"\d{6}", list_messages(conn, site.vault, limit=1)[0].text)
    assert found is not None
    return found[0]


def by_phone(browser, site, clock):
    """The first half of a sign-in; codes go out once a minute."""
    clock.advance(dt.timedelta(minutes=2))
    browser.get("/signin")
    assert browser.send(site, "/signin", phone=PHONE).status_code == 303
    return browser.send(site, "/signin/code", code=last_code(site))


def set_up(browser, site, clock) -> tuple[str, list[str]]:
    """Sign in and enrol; (secret, recovery codes)."""
    assert by_phone(browser, site, clock).headers["location"] == "/my"
    assert browser.send(site, "/signin/second").headers["location"] == "/signin/second/enrol"
    page = browser.get("/signin/second/enrol").text
    secret = re.findall(r"<code>([A-Z2-7]{32})</code>", page)[0]
    wrong = f"{(int(totp.current_code(secret, clock.now())) + 1) % 1_000_000:06d}"
    assert browser.send(site, "/signin/second/enrol", code=wrong).status_code == 422
    done = browser.send(site, "/signin/second/enrol", code=totp.current_code(secret, clock.now()))
    codes = re.findall(r"<code>([a-z2-7-]+)</code>", done.text)
    assert len(codes) == totp.RECOVERY_CODES
    return secret, codes


def test_a_new_browser_shows_both_and_may_be_trusted(browser, site, app, clock):
    secret, codes = set_up(browser, site, clock)
    with Browser(app) as other:
        half = by_phone(other, site, clock)
        assert half.headers["location"] == "/signin/factor"
        assert other.get("/my").status_code == 303, "half a sign-in opens nothing"
        assert "checked" not in other.get("/signin/factor").text
        assert other.send(site, "/signin/factor", code="000000").status_code == 422
        now = totp.current_code(secret, clock.now())
        done = other.send(site, "/signin/factor", code=now, trust="yes")
        assert (done.status_code, done.headers["location"]) == (303, "/my")
        other.send(site, "/signout")
        assert by_phone(other, site, clock).headers["location"] == "/my", "trusted"
        assert "不再询问的设备" in other.get("/signin/second").text
        other.send(site, "/signout")
        clock.advance(dt.timedelta(days=91))
        assert by_phone(other, site, clock).headers["location"] == "/signin/factor", "no trust is for ever"
        assert other.send(site, "/signin/factor", code=codes[0]).status_code == 303
    with Browser(app) as third:
        by_phone(third, site, clock)
        assert third.send(site, "/signin/factor", code=codes[0]).status_code == 422, "a recovery code counts once"
        third.cookies.set(TRUSTED, "x" * 43)
        assert by_phone(third, site, clock).headers["location"] == "/signin/factor", "trust can't be made up"


def test_a_code_counts_once_and_guessing_is_bounded(browser, site, app, clock):
    secret, _ = set_up(browser, site, clock)
    code = totp.current_code(secret, clock.now())
    clock.advance(dt.timedelta(minutes=11))
    with Browser(app) as other:
        by_phone(other, site, clock)
        code = totp.current_code(secret, clock.now())
        assert other.send(site, "/signin/factor", code=code).status_code == 303
    with Browser(app) as thief:
        by_phone(thief, site, clock)
        assert thief.send(site, "/signin/factor", code=code).status_code == 422
        statuses = [thief.send(site, "/signin/factor", code=f"{n:06d}").status_code for n in range(5)]
        assert 429 in statuses


def test_what_is_risky_asks_again(browser, site, clock):
    by_phone(browser, site, clock)
    assert browser.send(site, "/my/data/export").status_code == 200, "proved a moment ago"
    clock.advance(dt.timedelta(minutes=11))
    for path, fields in (
        ("/my/data/export", {}), ("/my/data/erase", {"key": "5f0c3a5e-6a43-4c0e-9b1e-1f7a55d0c9ab", "sure": "yes"}),
        ("/signin/phone", {"phone": "13900001234"}), ("/signin/second", {}),
    ):  # fmt: skip
        answer = browser.send(site, path, **fields)
        assert answer.headers["location"].startswith("/signin/prove?next="), path
    assert browser.get("/signin/phone").headers["location"] == "/signin/prove?next=/signin/phone"
    assert browser.send(site, "/signin/prove", code="123456", next="/my/data").status_code == 422
    sent = browser.send(site, "/signin/prove/send", next="/my/data")
    assert sent.headers["location"] == "/signin/prove?next=%2Fmy%2Fdata"
    assert browser.send(site, "/signin/prove", code="000000", next="/my/data").status_code == 422
    back = browser.send(site, "/signin/prove", code=last_code(site), next="/my/data")
    assert (back.status_code, back.headers["location"]) == (303, "/my/data")
    assert browser.send(site, "/my/data/export").status_code == 200
    assert browser.send(site, "/signin/prove/send", next="//evil.example").headers.get("location", "").find("evil") < 0


def test_who_has_an_authenticator_proves_by_it_alone(browser, site, app, clock):
    secret, _ = set_up(browser, site, clock)
    clock.advance(dt.timedelta(minutes=11))
    assert browser.send(site, "/my/data/export").status_code == 303
    assert browser.send(site, "/signin/second/drop").status_code == 303
    with site.pool.connection() as conn:
        (customer,) = conn.execute("SELECT customer FROM web_factor").fetchone()
        assert factors.has_factor(conn, customer), "not dropped without showing it"
    browser.send(site, "/signin/prove/send", next="/")
    assert browser.send(site, "/signin/prove", code=last_code(site), next="/").status_code == 422
    assert browser.send(site, "/signin/prove", code=totp.current_code(secret, clock.now()), next="/").status_code == 303
    assert browser.send(site, "/my/data/export").status_code == 200
    browser.send(site, "/signin/second/drop")
    assert "尚未开启" in browser.get("/signin/second").text


def test_secrets_move_under_the_newest_key(browser, site, clock):
    secret, _ = set_up(browser, site, clock)
    newer = Secrets(
        session_key=KEYS.session_key, index_key=KEYS.index_key, field_keys={**KEYS.field_keys, 2: b"g" * 32}
    )
    with site.pool.connection() as conn, conn.transaction():
        assert factors.rotate_factors(conn, newer.vault) == 1
        assert factors.rotate_factors(conn, newer.vault) == 0
        (customer,) = conn.execute("SELECT customer FROM web_factor").fetchone()
        clock.advance(dt.timedelta(minutes=1))
        code = totp.current_code(secret, clock.now())
        assert factors.is_code(conn, newer.vault, customer, code, now=clock.now())
