"""Faces on a page: said digits pass, others may be tried again, then a person looks; a device is bound, recognised, lost, bound anew."""

from __future__ import annotations

import base64
import datetime as dt
import re
from html import unescape

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import RECORDING_RULES, Field
from honghua.web.consumer.tests.test_joining import SUITED, agree, evidence, number_of
from honghua.web.consumer.tests.walking import House, Walk, hidden, walk
from honghua.web.signin import events
from honghua.web.signin.messages import list_messages

HERE, THERE = Ed25519PrivateKey.from_private_bytes(b"h" * 32), Ed25519PrivateKey.from_private_bytes(b"t" * 32)
CAMERA = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(2_000)
CARDS = iter(f"62220299{number:08d}" for number in range(100))
BIRTHS = iter(range(19600101, 19600129))


def key_of(device: Ed25519PrivateKey) -> str:
    return base64.b64encode(device.public_key().public_bytes_raw()).decode()


def sign(device: Ed25519PrivateKey, page: str) -> str:
    found = re.search(r'data-device-message="([^"]+)"', page)
    assert found is not None, "no challenge for a device on this page"
    return base64.b64encode(device.sign(base64.b64decode(unescape(found[1])))).decode()


def send_film(me: Walk, path: str, content: bytes, **fields: str) -> httpx.Response:
    page = me.get(path)
    data = {"csrf": me.browser.csrf(me.site), "version": hidden(page, "version"), **fields}
    return me.browser.post(path, data=data, files={"film": ("face.webm", content, "text/plain")})


def begin(me: Walk, aim: str) -> str:
    return me.send(f"/my/face/{aim}", agreed="yes").headers["location"]


def join(me: Walk, **more: str) -> dict[str, str]:
    """A proven identity of one's own, with a device where a key comes along."""
    own = evidence(number_of(f"110105{next(BIRTHS)}124"), next(CARDS))
    agree(me)
    me.film("joining")
    me.follow(me.send("/my/opening/identity", **own, **more))
    return own


def kinds_of(me: Walk) -> list[str]:
    with me.site.pool.connection() as conn:
        return [one.kind for one in events.list_events(conn, subject=me.name)]


def test_a_film_from_a_camera_and_what_is_none(house: House):
    with walk(house, has_account=False) as me:
        agree(me)
        start = me.get("/my/face/joining")
        assert "核验机构是假的" in start
        assert "checked" not in start, "nothing is ticked ahead"
        assert me.send("/my/face/joining").status_code == 422, "no yes, no digits"
        path = begin(me, "joining")
        page = me.browser.get(path)
        assert "camera=(self)" in page.headers["permissions-policy"]
        assert "camera=()" in me.browser.get("/my/opening").headers["permissions-policy"], "here and nowhere else"
        assert "只接受" in send_film(me, path, b"GIF89a" + bytes(500)).text
        assert "没有收到视频" in send_film(me, path, b"").text
        too_large = send_film(me, path, CAMERA + bytes(RECORDING_RULES.bytes_max))
        assert "视频太大" in too_large.text
        huge = send_film(me, path, CAMERA + bytes(RECORDING_RULES.bytes_max + 100_000))
        assert huge.status_code == 413, "not even read"
        passed = me.follow(send_film(me, path, CAMERA))
        assert "人脸核验已通过" in passed
        assert "请在十分钟内提交资料" in passed
        assert "已经用过" in me.follow(me.send(path, invented="right", version="1"))
        me.clock.advance(dt.timedelta(minutes=11))
        assert "先做人脸核验" in me.get("/my/opening"), "a film holds for ten minutes"
        late = begin(me, "joining")
        version = hidden(me.get(late), "version")
        me.clock.advance(dt.timedelta(seconds=61))
        assert "一分钟已过" in me.follow(me.send(late, invented="right", version=version))
        stale = begin(me, "joining")
        assert "授权说明已更新" in me.follow(me.send(stale, invented="right", version="99"))
        with me.site.pool.connection() as conn:
            kept = conn.execute("SELECT clip, said, is_fake FROM customers_recording").fetchall()
        assert [(said, is_fake) for _, said, is_fake in kept] == [("match", True)]
        assert "consumer." not in me.follow(me.browser.get("/preferences?language=en&back=/my/face/joining"))


def test_what_fails_three_times_goes_to_a_person(house: House):
    with walk(house, has_account=False) as me:
        agree(me)
        for _ in range(RECORDING_RULES.tries_max):
            assert "未通过" in me.film("joining", invented="wrong")
        over = me.get("/my/face/joining")
        assert "改由人工核对" in over
        assert "agreed" not in over
        again = me.follow(me.send("/my/face/joining", agreed="yes"))
        assert "改由人工核对" in again
        assert "由人工核对" in me.get("/my/opening")
        waits = me.follow(
            me.send("/my/opening/identity", **evidence(number_of(f"110105{next(BIRTHS)}124"), next(CARDS)))
        )
        assert "正在由人工处理" in waits
        with me.site.pool.connection() as conn:
            assert [row.outcome for row in journey.list_waiting(conn, limit=10)] == ["referred"]
            (proof,) = customers.list_proofs(conn, me.name)
        assert (proof.verdict, proof.reasons) == ("review", ["IDENTITY_UNANSWERED"])


def test_a_device_is_bound_at_joining_recognised_at_sign_in_and_lost(house: House):
    with walk(house, has_account=False) as me:
        assert "证明身份之后" in me.get("/my/device")
        own = join(me, device_key=key_of(HERE))
        assert "就是这台" in me.get("/my/device")
        me.follow(me.send("/my/opening/application", **SUITED))
        phone = sign_in_again(me)
        assert phone.startswith("/signin/device/")
        page = me.get(phone)
        assert (
            me.send(phone.split("?")[0], signature=sign(THERE, page), next="/my/device").headers["location"]
            == "/my/device"
        )
        assert "已绑定另一台" in me.get("/my/device")
        phone = sign_in_again(me)
        me.send(phone.split("?")[0], signature=sign(HERE, me.get(phone)), next="/my/device")
        assert "就是这台" in me.get("/my/device")
        assert kinds_of(me)[:3] == ["device_seen", "signed_in", "device_other"]
        assert "signin/prove" not in me.send("/my/device/lost").headers["location"], "signed in a moment ago"
        assert "没有绑定设备" in me.get("/my/device")
        assert "本人设备" not in me.get("/signin/devices").split("最近")[0]
        rebind(me, own)


def sign_in_again(me: Walk) -> str:
    """Sign in by phone from the beginning; where the browser is led."""
    me.browser.cookies.clear()
    me.browser.get("/signin")
    with me.site.pool.connection() as conn, conn.transaction():
        access = customers.Access("test", customers.Purpose.MESSAGE)
        found = customers.reveal(conn, me.site.vault, me.name, [Field.PHONE], access, now=me.clock.now())
    me.clock.advance(dt.timedelta(minutes=2))
    assert me.send("/signin", phone=found[Field.PHONE]).status_code == 303
    with me.site.pool.connection() as conn:
        newest = list_messages(conn, me.site.vault)[0]
    code = re.search(r"\d{6}", newest.text)
    assert code is not None
    answer = me.send("/signin/code", code=code[0])
    return answer.headers["location"]


def rebind(me: Walk, own: dict[str, str]) -> None:
    """After a loss: a new film, the same identity, and another device; nobody else's identity."""
    assert "绑定这台设备" in me.film("device")
    assert me.send("/my/device", **own).status_code == 422, "no key"
    other = me.send(
        "/my/device", **{**own, "national_id": number_of("110105197001011239"[:17])}, device_key=key_of(THERE)
    )
    assert "与已核实的身份不符" in other.text
    assert "设备已绑定" in me.follow(me.send("/my/device", **own, device_key=key_of(THERE)))
    assert "就是这台" in me.get("/my/device")
    path = begin(me, "device")
    page = me.get(path)
    assert "只有在那台设备上" in page
    refused = me.follow(me.send(path, invented="right", version="1", signature=sign(HERE, page)))
    assert "不是您绑定的设备" in refused, "the lost one answers no more"
    me.send("/signin/freeze")
    assert "没有绑定设备" in me.get("/my/device"), "freezing unbinds"


def test_there_is_nothing_to_film_for(me: Walk):
    for aim in ("nowhere", "waiting-0", "waiting-1", "waiting-999999999999999999999"):
        assert me.browser.get(f"/my/face/{aim}").status_code == 404, aim
    assert me.browser.get("/my/face/joining").headers["location"] == "/my/opening"
