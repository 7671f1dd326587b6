"""The guard: sessions, rights, form tokens, bounds. Nothing gets past it that a table of rights does not name."""

from __future__ import annotations

import datetime as dt

import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse

from honghua.base.clock import FixedClock
from honghua.web.body_bounds import BODY_BYTES_MAX
from honghua.web.guard import Guard
from honghua.web.refusing import safe_next
from honghua.web.rights import join_rights
from honghua.web.roles import CUSTOMERS, PARTNERS, PUBLIC, STAFF, Role
from honghua.web.signin import cookies, sessions
from honghua.web.tests.doors import NOON, Browser, make_site, signed_in
from honghua.web.viewer import Viewer

RIGHTS = join_rights(
    [
        {"t.open": PUBLIC, "t.say": PUBLIC},
        {"t.mine": CUSTOMERS, "t.save": CUSTOMERS, "t.desk": STAFF, "t.signed": PARTNERS},
    ]
)


def build(site, door=None):
    doors = {} if door is None else {Role.PARTNER: door}
    app = FastAPI(openapi_url=None)
    inner = APIRouter(prefix="/t")

    @inner.get("/open", name="t.open")
    async def show_open(request: Request):
        viewer: Viewer = request.state.viewer
        return {"subject": viewer.subject, "language": viewer.language, "large": viewer.large_text}

    @inner.get("/mine", name="t.mine")
    async def show_mine(request: Request):
        return {"subject": request.state.viewer.subject, "csrf": request.state.viewer.csrf}

    @inner.post("/mine", name="t.save")
    async def save(request: Request):
        async with request.form() as form:
            return {"got": {key: str(value) for key, value in form.items()}}

    @inner.post("/say", name="t.say")
    async def say(request: Request):
        return {"length": len(await request.body())}

    @inner.get("/desk/{n}", name="t.desk")
    async def desk(n: int):
        return {"n": n}

    @inner.post("/signed", name="t.signed")
    async def signed(request: Request):
        return {"who": request.state.viewer.subject, "length": len(await request.body())}

    @inner.get("/forgotten", name="t.forgotten")
    async def forgotten():
        raise AssertionError("a route without a row answered")

    outer = APIRouter()
    outer.include_router(inner)
    app.include_router(outer)
    app.add_middleware(Guard, site=site, rights=RIGHTS, routes=lambda: app.routes, doors=doors)
    return app


@pytest.fixture(scope="module")
def clock():
    """One for all tests of this file: it only goes forward."""
    return FixedClock(NOON)


@pytest.fixture(scope="module")
def site(module_database, clock):
    with make_site(module_database, clock=clock) as made:
        yield made


@pytest.fixture
def browser(site):
    with Browser(build(site)) as made:
        yield made


def test_nobody_is_sent_to_the_right_sign_in_with_the_way_back(browser):
    answer = browser.get("/t/mine?a=1&b=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=/t/mine%3Fa%3D1%26b%3D2"
    assert browser.get("/t/desk/1").headers["location"] == "/signin/staff?next=/t/desk/1"


def test_programs_and_pieces_are_told_instead_of_redirected(browser):
    told = browser.get("/t/mine", headers={"accept": "application/json"})
    assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")
    assert told.json()["code"] == "SIGN_IN_FIRST"
    piece = browser.get("/t/mine", headers={"hx-request": "true"})
    assert (piece.status_code, piece.headers["hx-redirect"]) == (401, "/signin?next=/t/mine")


def test_a_session_opens_what_its_role_may_and_nothing_else(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    assert browser.get("/t/mine").json()["subject"] == "李雷"
    assert browser.get("/t/desk/1").status_code == 403
    assert browser.get("/t/open").json()["subject"] == "李雷"


def test_who_was_refused_what_stands_in_the_log(browser, site, caplog):
    signed_in(browser, site, role=Role.CUSTOMER, subject="C7")
    browser.get("/t/desk/1?secret=13800001234")
    browser.post("/t/mine", data={"a": "1"})
    assert [one.getMessage() for one in caplog.records if one.name == "honghua.web.guard"] == [
        "refused GET t.desk to C7: NOT_ALLOWED",
        "refused POST t.save to C7: FORM_STALE",
    ]


def test_a_route_without_a_row_answers_to_nobody(browser, site):
    assert browser.get("/t/forgotten").status_code == 403
    for role in sorted(set(Role) - {Role.ANYONE, Role.PARTNER, Role.GATEWAY}):
        signed_in(browser, site, role=role, subject=f"u-{role}")
        assert browser.get("/t/forgotten").status_code == 403


def test_what_is_not_there_is_the_routers_to_say(browser):
    assert browser.get("/nowhere").status_code == 404
    assert browser.request("DELETE", "/t/open").status_code == 405


def test_a_wrong_method_on_a_closed_route_is_refused_before_it_is_named(browser):
    assert browser.request("DELETE", "/t/desk/1").status_code == 303


def test_a_form_needs_the_token_of_its_own_session(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    assert browser.post("/t/mine", data={"a": "1"}).status_code == 403
    assert browser.post("/t/mine", data={"a": "1", "csrf": "x" * 32}).status_code == 403
    good = browser.send(site, "/t/mine", a="1")
    assert good.json()["got"]["a"] == "1", "the route reads the body that the guard has read"
    theirs = cookies.derive_form_token(site.secrets.session_key, "another token")
    assert browser.post("/t/mine", data={"a": "1", "csrf": theirs}).status_code == 403
    header = {"x-csrf-token": browser.csrf(site)}
    assert browser.post("/t/mine", data={"a": "2"}, headers=header).json()["got"] == {"a": "2"}


def test_a_form_with_a_file_keeps_its_token_too(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    files = {"proof": ("a.txt", b"hello", "text/plain")}
    answer = browser.post("/t/mine", data={"csrf": browser.csrf(site)}, files=files)
    assert answer.status_code == 200
    assert browser.post("/t/mine", data={"csrf": ""}, files=files).status_code == 403


def test_a_form_from_another_site_is_refused_whatever_it_carries(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    answer = browser.post("/t/mine", data={"csrf": browser.csrf(site)}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_forms_of_people_who_have_not_signed_in_are_guarded_too(browser, site):
    assert browser.post("/t/say", data={"a": "1"}).status_code == 403
    browser.get("/t/open")
    assert browser.send(site, "/t/say", a="1").status_code == 200


def test_a_body_over_the_bound_is_not_read(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    token = {"x-csrf-token": browser.csrf(site)}
    assert browser.post("/t/mine", content=b"x" * (BODY_BYTES_MAX + 1), headers=token).status_code == 413

    async def drip():
        for _ in range(BODY_BYTES_MAX // (1 << 16) + 2):
            yield b"x" * (1 << 16)

    assert browser.post("/t/mine", content=drip(), headers=token).status_code == 413
    assert browser.post("/t/mine", content=b"", headers=token | {"content-length": "-1"}).status_code == 413


def test_signed_requests_go_to_the_partners_door_and_nowhere_without_one(site, browser):
    assert browser.post("/t/signed", content=b"abc").status_code == 401
    seen = []

    async def door(request: Request):
        seen.append(await request.body())
        if request.headers.get("x-good") != "1":
            return JSONResponse({}, status_code=401)
        return Viewer(roles=frozenset({Role.PARTNER}), subject="shop-1")

    with Browser(build(site, door)) as program:
        assert program.post("/t/signed", content=b"abc").status_code == 401
        good = program.post("/t/signed", content=b"abc", headers={"x-good": "1"})
        assert good.json() == {"who": "shop-1", "length": 3}
    assert seen == [b"abc", b"abc"]


def test_a_session_ends_unseen_in_the_end_and_by_hand(browser, site, clock):
    begun = signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    for _ in range(4):
        clock.advance(sessions.CUSTOMER_TIMES.idle - dt.timedelta(seconds=1))
        assert browser.get("/t/mine").status_code == 200, "seen in time"
    clock.advance(sessions.CUSTOMER_TIMES.idle + dt.timedelta(seconds=1))
    assert browser.get("/t/mine").status_code == 303, "idle"
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    steps = sessions.CUSTOMER_TIMES.whole // dt.timedelta(minutes=20)
    answers = []
    for _ in range(steps + 1):
        clock.advance(dt.timedelta(minutes=20))
        answers.append(browser.get("/t/mine").status_code)
    assert answers == [200] * (steps - 1) + [303, 303], "twelve hours are the end, however often it is seen"
    begun = signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    with site.pool.connection() as conn:
        assert not sessions.end_session(conn, begun.session_id, "韩梅梅", now=clock.now(), why="by hand")
        assert browser.get("/t/mine").status_code == 200
        assert sessions.end_session(conn, begun.session_id, "李雷", now=clock.now(), why="by hand")
    assert browser.get("/t/mine").status_code == 303


def test_an_eleventh_session_ends_the_one_unseen_for_longest(browser, site, clock):
    first = signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    for _ in range(sessions.LIVE_MAX):
        clock.advance(dt.timedelta(seconds=1))
        signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    with site.pool.connection() as conn:
        living = sessions.list_sessions(conn, "李雷", now=clock.now())
    assert len(living) == sessions.LIVE_MAX
    assert first.session_id not in {one.session_id for one in living}


def test_the_table_keeps_no_token(browser, site):
    begun = signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    with site.pool.connection() as conn:
        row = conn.execute("SELECT web_session::text FROM web_session ORDER BY session_id DESC LIMIT 1").fetchone()
    assert row is not None
    assert begun.token not in row[0]


def test_tokens_that_are_none_open_nothing(browser, site):
    for odd in ("", "x", "x" * 500, "'; --", "%00"):
        browser.cookies.set(cookies.SESSION, odd)
        assert browser.get("/t/mine").status_code == 303
        browser.cookies.clear()


def test_pages_of_signed_in_people_stay_out_of_caches(browser, site):
    signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
    assert browser.get("/t/mine").headers["cache-control"] == "no-store"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites():
    plain = cookies.session_cookie("t", "http://127.0.0.1:8000").header()
    assert plain == "honghua_session=t; Path=/; HttpOnly; SameSite=Lax"
    safe = cookies.session_cookie("t", "https://hong.example").header()
    assert safe == "__Host-honghua_session=t; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_over_https_only_the_host_bound_cookie_counts(module_database, clock):
    address = "https://hong.example"
    with (
        make_site(module_database, clock=clock, address=address) as site,
        Browser(build(site), address=address) as browser,
    ):
        begun = signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
        assert browser.get("/t/mine").status_code == 200
        browser.cookies.clear()
        browser.cookies.set(cookies.SESSION, begun.token)
        assert browser.get("/t/mine").status_code == 303


def test_people_read_as_they_wish(browser):
    assert browser.get("/t/open").json() == {"subject": "", "language": "zh", "large": False}
    assert browser.get("/t/open", headers={"accept-language": "en-GB,zh"}).json()["language"] == "en"
    browser.cookies.set("honghua_language", "en")
    browser.cookies.set("honghua_large", "1")
    assert browser.get("/t/open").json() == {"subject": "", "language": "en", "large": True}


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "/x\\y",
        "",
        "/signout",
    ],
)
def test_the_way_back_never_leads_away(path):
    assert safe_next(path) == "/"


def test_tables_of_rights_are_joined_once():
    with pytest.raises(AssertionError, match="two tables"):
        join_rights([{"a": PUBLIC}, {"a": CUSTOMERS}])
    with pytest.raises(AssertionError, match="nobody"):
        join_rights([{"a": frozenset()}])
    with pytest.raises(AssertionError, match="anyone"):
        join_rights([{"a": PUBLIC | CUSTOMERS}])
    with pytest.raises(AssertionError, match="signed"):
        join_rights([{"a": PARTNERS | CUSTOMERS}])
