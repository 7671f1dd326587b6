"""A piece with a sign of forgery waits at the desk: read only where its owner agreed, settled by a person, counted from then on."""

from __future__ import annotations

from honghua.customers import api as customers
from honghua.customers.core import Holder
from honghua.customers.materials import api as materials
from honghua.web.consumer.tests.test_evidence import BASE_MINOR, ceiling, upload, walk_proven
from honghua.web.consumer.tests.walking import NATIONAL_ID, open_house
from honghua.web.desk.tests.staff import enter, follow
from honghua.web.roles import Role


def test_a_marked_piece_is_read_and_settled_by_a_person(database):
    with open_house(database) as house, walk_proven(house) as me:
        holder = Holder(name="李示范", national_id=NATIONAL_ID)
        whole = materials.issue_document("payroll", holder, {"income_minor": 1_900_000}, me.clock.now().date())
        forged = whole.replace(b"1900000", b"2900000")
        assert "需要人工核对" in me.follow(upload(me, forged, for_review="yes"))
        assert "需要人工核对" in me.follow(upload(me, forged))
        with me.site.pool.connection() as conn:
            open_one, closed = materials.list_in_state(conn, "review", limit=9)
        desk = me.browser
        enter(desk, me.site, Role.AUDITOR, "ada")
        page = desk.get("/desk/evidence").text
        assert page.count("SEAL_BROKEN") == 2
        assert "29,000" not in page, "nothing of what it says"
        assert (
            desk.send(me.site, f"/desk/evidence/{open_one.material_id}/settle", decision="accept", why="x").status_code
            == 403
        )
        enter(desk, me.site, Role.REVIEWER, "rita")
        shown = desk.send(me.site, f"/desk/evidence/{open_one.material_id}/read")
        assert "29,000.00" in shown.text
        with me.site.pool.connection() as conn:
            assert customers.list_access(conn, me.name)[0].viewer == "rita"
        no = follow(desk, desk.send(me.site, f"/desk/evidence/{closed.material_id}/read"))
        assert "MATERIAL_PURPOSE" in no
        path = f"/desk/evidence/{closed.material_id}/settle"
        assert "Refused and deleted" in follow(desk, desk.send(me.site, path, decision="refuse", why="altered figures"))
        assert ceiling(me) == BASE_MINOR
        path = f"/desk/evidence/{open_one.material_id}/settle"
        done = follow(desk, desk.send(me.site, path, decision="accept", why="the employer confirmed it by phone"))
        assert "decided on again" in done
        assert "Nothing waits" in done
        assert ceiling(me) > BASE_MINOR
        assert "MATERIAL_SETTLED" in follow(desk, desk.send(me.site, path, decision="accept", why="again"))
