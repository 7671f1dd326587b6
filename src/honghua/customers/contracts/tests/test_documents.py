"""Contracts: the same text is the same bytes, nothing is signed unread, nothing changed verifies."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from honghua.base.errors import BadInput, Conflict, IntegrityBroken
from honghua.customers import api as customers
from honghua.customers.contracts import pdf, signing
from honghua.customers.core import ContractText, CostRow
from honghua.customers.jobs import rotate_keys
from honghua.customers.persons import Access, Purpose
from honghua.store.database import connect, run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(seconds=10)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
ROW = CostRow(name="分期利息", collection="随本金收取", annual_percent="15.86%", collector="贷款人", payer="借款人")
TEXT = ContractText(
    number="HH-1", title="消费信贷合同", lender="贷款人", customer="anna", name="安*", principal="5,000.00 CNY",
    annual_percent="15.86%", costs=(ROW, replace(ROW, name="逾期罚息", is_contingent=True)), nothing_else="别无费用",
    clauses=(("一、用途", "只能购物 <不得取现> & 转账"),), consents=("risk_warning 第 1 版",), made_on="2026-03-01",
)  # fmt: skip
OWN = Access("anna", Purpose.OWN_REQUEST)


def test_a_contract_without_the_tables_parts_is_not_shown():
    assert TEXT.find_gaps() == ()
    assert replace(TEXT, costs=(ROW,)).find_gaps() == ("contingent",)
    assert replace(TEXT, nothing_else="", annual_percent="").find_gaps() == ("annual_percent", "nothing_else")


def test_the_same_text_is_the_same_bytes_and_its_words_are_in_it():
    drawn = pdf.draw_contract(TEXT)
    assert drawn == pdf.draw_contract(TEXT)
    assert (
        hashlib.sha256(pdf.draw_contract(replace(TEXT, made_on="2026-03-02"))).digest()
        != hashlib.sha256(drawn).digest()
    )
    assert drawn.startswith(b"%PDF-")


def test_a_contracts_shapes_are_in_it_and_no_name_is_a_blank_box():
    """What is signed is what is seen: readers without Chinese fonts show it, too; a glyph that the font lacks is told as its code point."""
    reader = PdfFileReader(io.BytesIO(pdf.draw_contract(TEXT)))
    page = reader.root["/Pages"]["/Kids"][0]
    named = page["/Resources"]["/Font"]
    fonts = [
        named[name] for name in named if named[name]["/BaseFont"] != "/Helvetica"
    ]  # which its canvas names and no word uses
    assert fonts
    assert all("NotoSansSC" in font["/BaseFont"] and "/FontFile2" in font["/FontDescriptor"] for font in fonts)
    assert pdf.spell_out("王𠮷喆 & <b>") == "王[U+20BB7]喆 &amp; &lt;b&gt;"


@pytest.fixture
def shown(conn: psycopg.Connection) -> customers.DocumentRow:
    def work(c: psycopg.Connection) -> customers.DocumentRow:
        customers.register(c, VAULT, "13800138000", now=NOW, customer="anna")
        return customers.show_contract(c, VAULT, TEXT, key="c1", now=NOW)

    return run_unit(conn, work)


def sign(conn: psycopg.Connection, digest: bytes, *, read_ms: int = 10_000, now: dt.datetime = LATER):
    return run_unit(
        conn, lambda c: customers.sign_contract(c, VAULT, "c1", shown_digest=digest, read_ms=read_ms, now=now)
    )


def test_nothing_is_signed_unread_or_unlike_what_was_shown(conn, shown):
    for problem, digest, read_ms, now in (
        ("CONTRACT_UNREAD", shown.shown_digest, 9_999, LATER),
        ("CONTRACT_UNREAD", shown.shown_digest, 99_999, LATER - dt.timedelta(milliseconds=1)),
        ("CONTRACT_OTHER", b"x" * 32, 99_999, LATER),
    ):
        with pytest.raises(BadInput) as refused:
            sign(conn, digest, read_ms=read_ms, now=now)
        assert refused.value.code == problem
    assert not customers.check_contract(conn, VAULT, "c1", now=LATER).is_signed
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: customers.show_contract(c, VAULT, replace(TEXT, title="other"), key="c1", now=NOW))


def test_a_signed_contract_verifies_until_a_byte_of_it_changes(conn, owner_conn, shown):
    first = sign(conn, shown.shown_digest)
    assert sign(conn, shown.shown_digest, now=LATER + dt.timedelta(days=1)).signed_sha256 == first.signed_sha256
    checked = customers.check_contract(conn, VAULT, "c1", now=LATER)
    assert (checked.problems, checked.is_signed, checked.is_own_made) == ((), True, True)
    got = run_unit(conn, lambda c: customers.download_contract(c, VAULT, "c1", OWN, now=LATER))
    assert hashlib.sha256(got).digest() == first.signed_sha256
    seal = signing.read_signature(got, at=LATER)
    assert seal is not None
    assert signing.OWN_MADE.encode() in seal.certificate, "the seal says that no authority vouches for it"
    assert [row.fields for row in customers.list_access(conn, "anna")] == [["contract"]]
    assert rotate_keys(conn, customers.Vault({1: b"f" * 32, 2: b"g" * 32}, b"i" * 32)) == 1
    newer = customers.Vault({1: b"f" * 32, 2: b"g" * 32}, b"i" * 32)
    assert customers.check_contract(conn, newer, "c1", now=LATER).problems == ()
    owner_conn.execute("UPDATE customers_signature SET signed_sha256 = sha256('other')")
    assert customers.check_contract(conn, newer, "c1", now=LATER).problems == ("SIGNED_HASH",)
    with pytest.raises(IntegrityBroken):
        run_unit(conn, lambda c: customers.download_contract(c, newer, "c1", OWN, now=LATER))


def test_of_two_who_sign_at_once_one_wins_and_both_are_told_which(conn, database, shown):
    start = Barrier(2)

    def take(read_ms: int) -> tuple[int, bytes]:
        with connect(database) as own:
            start.wait()
            row = sign(own, shown.shown_digest, read_ms=read_ms)
            return row.read_ms, row.signed_sha256

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(take, (10_000, 10_001)))
    assert told[0] == told[1], "each is told of the signature that stands"
    kept = conn.execute("SELECT read_ms, signed_sha256 FROM customers_signature").fetchall()
    assert [(read_ms, bytes(sha)) for read_ms, sha in kept] == [told[0]]
    assert customers.check_contract(conn, VAULT, "c1", now=LATER).problems == ()


def test_a_changed_or_grown_pdf_has_no_whole_signature():
    master, plain = b"m" * 32, pdf.draw_contract(TEXT)
    certificate = signing.make_certificate(master, now=NOW)
    good = signing.sign_pdf(plain, master, certificate, reason="agreed")
    found = signing.read_signature(good, at=LATER)
    assert found is not None
    assert found.is_intact
    assert found.covers_all
    assert found.certificate == certificate
    changed = signing.read_signature(good[:900] + bytes([good[900] ^ 1]) + good[901:], at=LATER)
    assert changed is not None
    assert not changed.is_intact
    grown = signing.read_signature(good + b"\n% more", at=LATER)
    assert grown is not None
    assert not grown.covers_all
    assert signing.read_signature(plain, at=LATER) is None
    assert signing.is_of_key(certificate, master)
    assert not signing.is_of_key(certificate, b"n" * 32)


def test_who_was_erased_has_no_contract_to_read(conn, shown):
    sign(conn, shown.shown_digest)
    run_unit(conn, lambda c: customers.erase_person(c, "anna", last_dealt_on=None, now=LATER))
    with pytest.raises(Conflict):
        customers.check_contract(conn, VAULT, "c1", now=LATER)
