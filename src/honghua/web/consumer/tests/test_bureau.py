"""My credit report: free to see, warned of cheats, objected to without an agent, answered in writing within the law's days."""

from __future__ import annotations

import datetime as dt

from honghua.bureau import api as bureau
from honghua.bureau.core import ACCOUNT_TYPES, CLASSES, STATUSES, TRADES, Trade
from honghua.credit import api as credit
from honghua.store.database import run_unit
from honghua.web.consumer.tests.walking import walk
from honghua.web.consumer.wording.bureau import BUREAU
from honghua.web.tests.doors import NOON

DECEMBER, NOVEMBER = dt.date(2025, 12, 1), dt.date(2025, 11, 1)
DAY = dt.timedelta(days=1)


def file_month(me, month: dt.date, *, days_past_due: int = 0, trades: tuple[Trade, ...] = (), now: dt.datetime = NOON):
    """What the month's run files of this customer."""
    with me.site.pool.connection() as conn:
        (account_id,) = credit.find_account_ids(conn, [me.name]).values()
        overdue = 50_00 if days_past_due else 0
        position = bureau.Position(
            account_id=account_id, customer=me.name, product="huabei", currency="CNY", month=month, opened_on=NOVEMBER,
            line_minor=10_000_00, used_minor=123_45, owed_minor=123_45, due_minor=123_45, paid_minor=0, last_paid_on=None,
            days_past_due=days_past_due, overdue_from=month if days_past_due else None, cleared_on=None, carried_cleared_on=None,
            overdue_minor=overdue, overdue_most_minor=overdue, risk_class=2 if days_past_due else 1, charged_off_minor=0, state="open",
            ended_on=None, trades=trades, known_fact_id=1,
        )  # fmt: skip
        run_unit(
            conn,
            lambda c: bureau.report_positions(c, [position], bureau.load_products(), consented={me.name}, now=now),
        )
    return account_id


def test_before_anything_was_told_the_page_says_so_and_warns(me):
    page = me.get("/my/bureau")
    assert "还没有报送过" in page
    assert "没有查询过您的征信" in page
    assert "不需要中介" in page
    assert "提出异议</button>" not in page  # there is nothing to object to
    assert "/my/bureau" in me.get("/my/settings")


def test_the_report_in_words_and_an_objection_to_its_written_result(me):
    file_month(me, NOVEMBER, trades=(Trade.HARDSHIP_PLAN,))
    late_days = 20
    file_month(me, DECEMBER, days_past_due=late_days)  # first the notice, later the record
    account_id = file_month(me, DECEMBER, days_past_due=late_days, now=NOON + 60 * DAY)
    me.browser.cookies.set("honghua_language", "en")
    page = me.get("/my/bureau")
    for words in (
        "2025-12: 1–30 days late",
        "2025-11: normal",
        "2025-10: not open",
        "CN¥123.45",
        "a plan of your own",
        "CN¥50.00",
    ):
        assert words in page, words
    assert page.count('<li class="adverse"') == 1
    about = f"{account_id}:{DECEMBER.isoformat()}"
    assert f'value="{about}"' in page
    wrong = me.send("/my/bureau/objections", kind="record", about="", said="I paid")
    assert wrong.status_code == 422
    for strange in (f"{account_id}:2020-01-01", "7777777:2025-12-01"):
        refused = me.send("/my/bureau/objections", kind="record", about=strange, said="I paid")
        assert refused.status_code == 422
        assert "Nothing was told" in refused.text
    assert me.send("/my/bureau/objections", kind="record", about="x:y", said="I paid").status_code == 422
    page = me.follow(me.send("/my/bureau/objections", kind="record", about=about, said="I paid on the 3rd"))
    assert "objection under way" in page
    assert "20 days left" in page
    me.follow(me.send("/my/bureau/objections", kind="record", about=about, said="again"))
    with me.site.pool.connection() as conn:
        (row,) = bureau.list_objections_of(conn, me.name)
        assert (row.said, row.fee_minor) == ("I paid on the 3rd", 0)
        run_unit(
            conn,
            lambda c: bureau.answer_objection(
                c, row.objection_id, outcome="confirmed", answer="The bank shows no payment.", by="cora", now=NOON + DAY
            ),
        )
    page = me.get("/my/bureau")
    assert "confirmed as right" in page
    assert "The bank shows no payment." in page
    assert "objection under way" not in page


def test_nobody_sees_or_disputes_what_was_told_of_another(me, house):
    account_id = file_month(me, NOVEMBER)
    with walk(house) as other:
        assert "还没有报送过" in other.get("/my/bureau")
        about = f"{account_id}:{NOVEMBER.isoformat()}"
        assert other.send("/my/bureau/objections", kind="record", about=about, said="mine?").status_code == 422


def test_an_objection_to_an_inquiry_needs_no_month(me):
    asking = bureau.Asking(
        customer=me.name, national_id_digest=b"d" * 32, purpose=bureau.Purpose.APPROVAL,
        consent=bureau.Consent(kind="bureau_query", version=1, given_at=NOON - DAY),
    )  # fmt: skip
    with me.site.pool.connection() as conn:
        bureau.inquire(conn, bureau.FakeBureau(7, today=NOON.date), asking, now=NOON)
    assert "贷款审批" in me.get("/my/bureau")
    page = me.follow(me.send("/my/bureau/objections", kind="inquiry", said="我没有同意"))
    assert "不是我同意的查询" in page


def test_every_code_of_the_bureau_has_its_words():
    assert {f"consumer.bureau_type_{code}" for code in ACCOUNT_TYPES.meanings} <= BUREAU.keys()
    assert {f"consumer.bureau_class_{code}" for code in CLASSES.meanings} <= BUREAU.keys()
    assert {f"consumer.bureau_trade_{code}" for code in TRADES.meanings} <= BUREAU.keys()
    plain = {"/": "open", "*": "nothing", "#": "unknown"}
    assert {f"consumer.bureau_s_{plain.get(code, code)}" for code in (*STATUSES.meanings, "/")} <= BUREAU.keys()
    assert {f"consumer.objection_kind_{one.value}" for one in bureau.ObjectionKind} <= BUREAU.keys()
