"""What all pages share: files under hashed names, the two switches, notices that nobody can forge."""

from __future__ import annotations

import pytest

from honghua.base.errors import NotFound
from honghua.web.refusing import safe_next
from honghua.web.ui.assets import BROWSER, load_assets
from honghua.web.ui.notices import Notice, open_notice, seal_notice

KEY = b"k" * 32


def test_every_file_has_a_name_of_its_content():
    assets = load_assets()
    assert {"honghua.css", "comfort.js", "flower.svg", *BROWSER} <= set(assets.by_name)
    for name, asset in assets.by_name.items():
        assert assets.by_hashed_name[asset.hashed_name] is asset
        assert asset.hashed_name != name
    with pytest.raises(NotFound, match="make setup"):
        type(assets)({}, {}).get("htmx.js")


def test_style_and_script_keep_the_content_security_policy():
    assets = load_assets()
    assert b"@import" not in assets.get("honghua.css").content
    assert b"http" not in assets.get("honghua.css").content
    for word in (b"eval(", b"innerHTML", b".style"):
        assert word not in assets.get("comfort.js").content


@pytest.mark.parametrize(
    ("asked", "went"),
    [
        ("/my/bills?before=3", "/my/bills?before=3"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/"),
        ("", "/"), ("/x\n/y", "/"), ("my", "/"),
    ],
)  # fmt: skip
def test_the_way_back_stays_here(asked, went):
    assert safe_next(asked) == went


def test_a_notice_is_read_by_who_sealed_it_only():
    notice = Notice(key="consumer.repaid", values={"amount": "¥1.00"})
    sealed = seal_notice(KEY, notice)
    assert open_notice(KEY, sealed) == notice
    assert open_notice(b"o" * 32, sealed) is None
    for forged in ("", "x", sealed[:-3], sealed[:20] + "A" + sealed[21:], "é", "=" * 50):
        assert open_notice(KEY, forged) is None
