"""Tables as files: what opens them must not run them."""

from decimal import Decimal

import pytest

from honghua.web.ui.files import csv_file


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_looks_like_a_formula_stays_a_text(text):
    answer = csv_file("table.csv", [[text, Decimal("-12.00"), -7, "order 7"]])
    line = bytes(answer.body).decode("utf-8-sig")
    assert "'" + text in line
    assert line.rstrip().endswith(",-12.00,-7,order 7")


def test_nobody_keeps_a_copy_and_the_file_has_its_name():
    answer = csv_file("table.csv", [["合计"]])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="table.csv"'
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
