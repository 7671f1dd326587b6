"""The face service over HTTP: as its port says, silent where it is silent, unbelieved where it does not sign; wired by the settings."""

from __future__ import annotations

import hashlib

import pytest

from honghua.app.doors.joining import films_faces, make_face
from honghua.app.doors.outside.faces import HttpFaceService
from honghua.app.doors.outside.tests.test_outside import SECRET, make_fake, speak
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import TimedOut, WorldFailed
from honghua.customers.core import FilmKind, Said
from honghua.customers.facing.api import FakeFaceService, Film, invent_film


def film(digits: str, *, said: str = "", number: int = 7) -> Film:
    content = invent_film(number, said or digits)
    return Film(
        request_id=f"challenge:{number}", clip=hashlib.sha256(content).hexdigest(), digits=digits, kind=FilmKind.WEBM, content=content,
        seconds=2.0,
    )  # fmt: skip


def test_films_are_looked_at_over_the_line():
    fake = make_fake()
    fake.secrets["faces"] = SECRET
    service = HttpFaceService(speak(fake, name="Face Ltd"))
    assert (service.name, service.is_fake) == ("Face Ltd", False)
    passed = service.look(film("123456"))
    assert (passed.said, passed.score_ppm) == (Said.MATCH, 980_000)
    assert service.look(film("123456", said="654321")) == passed, "the first answer under an id stays"
    assert service.look(film("123456", said="654321", number=8)).said is Said.MISMATCH
    fake.faces = FakeFaceService(1, faults={"timeout_before": 1.0})
    with pytest.raises(TimedOut):
        service.look(film("123456", number=9))
    with pytest.raises(WorldFailed, match="not believed"):
        HttpFaceService(speak(fake, secret="o" * 40)).look(film("123456"))


def test_who_looks_at_faces_is_the_settings_word():
    clock = SystemClock()
    line = {"HONGHUA_FACES_URL": "https://faces.example", "HONGHUA_FACES_SECRET": SECRET}
    own = {"HONGHUA_IDENTITY_URL": "https://id.example", "HONGHUA_IDENTITY_SECRET": SECRET}
    cases: tuple[tuple[dict[str, str], bool, bool | None], ...] = (
        (line, False, False),
        ({**line, **own}, True, False),
        (own, True, None),
        ({}, True, True),
        ({}, False, None),
    )
    for told, is_demo, is_fake in cases:
        settings = load_settings(environment={"HONGHUA_STATE_DIR": "/tmp/x", **told})
        face = make_face(settings, is_demo=is_demo, clock=clock)
        assert (None if face is None else face.is_fake) == is_fake
        assert films_faces(settings, is_demo=is_demo) == (face is not None)
