"""Behind a repair: a report no longer shows the arrears, the record is kept, and an auditor alone may read it, for a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg

from honghua.bureau import api as bureau
from honghua.bureau.core import parse_policy
from honghua.credit import api as credit
from honghua.store.database import run_unit
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import DESK_READERS, Role
from honghua.web.tests.doors import NOON, open_account

WHO = "李雷"
PLACE = f"/desk/records/{WHO}"
OCTOBER, CLEARED = dt.date(2025, 10, 1), dt.date(2025, 11, 9)
POLICY = parse_policy({
    "name": "trial", "arose_first": "2025-01-01", "arose_last": "2025-12-31", "amount_most": "2000.00", "repaid_by": "2025-12-31",
    "display": [{"repaid_until": "2025-12-31", "months_after": 1}],
})  # fmt: skip


def repair(site) -> None:
    """October overdue and filed after its notice, paid in November, repaired by the batch, off at the end of December."""
    open_account(site, WHO)

    def work(conn: psycopg.Connection) -> None:
        (account_id,) = credit.find_account_ids(conn, [WHO]).values()
        late = bureau.Position(
            account_id=account_id, customer=WHO, product="huabei", currency="CNY", month=OCTOBER, opened_on=OCTOBER,
            line_minor=10_000_00, used_minor=123_45, owed_minor=123_45, due_minor=123_45, paid_minor=0, last_paid_on=None,
            days_past_due=20, overdue_from=dt.date(2025, 10, 11), cleared_on=None, carried_cleared_on=None, overdue_minor=50_00,
            overdue_most_minor=50_00, risk_class=2, charged_off_minor=0, state="open", ended_on=None, trades=(), known_fact_id=1,
        )  # fmt: skip
        paid = replace(
            late, month=dt.date(2025, 11, 1), days_past_due=0, overdue_from=None, overdue_minor=0, overdue_most_minor=0,
            carried_cleared_on=CLEARED, last_paid_on=CLEARED, paid_minor=123_45, used_minor=0, owed_minor=0, due_minor=0, risk_class=1,
        )  # fmt: skip
        for position, days in ((late, 60), (late, 50), (paid, 20)):
            now = NOON - dt.timedelta(days=days)
            bureau.report_positions(conn, [position], bureau.load_products(), consented={WHO}, now=now)
        report, _ = bureau.repair_page(conn, [POLICY], after=0, now=NOON, on=NOON.date())
        assert report.repaired == 1

    with site.pool.connection() as conn:
        run_unit(conn, work)


def list_looks(conn: psycopg.Connection) -> list[tuple[str, str, str]]:
    return conn.execute("SELECT customer, viewer, why FROM bureau_raw_access ORDER BY access_id").fetchall()


def test_an_auditor_reads_what_was_repaired_and_the_look_is_written_down(site, browser):
    repair(site)
    for role in sorted(DESK_READERS - {Role.AUDITOR}):
        enter(browser, site, role, "cara")
        assert browser.get(PLACE).status_code == 403, role
        assert browser.send(site, PLACE, why="curious").status_code == 403, role
        assert "/desk/records/" not in browser.get(f"/desk/customers/{WHO}").text, role
    assert read(site, list_looks) == []

    enter(browser, site, Role.AUDITOR, "ada")
    assert "/desk/records/" in browser.get(f"/desk/customers/{WHO}").text
    assert "CN¥50.00" not in browser.get(PLACE).text, "nothing is shown before a reason is given"
    assert "Please give a reason" in follow(browser, browser.send(site, PLACE, why=" "))
    assert read(site, list_looks) == []
    page = browser.send(site, PLACE, why="audit 7").text
    cells = [row.split("</td>") for row in page.split("<tbody>")[1].split("<tr>")[1:]]
    told = [[cell.rsplit(">", 1)[-1] for cell in row][4:7] for row in cells]
    assert told == [["1", "N", "CN¥50.00"], ["*", "*", "CN¥0.00"]], "as filed, as a report shows it, overdue"
    assert read(site, list_looks) == [(WHO, "ada", "audit 7")]
    assert "Nothing was ever filed" in browser.send(site, "/desk/records/nobody", why="audit 7").text
    browser.cookies.set("honghua_language", "zh")
    assert "征信报送原始记录" in browser.get(PLACE).text
