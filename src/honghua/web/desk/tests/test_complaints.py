"""Complaints at the desk: three views by clock, words read on the record, a warning that changes nothing, more days, the answer."""

from __future__ import annotations

import datetime as dt
import uuid

from honghua.customers import api as customers
from honghua.web.consumer.tests.test_complaining import PLAIN, SCRIPT
from honghua.web.consumer.tests.walking import open_house, walk
from honghua.web.desk.tests.staff import enter, follow
from honghua.web.roles import Role
from honghua.web.tests.doors import signed_in


def test_a_complaint_from_its_receipt_to_its_answer(database):
    with open_house(database) as house, walk(house) as me:
        for words, about in ((SCRIPT, "bureau"), (PLAIN, "service")):
            me.follow(me.send("/my/complaints", about=about, words=words, key=str(uuid.uuid4())))
        desk = me.browser
        enter(desk, me.site, Role.STRATEGIST, "sam")
        assert desk.get("/desk/complaints").status_code == 403
        enter(desk, me.site, Role.AUDITOR, "ada")
        page = desk.get("/desk/complaints").text
        assert "Complaint 1" in page
        assert "15 days left" in page
        assert "Open (2)" in page
        assert "Overdue (0)" in page
        assert desk.send(me.site, "/desk/complaints/1/read").status_code == 403
        enter(desk, me.site, Role.CARE, "cora")
        assert desk.get("/desk/complaints/9").status_code == 404
        closed = desk.get("/desk/complaints/1").text
        assert "法务部" not in closed, "closed until somebody opens it"
        opened = desk.send(me.site, "/desk/complaints/1/read").text
        assert "法务部" in opened
        assert "like any other" in opened
        assert "like any other" not in desk.send(me.site, "/desk/complaints/2/read").text
        with me.site.pool.connection() as conn:
            look = customers.list_access(conn, me.name)[0]
        assert (look.viewer, look.fields, look.purpose) == ("cora", ["complaint"], "dispute")
        live_through_its_clock(me)


def live_through_its_clock(me):
    desk, site = me.browser, me.site
    me.clock.advance(dt.timedelta(days=16))
    enter(desk, site, Role.CARE, "cora")
    assert "Overdue (2)" in desk.get("/desk/complaints?view=overdue").text
    assert desk.send(site, "/desk/complaints/1/longer", stage="complex", why="").status_code == 422
    longer = follow(desk, desk.send(site, "/desk/complaints/1/longer", stage="complex", why="three banks"))
    assert "14 days left" in longer
    assert "Overdue (1)" in desk.get("/desk/complaints?view=overdue").text
    assert "STAGE_WRONG" in follow(desk, desk.send(site, "/desk/complaints/2/longer", stage="special", why="x"))
    assert desk.send(site, "/desk/complaints/2/answer", words="", why="found").status_code == 422
    answered = follow(desk, desk.send(site, "/desk/complaints/2/answer", words="<b>已退款</b>", why="refund was late"))
    assert "answered on" in answered
    assert "refund was late" in answered
    again = follow(desk, desk.send(site, "/desk/complaints/2/answer", words="again", why="again"))
    assert "COMPLAINT_ANSWERED" in again
    assert "Complaint 2" in desk.get("/desk/complaints?view=answered").text
    assert "Complaint 2" not in desk.get("/desk/complaints?view=nonsense").text
    signed_in(desk, site, role=Role.CUSTOMER, subject=me.name)
    mine = desk.get("/my/complaints").text
    assert "&lt;b&gt;已退款&lt;/b&gt;" in mine
    assert "refund was late" not in mine, "that is ours"
