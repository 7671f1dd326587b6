from __future__ import annotations

import importlib.util
import io
import subprocess
import sys

import pytest

from honghua.base.errors import NotFound
from honghua.ledger.api import open_owners, post_entries
from honghua.ledger.beancount import write_beancount
from honghua.ledger.core import OwnerKind
from honghua.ledger.core.chart import TITLES
from honghua.ledger.tests.book import C, batch_of, entry, open_accounts, post, small_book

NAMES = {2: "limit changed", 5: 'bought "things" \\ here\nand there', 8: "repaid"}


def export(conn, **more) -> tuple[int, str]:
    out = io.StringIO()
    with conn.transaction():
        count = write_beancount(conn, out, kind_names=NAMES, **more)
    return count, out.getvalue()


@pytest.fixture
def bean_check(tmp_path):
    """What bean-check says about a file: its complaints, empty when it accepts."""
    if importlib.util.find_spec("beancount") is None:
        pytest.skip("beancount is not installed: pip install -e .[dev]")

    def check(text: str) -> str:
        file = tmp_path / "book.beancount"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert bool(done.returncode) == bool(done.stderr.strip()), done
        return done.stderr

    return check


def test_the_whole_book_is_accepted(conn, bean_check):
    (anna, _), shop, ids = small_book(conn)
    count, text = export(conn)
    assert count == len(ids)
    assert bean_check(text) == ""
    assert f'2026-05-27 open Assets:Credit:PrincipalUnbilled:O{anna} CNY\n  ref: "anna"' in text
    assert f"2026-06-01 balance Liabilities:MerchantPayable:O{shop} -124.49 CNY" in text
    assert text.count(" open ") == 3 + 3 + 1 + 1 + 2  # available, granted, used; principal of two; clearing; payable


def test_every_component_is_an_account_of_beancount(conn, bean_check):
    anna = open_accounts(conn)[0]
    for title in TITLES:
        if title.component in (C.BANK_CLEARING, C.LIMIT_GRANTED, C.CHARGE_OFF_MEMO):
            continue
        partner = C.BANK_CLEARING
        if title.component.name.startswith("LIMIT"):
            partner = C.LIMIT_GRANTED if title.side > 0 else C.LIMIT_USED
        if title.component is C.CHARGE_OFF_CONTRA:
            partner = C.CHARGE_OFF_MEMO
        post(conn, entry(anna, {title.component: 7 * title.side, partner: -7 * title.side}))
    _, text = export(conn)
    assert bean_check(text) == ""
    used = {line.split()[2].rsplit(":", 1)[0] for line in text.splitlines() if " open " in line}
    assert used == {title.beancount for title in TITLES}


def test_one_owner(conn, bean_check):
    (anna, bo), shop, _ = small_book(conn)
    count, text = export(conn, owner_id=anna)
    assert count == 4
    assert bean_check(text) == ""
    assert f":O{bo} " not in text
    assert f"balance Liabilities:MerchantPayable:O{shop}" not in text  # not all of the shop's entries are here
    count, text = export(conn, owner_id=shop)
    assert count == 3
    assert bean_check(text) == ""
    assert f"balance Liabilities:MerchantPayable:O{shop} -124.49 CNY" in text
    with pytest.raises(NotFound):
        export(conn, owner_id=shop + 1)


def test_digits_follow_the_currency(conn, bean_check):
    small_book(conn)
    for currency, printed in (("JPY", "12345 JPY"), ("KWD", "12.345 KWD")):
        owner = int(open_owners(conn, kind=OwnerKind.PLATFORM, refs=[currency], currency=currency)[0])
        with conn.transaction():
            post_entries(conn, batch_of(entry(owner, {C.FEE: 12345, C.FEE_INCOME: -12345}), currency=currency))
        assert printed in export(conn)[1]
    assert bean_check(export(conn)[1]) == ""


def test_an_empty_book(conn, bean_check):
    assert export(conn)[0] == 0
    assert bean_check(export(conn)[1]) == ""


def test_bean_check_would_notice(conn, owner_conn, bean_check):
    """A balance that is off by the smallest unit, and an entry that is: the oracle has teeth."""
    (anna, _), _, _ = small_book(conn)
    _, good = export(conn)
    assert "does not balance" in bean_check(good.replace(" -123.45 CNY", " -123.46 CNY", 1))
    owner_conn.execute("UPDATE ledger_balance SET bank_clearing = bank_clearing + 1 WHERE owner_id = %s", [anna])
    assert "Balance failed" in bean_check(export(conn)[1])
