"""The page of evidence: nothing without its own yes; what it led to is told; taken back, it is gone from the page and from the limit."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Holder, Profile
from honghua.customers.materials import api as materials
from honghua.limits import api as limits
from honghua.web.consumer.tests.walking import CARD, NATIONAL_ID, House, Walk, open_house, walk

BASE_MINOR = 11_000_00


@pytest.fixture
def house(database):
    """A house of each test's own: the source knows one person, and what they brought stays."""
    with open_house(database) as opened:
        yield opened


@pytest.fixture
def proven(house):
    with walk_proven(house) as me:
        yield me


@contextmanager
def walk_proven(house: House) -> Iterator[Walk]:
    """A customer whose identity, situation and consents stand; their payroll says 20,000 a month."""
    with walk(house) as me:
        site, now = me.site, me.clock.now()
        told = Profile(is_adult=True, is_student=False, income_minor=500_000, debt_service_minor=0)
        said = [
            customers.Said(kind=one, version=1, is_given=True, read_ms=60_000)
            for one in (ConsentKind.CREDIT_BUREAU, ConsentKind.AUTOMATED_DECISION)
        ]
        with site.pool.connection() as conn:
            check = customers.IdentityCheck(vault=site.vault, provider=customers.FakeIdentityProvider(1))
            who = customers.Evidence(name="李示范", national_id=NATIONAL_ID, phone="13800000000", card=CARD, clip="c")
            assert customers.prove_identity(conn, check, me.name, who, key="p", now=now).verdict == "proven"
            with conn.transaction():
                customers.write_profile(conn, site.vault, me.name, told, said_by=me.name, now=now)
                customers.say(conn, me.name, said, channel="test", now=now)
                limits.assess(conn, me.name, BASE_MINOR, reason="APPLICATION", lenders=1, now=now)
            consent = bureau.Consent(kind="credit_bureau", version=1, given_at=now)
            asking = bureau.Asking(
                customer=me.name, national_id_digest=hashlib.sha256(NATIONAL_ID.encode()).digest(), purpose=bureau.Purpose.APPROVAL,
                consent=consent,
            )  # fmt: skip
            assert isinstance(
                bureau.inquire(conn, house.app.state.joining.bureau, asking, now=now), bureau.BureauAnswer
            )
        yield me


def ceiling(me: Walk) -> int:
    with me.site.pool.connection() as conn:
        return limits.find_ceilings(conn, [me.name])[me.name][0]


def form(kind: str = "payroll", **fields: str) -> dict[str, str]:
    return {"kind": kind, "version": "1", "key": str(uuid.uuid4()), "agreed": "yes", "for_limit": "yes", **fields}


def upload(me: Walk, content: bytes, **fields: str) -> httpx.Response:
    page = me.get("/my/evidence")
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    data = {**form(**fields), "csrf": found[1]}
    files = {"file": ("pay.pdf", content, "application/pdf")}
    return me.browser.post("/my/evidence/document", data=data, files=files)


def test_brought_told_and_taken_back(proven):
    me, key = proven, str(uuid.uuid4())
    page = me.get("/my/evidence")
    assert "编造" in page, "a fake says so"
    assert "单独同意" in page
    assert "营业执照" not in page, "no rule reads it, so nobody is asked"
    assert "checked" not in page, "nothing is ticked ahead"
    for missing in ("agreed", "for_limit"):
        assert me.send("/my/evidence/source", **{**form(), missing: ""}).status_code == 303
    assert "还没有提供过资料" in me.get("/my/evidence")
    page = me.follow(me.send("/my/evidence/source", **form(key=key)))
    assert "额度已重新评估" in page
    assert "由 ¥11,000.00 升至" in page
    assert "月收入" in page
    assert "¥20,000.00" in page
    assert "您可以提额" in page or "可以提额到" in page
    assert ceiling(me) > BASE_MINOR
    me.follow(me.send("/my/evidence/source", **form(key=key)))
    assert me.get("/my/evidence").count("生效中") == 1, "the same form is one piece"
    assert "/my/evidence" in me.get("/my/settings")
    number = re.search(r"/my/evidence/(\d+)/withdraw", me.get("/my/evidence"))
    assert number is not None
    english = me.follow(me.browser.get("/preferences?language=en&back=/my/evidence"))
    assert "consumer." not in english
    assert "monthly income" in english
    me.browser.get("/preferences?language=zh&back=/my")
    page = me.follow(me.send(f"/my/evidence/{number[1]}/withdraw"))
    assert "已撤回并删除" in page
    assert "¥20,000.00" not in page
    assert ceiling(me) == BASE_MINOR
    with me.site.pool.connection() as conn:
        today = credit.get_business_day(conn)
        assert limits.list_offers(conn, me.name, on=today) == []
    page = me.follow(me.send("/my/evidence/source", **form(key=key)))
    assert "生效中" not in page, "an old form revives nothing"


def test_documents_good_forged_and_dangerous(proven):
    me, holder = proven, Holder(name="李示范", national_id=NATIONAL_ID)
    today = me.clock.now().date()
    whole = materials.issue_document("payroll", holder, {"income_minor": 1_900_000}, today)
    assert "需要人工核对" in me.follow(upload(me, whole.replace(b"1900000", b"2900000")))
    assert ceiling(me) == BASE_MINOR
    old = materials.issue_document("payroll", holder, {"income_minor": 1_900_000}, today - dt.timedelta(days=60))
    assert "资料日期太早" in me.follow(upload(me, old))
    assert "活动内容" in me.follow(upload(me, whole.replace(b"/Catalog", b"/Catalog/OpenAction 3 0 R")))
    assert "只接受 PDF" in me.follow(upload(me, b"hello " * 50))
    assert "文件太大" in me.follow(upload(me, whole + b" " * 1_600_000))
    assert "额度已重新评估" in me.follow(upload(me, whole))
    assert ceiling(me) > BASE_MINOR


def test_whose_identity_is_not_proven_and_whose_it_is_not(proven, house):
    page = proven.follow(proven.send("/my/evidence/source", **form()))
    number = re.search(r"/my/evidence/(\d+)/withdraw", page)
    assert number is not None
    with walk(house) as other:
        assert "须先完成身份核验" in other.get("/my/evidence")
        assert "须先完成身份核验" in other.follow(other.send("/my/evidence/source", **form()))
        assert other.send(f"/my/evidence/{number[1]}/withdraw").status_code == 404
        assert other.send(f"/my/evidence/{number[1]}/again").status_code == 404


def test_without_sources_the_page_says_so(database):
    with open_house(database, is_demo=False) as closed, walk(closed) as me:
        assert "尚未接通资料来源" in me.get("/my/evidence")
        assert me.send("/my/evidence/source", **form()).status_code == 303
