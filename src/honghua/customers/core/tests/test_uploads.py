"""Files that are not taken: too large, of another kind, broken, packed away, or with something in them that acts."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from honghua.customers.core import DocumentKind, UploadRules, check_upload

PDF = b"%%PDF-1.7\n1 0 obj\n<</Type/Catalog%s>>\nendobj\n%s\ntrailer<</Root 1 0 R>>\n%%%%EOF\n"


def make_picture(form: str, size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, form)
    return out.getvalue()


def make_pdf(more: bytes = b"", objects: bytes = b"") -> bytes:
    return PDF % (more, objects)


def packed(inside: bytes, head: bytes = b"", *, level: int = 9) -> bytes:
    body = zlib.compress(inside, level)
    return b"5 0 obj\n<</Type /ObjStm%s/N 1/First 4/Length %d/Filter/FlateDecode>>\nstream\r\n%s\nendstream\nendobj" % (
        head, len(body), body,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (make_pdf(), DocumentKind.PDF),
        (make_pdf(objects=packed(b"6 0 <</Type/Page/Annots[]>>")), DocumentKind.PDF),
        (make_pdf(b"/Annots[<</A<</S/URI/URI(https://bank.example)>>>>]"), DocumentKind.PDF),
        (make_picture("PNG"), DocumentKind.PNG),
        (make_picture("JPEG"), DocumentKind.JPEG),
        (b"", "UPLOAD_EMPTY"),
        (b"<svg onload=alert(1)>" * 10, "UPLOAD_KIND"),
        (b"GIF89a" + b"\0" * 100, "UPLOAD_KIND"),
        (b"MZ" + make_pdf(), "UPLOAD_KIND"),
        (make_pdf()[:-7], "UPLOAD_BROKEN"),
        (make_pdf(b"/OpenAction 2 0 R"), "UPLOAD_ACTIVE"),
        (make_pdf(b"/AA<</O 3 0 R>>"), "UPLOAD_ACTIVE"),
        (make_pdf(b"/Names<</JavaScript 4 0 R>>"), "UPLOAD_ACTIVE"),
        (make_pdf(b"/A<</S/J#61vaScript/#4aS(app.alert(1))>>"), "UPLOAD_ACTIVE"),
        (make_pdf(b"/A<</S/Launch/F(cmd.exe)>>"), "UPLOAD_ACTIVE"),
        (make_pdf(objects=packed(b"6 0 <</S/JavaScript/JS(x)>>")), "UPLOAD_ACTIVE"),
        (make_pdf(objects=b"% stream\n2 0 obj<</S/JavaScript>>endobj\n% endstream"), "UPLOAD_ACTIVE"),
        (make_pdf(objects=packed(b"6 0 <<>>", b"/DecodeParms<</Predictor 12>>")), "UPLOAD_BROKEN"),
        (make_pdf(objects=packed(b"6 0 <<>>").replace(b"/ObjStm", b"/Obj#53tm")), "UPLOAD_BROKEN"),
        (make_pdf(objects=packed(b"6 0 <<>>").replace(b"\x78\xda", b"\x00\x00")), "UPLOAD_BROKEN"),
        (make_pdf(b"/Encrypt 9 0 R"), "UPLOAD_ENCRYPTED"),
        (make_picture("PNG") + b"%PDF-1.7 tail", "UPLOAD_BROKEN"),
        (make_picture("PNG")[:-1] + b"\0", "UPLOAD_BROKEN"),
        (make_picture("JPEG") + b"<script>", "UPLOAD_BROKEN"),
        (b"\xff\xd8\xff\xd9" + b"\0" * 80 + b"\xff\xd9", "UPLOAD_BROKEN"),
    ],
)
def test_what_is_taken(content, said):
    assert check_upload(content) == said


def test_bounds_of_bytes_pixels_and_of_what_is_packed():
    rules = UploadRules(bytes_max=5_000, pixels_max=1_000, unpacked_max=2_000)
    assert check_upload(make_picture("PNG", (40, 25)), rules=rules) is DocumentKind.PNG
    assert check_upload(make_picture("PNG", (40, 26)), rules=rules) == "UPLOAD_PIXELS"
    assert check_upload(make_picture("JPEG", (40, 26)), rules=rules) == "UPLOAD_PIXELS"
    assert check_upload(make_pdf(objects=packed(b"6 0 <<>>" + b" " * 1_900)), rules=rules) is DocumentKind.PDF
    assert check_upload(make_pdf(objects=packed(b"6 0 <<>>" + b" " * 2_000)), rules=rules) == "UPLOAD_BROKEN"
    assert check_upload(make_pdf(objects=packed(b" " * 1_500) * 2), rules=rules) == "UPLOAD_BROKEN", "in all"
    assert check_upload(make_pdf() + b" " * 5_000, rules=rules) == "UPLOAD_TOO_LARGE"


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.data())
def test_no_bytes_break_the_check(data):
    whole = data.draw(
        st.sampled_from([make_pdf(objects=packed(b"6 0 <<>>")), make_picture("PNG"), make_picture("JPEG")])
    )
    at, tail = data.draw(st.integers(0, len(whole))), data.draw(st.binary(max_size=200))
    said = check_upload(whole[:at] + tail)
    assert isinstance(said, str)
