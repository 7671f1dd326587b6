"""Users' sign-in by password and authenticator: enrolment, one code once, equal answers, locks, roles that take effect at once."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from argon2 import PasswordHasher
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.customers.api import Vault
from honghua.store.database import run_unit
from honghua.web.roles import STAFF, Role
from honghua.web.signin.outcomes import Caller
from honghua.web.signin.staff import door as staff_door
from honghua.web.signin.staff import passwords, seeding, totp, users
from honghua.web.signin.staff.door import Attempt
from honghua.web.signin.staff.users import Act, NewUser
from honghua.web.tests.doors import NOON, Browser, build_part, make_site, signed_in

PASSWORD = "a lantern over the river 7"
HALF_MINUTE = dt.timedelta(seconds=30)


@pytest.fixture
def secret(site, clock):
    """A reviewer who has a password and an authenticator; the authenticator."""
    made = totp.make_secret()
    new = NewUser(name="lin", roles=frozenset({Role.REVIEWER}), display_name="林")

    def work(conn):
        users.add_user(conn, new, PASSWORD, Act("boss", clock.now()))
        user = users.get_user(conn, "lin")
        users.save_password(conn, user.user_id, PASSWORD, now=clock.now())
        return users.save_secret(conn, site.vault, user, made, step=0)

    with site.pool.connection() as conn:
        codes = run_unit(conn, work)
    return made, codes


def find(pattern, page):
    found = re.search(pattern, page)
    assert found is not None, pattern
    return found[1]


def sign_in(browser, site, name="lin", password=PASSWORD, code="", realm="staff", **values):
    browser.get(f"/signin/{realm}")
    return browser.send(site, f"/signin/{realm}", name=name, password=password, code=code, **values)


def test_the_first_sign_in_sets_a_password_and_an_authenticator(browser, site, clock):
    with site.pool.connection() as conn:
        new = NewUser(name="mei", roles=frozenset({Role.CARE}))
        run_unit(conn, lambda c: users.add_user(c, new, "a first one, to be changed", Act("boss", clock.now())))
    answer = sign_in(browser, site, "mei", "a first one, to be changed", next="/desk/queue")
    assert answer.headers["location"] == "/signin/enrol"
    page = browser.get("/signin/enrol").text
    assert "<svg" in page
    secret = find(r"<code>([A-Z2-7]{32})</code>", page)
    code = totp.current_code(secret, clock.now())
    for bad in ("short", "a first one, to be changed", "mei is my own name 99"):
        assert browser.send(site, "/signin/enrol", password=bad, code=code).status_code == 422
    assert browser.send(site, "/signin/enrol", password=PASSWORD, code="000000").status_code == 422
    done = browser.send(site, "/signin/enrol", password=PASSWORD, code=code)
    recovery = re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){5})</code>", done.text)
    assert len(recovery) == 10
    assert "/desk/queue" in done.text
    assert browser.get("/signin/devices").status_code == 200
    browser.cookies.clear()
    assert sign_in(browser, site, "mei", "a first one, to be changed", code).status_code == 422
    assert sign_in(browser, site, "mei", PASSWORD, code).status_code == 422, "the code of the enrolment is used"
    assert sign_in(browser, site, "mei", PASSWORD, recovery[0]).status_code == 303
    browser.cookies.clear()
    assert sign_in(browser, site, "mei", PASSWORD, recovery[0]).status_code == 422, "a recovery code works once"
    clock.advance(HALF_MINUTE)
    assert sign_in(browser, site, "mei", PASSWORD, totp.current_code(secret, clock.now())).status_code == 303


def test_a_code_counts_once_and_no_older_one_after_it(browser, site, clock, secret):
    made, _ = secret
    older = totp.current_code(made, clock.now() - HALF_MINUTE)
    code = totp.current_code(made, clock.now())
    answer = sign_in(browser, site, code=code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    for again in (code, older):
        browser.cookies.clear()
        assert sign_in(browser, site, code=again).status_code == 422
    clock.advance(HALF_MINUTE * 4)
    stale = totp.current_code(made, clock.now() - 2 * HALF_MINUTE)
    assert sign_in(browser, site, code=stale).status_code == 422
    ahead = totp.current_code(made, clock.now() + HALF_MINUTE)
    assert sign_in(browser, site, code=ahead).status_code == 303, "a clock may be half a minute off"


def test_whatever_is_wrong_the_answer_is_the_same(browser, site, clock, secret):
    made, _ = secret
    code = totp.current_code(made, clock.now())
    with site.pool.connection() as conn:
        locked = NewUser(name="wei", roles=frozenset({Role.CARE}))
        run_unit(conn, lambda c: users.add_user(c, locked, PASSWORD, Act("boss", clock.now())))
        run_unit(conn, lambda c: users.lock_user(c, "wei", "gone", Act("boss", clock.now())))
    hidden = re.compile(r'value="[^"]*"')
    told = set()
    for values in (
        {"name": "nobody", "password": PASSWORD, "code": code},
        {"name": "lin", "password": PASSWORD + "x", "code": code},
        {"name": "lin", "password": PASSWORD, "code": "123456"},
        {"name": "lin", "password": PASSWORD, "code": ""},
        {"name": "wei", "password": PASSWORD, "code": ""},
    ):
        browser.cookies.clear()
        answer = sign_in(browser, site, **values)
        told.add((answer.status_code, hidden.sub("", answer.text)))
    assert len(told) == 1
    browser.cookies.clear()
    assert sign_in(browser, site, code=code, realm="merchant").status_code in (422, 429), "the other realm's page"


def test_nobody_costs_as_much_work_as_somebody(site, clock, secret, monkeypatch):
    verified = []
    real = PasswordHasher.verify

    def counted(self, kept, password):
        verified.append(passwords.HASHER.check_needs_rehash(kept))
        return real(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    vault = site.vault
    with site.pool.connection() as conn:
        for name in ("lin", "nobody"):
            attempt = Attempt(realm="staff", name=name, password="wrong wrong wrong", code="1")
            with conn.transaction():
                staff_door.sign_in(conn, vault, attempt, Caller(), now=clock.now())
    assert verified == [False, False], "one hash each, with the same parameters"


def test_guessing_locks_the_name_whether_it_exists_or_not(browser, site, clock, secret):
    made, _ = secret
    for name in ("lin", "nobody"):
        for _ in range(4):
            assert sign_in(browser, site, name, "wrong wrong wrong").status_code == 422
        assert sign_in(browser, site, name, "wrong wrong wrong").status_code == 429
        clock.advance(dt.timedelta(seconds=1))
        assert sign_in(browser, site, name, PASSWORD, totp.current_code(made, clock.now())).status_code == 429
    clock.advance(dt.timedelta(minutes=2))
    assert sign_in(browser, site, "lin", PASSWORD, totp.current_code(made, clock.now())).status_code == 303


@pytest.mark.slow  # 62 hashes
def test_one_network_tries_only_so_often(browser, site):
    codes = [sign_in(browser, site, f"user{n:03d}", "x" * 20).status_code for n in range(62)]
    assert codes[-1] == 429
    assert codes[:60] == [422] * 60


def test_a_lock_and_new_roles_take_effect_at_once(browser, site, clock, secret):
    made, _ = secret
    sign_in(browser, site, code=totp.current_code(made, clock.now()))
    assert browser.get("/signin/devices").status_code == 200
    act = Act("boss", clock.now())
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: users.set_roles(c, "lin", frozenset({Role.AUDITOR}), act))
    assert browser.get("/signin/devices").status_code == 303
    clock.advance(HALF_MINUTE)
    browser.cookies.clear()
    sign_in(browser, site, code=totp.current_code(made, clock.now()))
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: users.lock_user(c, "lin", "left us", act))
    assert browser.get("/signin/devices").status_code == 303
    clock.advance(HALF_MINUTE)
    browser.cookies.clear()
    assert sign_in(browser, site, code=totp.current_code(made, clock.now())).status_code == 422


def test_roles_stay_in_their_realm_and_some_stand_alone(conn):
    act = Act("boss", NOON)
    for wrong in (
        NewUser(name="aa", roles=frozenset({Role.CUSTOMER})),
        NewUser(name="aa", roles=frozenset({Role.REVIEWER}), merchant="m-1"),
        NewUser(name="aa", roles=frozenset({Role.MERCHANT_OWNER})),
        NewUser(name="aa", roles=frozenset({Role.ADMINISTRATOR, Role.REVIEWER})),
        NewUser(name="aa", roles=frozenset({Role.AUDITOR, Role.OPERATIONS})),
        NewUser(name="a b", roles=frozenset({Role.CARE})),
    ):
        with pytest.raises(BadInput):
            users.add_user(conn, wrong, PASSWORD, act)
    users.add_user(conn, NewUser(name="Lin", roles=frozenset({Role.CARE})), PASSWORD, act)
    with pytest.raises(Conflict):
        users.add_user(conn, NewUser(name="lin", roles=frozenset({Role.CARE})), PASSWORD, act)
    with pytest.raises(NotFound):
        users.lock_user(conn, "nobody", "x", act)


def test_an_old_hash_is_renewed_at_the_next_sign_in(site, clock, secret):
    made, _ = secret
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    with site.pool.connection() as conn:
        conn.execute("UPDATE web_user SET password_hash = %s", [weak])
        attempt = Attempt(realm="staff", name="lin", password=PASSWORD, code=totp.current_code(made, clock.now()))
        outcome = run_unit(conn, lambda c: staff_door.sign_in(c, site.vault, attempt, Caller(), now=clock.now()))
        assert outcome.begun is not None
        (kept,) = conn.execute("SELECT password_hash FROM web_user").fetchone()
    assert kept.startswith(f"$argon2id$v=19$m={passwords.MEMORY_KIB},t=1,p=1$")


def test_authenticators_move_to_the_newest_key(site, clock, secret):
    made, _ = secret
    both = Vault({**site.secrets.field_keys, 2: b"n" * 32}, site.secrets.index_key)
    with site.pool.connection() as conn:
        assert run_unit(conn, lambda c: users.rotate_secrets(c, both)) == 1
        assert run_unit(conn, lambda c: users.rotate_secrets(c, both)) == 0
        attempt = Attempt(realm="staff", name="lin", password=PASSWORD, code=totp.current_code(made, clock.now()))
        only_new = Vault({2: b"n" * 32}, site.secrets.index_key)
        outcome = run_unit(conn, lambda c: staff_door.sign_in(c, only_new, attempt, Caller(), now=clock.now()))
    assert outcome.begun is not None


def test_a_reset_asks_for_everything_anew(browser, site, clock, secret):
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: users.reset_user(c, "lin", "given by the boss 1", Act("boss", clock.now())))
    assert sign_in(browser, site, password=PASSWORD).status_code == 422
    assert sign_in(browser, site, password="given by the boss 1").headers["location"] == "/signin/enrol"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "PASSWORD_LENGTH"),
        ("x" * 129, "PASSWORD_LENGTH"),
        ("aaaaaaaaaaaa", "PASSWORD_WEAK"),
        ("121212121212", "PASSWORD_WEAK"),
        ("P@ssw0rd123456", "PASSWORD_COMMON"),
        ("qwertyuiop123!", "PASSWORD_COMMON"),
        ("1qaz2wsx3edc4rfv", "PASSWORD_COMMON"),
        ("asdf1234qwerzxcv", "PASSWORD_COMMON"),
        ("poiuytrewq0987", "PASSWORD_COMMON"),
        ("20260101 19991231", "PASSWORD_COMMON"),
        ("kuhai!kuhai!kuhai!", "PASSWORD_COMMON"),
        ("woaini1314520", "PASSWORD_COMMON"),
        ("liverpool123456", "PASSWORD_COMMON"),
        ("Honghua.2026", "PASSWORD_COMMON"),
        ("my1234my1234!?", "PASSWORD_COMMON"),
        ("zxcvbn2024zxcvbn2024", "PASSWORD_COMMON"),
        ("the lin of rivers", None),
        ("my-name-is-linlin", "PASSWORD_OWN_NAME"),
        ("correct horse battery staple", None),
        ("红花开在江南的春天里呀真好", None),
    ],
)
def test_which_passwords_are_no_good(password, code):
    if code is None:
        passwords.check_password(password, about=("linlin",))
        return
    with pytest.raises(BadInput) as caught:
        passwords.check_password(password, about=("linlin",))
    assert caught.value.code == code


def test_no_password_of_the_known_lists_is_good():
    known = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= passwords.LENGTH_MIN]
    assert len(known) > 200
    assert [one for one in known if is_good(one)] == []


def is_good(password: str) -> bool:
    """Whether somebody could take it."""
    try:
        passwords.check_password(password)
    except BadInput:
        return False
    return True


def test_passwords_are_one_however_a_keyboard_writes_them():
    kept = passwords.hash_password("café café café")
    assert passwords.is_password(kept, "cafe\u0301 cafe\u0301 cafe\u0301")
    assert not passwords.is_password(None, "anything at all")
    assert not passwords.is_password("no hash", "anything at all")


def test_the_demo_has_one_sign_in_a_role_and_finds_it_again(database, clock):
    with make_site(database, clock=clock, is_demo=True) as site, Browser(build_part(site)) as browser:

        def seed(conn):
            return seeding.seed_demo(
                conn, site.secrets, customers_named=["city-1", "city-2"], merchants_named=["书店"], now=clock.now()
            )

        with site.pool.connection() as conn:
            first = run_unit(conn, seed)
            assert run_unit(conn, seed) == first
        assert {one.role for one in first} == STAFF | {Role.CUSTOMER, Role.MERCHANT_OWNER, Role.MERCHANT_STAFF}
        for one in first:
            if one.role is Role.CUSTOMER:
                continue
            browser.cookies.clear()
            realm = one.address.removeprefix("/signin/")
            page = browser.get(one.address).text
            assert one.password in page
            assert one.code in page
            assert sign_in(browser, site, one.name, one.password, one.code, realm).status_code == 303, one


def test_a_site_that_is_no_demonstration_shows_no_users(browser, site, clock):
    with site.pool.connection() as conn:
        told = run_unit(
            conn,
            lambda c: seeding.seed_demo(c, site.secrets, customers_named=[], merchants_named=[], now=clock.now()),
        )
    page = browser.get("/signin/staff").text
    assert not any(one.password in page or one.name in page for one in told)


def test_an_administrator_makes_locks_and_resets_users_but_not_themselves(browser, site, clock):
    with site.pool.connection() as conn:
        boss = NewUser(name="boss", roles=frozenset({Role.ADMINISTRATOR}))
        run_unit(conn, lambda c: users.add_user(c, boss, PASSWORD, Act("cli", clock.now())))
    signed_in(browser, site, role=Role.ADMINISTRATOR, subject="boss")
    assert browser.send(site, "/signin/users", name="mei", role="emperor").status_code == 422
    assert browser.send(site, "/signin/users", name="m", role="care").status_code == 422
    assert browser.send(site, "/signin/users", name="mei", role="merchant_owner").status_code == 422
    made = browser.send(site, "/signin/users", name="Mei", role="care", display="梅")
    password = find(r"mei[^<]*?([\w-]{20})", made.text)
    assert password not in browser.get("/signin/users").text, "shown once"
    assert browser.send(site, "/signin/users", name="mei", role="care").status_code == 422
    assert browser.send(site, "/signin/users/mei/lock", why="left us").status_code == 303
    assert "left us" in browser.get("/signin/users").text
    assert browser.send(site, "/signin/users/mei/unlock").status_code == 303
    assert browser.send(site, "/signin/users/mei/reset").status_code == 200
    assert browser.send(site, "/signin/users/nobody/reset").status_code == 404
    for act in ("lock", "unlock", "reset"):
        assert browser.send(site, f"/signin/users/boss/{act}", why="x").status_code == 403
    page = browser.get("/signin/events").text
    assert "by boss" in page
    browser.cookies.clear()
    assert sign_in(browser, site, "mei", password).status_code == 422, "reset since"


def test_a_user_changes_the_own_password_with_the_old_one(browser, site, clock, secret, database):
    made, _ = secret
    sign_in(browser, site, code=totp.current_code(made, clock.now()))
    with Browser(build_part(site)) as other:
        signed_in(other, site, role=Role.REVIEWER, subject="lin")
        assert browser.get("/signin/password").status_code == 200
        new = "another lantern, another river"
        assert browser.send(site, "/signin/password", old="wrong wrong wrong", password=new).status_code == 422
        assert browser.send(site, "/signin/password", old=PASSWORD, password="password1234").status_code == 422
        assert browser.send(site, "/signin/password", old=PASSWORD, password=PASSWORD).status_code == 422
        assert browser.send(site, "/signin/password", old=PASSWORD, password=new).status_code == 303
        assert other.get("/signin/devices").status_code == 303, "all other devices are signed out"
    assert browser.get("/signin/devices").status_code == 200
    browser.cookies.clear()
    clock.advance(HALF_MINUTE)
    code = totp.current_code(made, clock.now())
    assert sign_in(browser, site, password=PASSWORD, code=code).status_code == 422
    assert sign_in(browser, site, password=new, code=code).status_code == 303


def test_a_first_password_is_good_for_a_week(browser, site, clock):
    with site.pool.connection() as conn:
        new = NewUser(name="mei", roles=frozenset({Role.CARE}))
        run_unit(conn, lambda c: users.add_user(c, new, "a first one, to be changed", Act("boss", clock.now())))
    clock.advance(dt.timedelta(days=7, seconds=1))
    assert sign_in(browser, site, "mei", "a first one, to be changed").status_code == 422
