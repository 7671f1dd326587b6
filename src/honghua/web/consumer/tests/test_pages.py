"""Customers' pages are drawn in both languages, with nothing, with a lot, and for nobody else."""

from __future__ import annotations

import pytest

from honghua.web.consumer.rights import OWN
from honghua.web.consumer.tests.walking import walk
from honghua.web.tests.doors import buy

PAGES = (
    "/my", "/my/limit", "/my/bills", "/my/repay", "/my/sources", "/my/split", "/my/plans", "/my/days", "/my/purchases", "/my/code",
    "/shop", "/my/settings", "/my/consents", "/my/data", "/my/help", "/my/profile",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_drawn(house, language):
    with walk(house) as me:
        me.browser.get(f"/preferences?language={language}&large=1")
        for path in PAGES:
            page = me.get(path)
            assert ('lang="en" class="large"' in page) == (language == "en")
        buy(me.site, me.name, [128_00, 99_90])
        for path in ("/my", "/my/purchases"):
            assert "书店" in me.get(path)


def test_strangers_see_the_landing_page_and_are_asked_to_sign_in(house):
    with walk(house) as me:
        me.browser.cookies.clear()
        assert me.browser.get("/", headers={"accept-language": "en"}).status_code == 200
        for path in PAGES:
            if path != "/shop":
                assert me.browser.get(path).headers["location"].startswith("/signin")
    assert len(OWN) == len(set(OWN))
