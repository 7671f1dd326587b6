"""Sign-in through an identity provider: believed when all of it is right, and by nothing else."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from honghua.base.clock import FixedClock
from honghua.store.database import run_unit
from honghua.web.roles import Role
from honghua.web.signin.staff import users
from honghua.web.signin.staff.oidc import Provider
from honghua.web.signin.staff.tests.provider import CLIENT, ISSUER, FakeProvider
from honghua.web.signin.staff.users import Act, NewUser
from honghua.web.tests.doors import NOON, Browser, build_part, make_site

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def clock():
    return FixedClock(NOON)


@pytest.fixture
def there(clock):
    return FakeProvider(clock, key=KEY)


@pytest.fixture(scope="module")
def site(module_database, clock):
    with make_site(module_database, clock=clock) as made:
        with made.pool.connection() as conn:
            act, new = Act("boss", clock.now()), NewUser(name="lin", roles=frozenset({Role.REVIEWER}))
            run_unit(conn, lambda c: users.add_user(c, new, "a lantern over water", act))
            run_unit(conn, lambda c: users.link_user(c, "lin", ISSUER, "sub-1"))
        yield made


@pytest.fixture
def app(site, there):
    made = build_part(site)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(there.app()))
    made.state.oidc = Provider(
        issuer=ISSUER, client_id=CLIENT[0], client_secret=CLIENT[1], redirect_uri=f"{site.address}/signin/oidc/back",
        client=client,
    )  # fmt: skip
    return made


def go(browser, there, **values):
    left = browser.get("/signin/oidc", params=values)
    assert left.status_code == 303
    return there.authorize(left.headers["location"])


def is_in(browser):
    return browser.get("/signin/devices").status_code == 200


def test_the_whole_way(browser, there):
    assert "/signin/oidc" in browser.get("/signin/staff").text
    back = go(browser, there, next="/desk/queue")
    answer = browser.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/queue")
    assert is_in(browser)
    browser.cookies.clear()
    assert browser.get(back).headers["location"] == "/signin/staff"
    assert not is_in(browser), "a code and a state work once"


def test_another_browser_cannot_bring_the_code_back(browser, there, app):
    back = go(browser, there)
    with Browser(app) as thief:
        thief.get("/signin/staff")
        thief.get(back)
        assert not is_in(thief)
        go(thief, there)
        thief.get(back)
        assert not is_in(thief), "nor with a journey of its own: the state is another"


def set_claim(name, value):
    def lie(head, claims):
        if value is None:
            del claims[name]
        else:
            claims[name] = value(claims[name]) if callable(value) else value

    return lie


LIES = {
    "another issuer": set_claim("iss", "https://evil.example"),
    "another audience": set_claim("aud", "somebody"),
    "several audiences": set_claim("aud", ["honghua", "somebody"]),
    "another nonce": set_claim("nonce", "replayed"),
    "no nonce": set_claim("nonce", None),
    "expired": set_claim("exp", lambda at: at - 301),
    "from the future": set_claim("iat", lambda at: at + 3_600),
    "no subject": set_claim("sub", ""),
    "a number as subject": set_claim("sub", 7),
    "nobody of ours": set_claim("sub", "sub-2"),
    "unsigned": lambda head, claims: head.update(alg="none"),
    "by a shared secret": lambda head, claims: head.update(alg="HS256"),
    "by a short key": lambda head, claims: head.update(kid="short"),
    "by a key that is not there": lambda head, claims: head.update(kid="k-2"),
    "by a key of another kind": lambda head, claims: head.update(kid="k-ec"),
    "with something critical": lambda head, claims: head.update(crit=["b64"]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_nothing_else_is_believed(browser, there, lie):
    there.lie = lie
    answer = browser.get(go(browser, there))
    assert answer.headers["location"] == "/signin/staff"
    assert not is_in(browser)


def test_a_token_signed_by_somebody_else_is_not_believed(browser, there):
    there.signer = OTHER
    browser.get(go(browser, there))
    assert not is_in(browser)


def test_a_stolen_code_without_the_verifier_is_worth_nothing(browser, there):
    back = go(browser, there)
    for asked in there.codes.values():
        asked["code_challenge"] = "x" * 43
    browser.get(back)
    assert not is_in(browser)


def test_a_locked_user_stays_out(browser, there, site, clock):
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: users.lock_user(c, "lin", "left us", Act("boss", clock.now())))
        browser.get(go(browser, there))
        assert not is_in(browser)
        run_unit(conn, lambda c: users.unlock_user(c, "lin", Act("boss", clock.now())))
    browser.get(go(browser, there))
    assert is_in(browser)


def test_without_a_provider_there_is_no_such_door(browser, app):
    app.state.oidc = None
    assert browser.get("/signin/oidc").status_code == 404
    assert browser.get("/signin/oidc/back?code=1&state=2").status_code == 404
    assert "/signin/oidc" not in browser.get("/signin/staff").text


def test_a_provider_that_does_not_answer_is_a_word_not_an_error(browser, app, there):
    def fail(request):
        raise httpx.ConnectError("gone")

    good = app.state.oidc
    back = go(browser, there)
    broken = httpx.AsyncClient(transport=httpx.MockTransport(fail))
    app.state.oidc = Provider(
        issuer=ISSUER, client_id=good.client_id, client_secret="x", redirect_uri=good.redirect_uri, client=broken
    )
    assert browser.get("/signin/oidc").headers["location"] == "/signin/staff"
    assert browser.get(back).headers["location"] == "/signin/staff"
    assert not is_in(browser)
