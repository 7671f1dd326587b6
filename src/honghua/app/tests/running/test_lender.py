"""R-230: another lender is another file and another database. Its names, its terms; nothing of one in the other; bad files say where."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from honghua.app.lender import Lender, adopt, read_lender
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.commands import BuyNow, Instalments
from honghua.credit.journey.products import find_terms_of
from honghua.store.database import Database, connect, scratch_database
from honghua.store.settings import StoreSettings
from honghua.web.app import build_app
from honghua.web.ground import Brand
from honghua.web.tests.doors import Browser, make_site

EXAMPLE = Path(__file__).parents[5] / "examples" / "bank.toml"
NOON = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
DAY = NOON.date()
HEAD = '[lender]\nname = "银行"\nbrand = "茶花"\n'


def buy(conn: psycopg.Connection) -> tuple[int, c.ProductTerms]:
    """A purchase in three instalments: what its plan costs, and the terms that its account got."""
    registry = credit.open_registry(conn)
    credit.start_book(conn, day=DAY)
    opened, bought = credit.execute(
        conn,
        registry,
        [
            c.OpenAccount(key="o", customer="anna", limit_minor=400_000),
            BuyNow(
                key="b", customer="anna", order="1", merchant="m", category="books", amount_minor=100_000,
                instalments=Instalments(periods=3),
            ),
        ],
        now=NOON,
    )  # fmt: skip
    assert (opened["outcome"], bought["outcome"]) == ("done", "approved")
    return int(bought["fee_minor"]), registry.newest_terms


def test_a_file_says_the_lenders_names_and_what_its_terms_change():
    lender = read_lender(str(EXAMPLE))
    assert lender.brand == Brand("山茶花", "Camellia", "山城农村商业银行股份有限公司(示范)")
    ours, business = lender.terms
    assert (ours.name, ours.interest_ppm_day, ours.purchase_fee_ppm[3], ours.pairs) == (
        "camellia",
        400,
        15_000,
        ((5, 15), (10, 20)),
    )
    assert ours.minimum_share_ppm == c.ProductTerms().minimum_share_ppm, "what is not named is as shipped"
    assert (business.purpose, business.limit_minor_max) == (1, 30_000_000)
    assert read_lender("") == Lender()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lender", "Expected"),
        ("[terms.consumption]\nversion = 2\n", "needs name"),
        (HEAD + 'logo = "x"\n', "logo is not known"),
        (HEAD.replace("茶花", "茶\\n花"), "brand is 1 … 60 characters"),
        (HEAD + "[terms.loans]\n", "is no product"),
        (HEAD + "[terms.consumption]\nintrest = 4\n", "intrest is not known"),
        (HEAD + "[terms.consumption]\nprice_ppm = 4\n", "price_ppm is not known"),
        (HEAD + '[terms.consumption]\ninterest_ppm_day = "400"\n', "interest_ppm_day is a whole number"),
        (HEAD + "[terms.consumption]\ninterest_ppm_day = true\n", "interest_ppm_day is a whole number"),
        (HEAD + "[terms.consumption]\ninterest_ppm_day = -1\n", "must be 0 … 1,000,000 ppm"),
        (HEAD + "[terms.consumption]\npairs = [[1, 2, 3]]\n", "rows of 2 whole numbers"),
        (HEAD + "[terms.consumption]\npurchase_fee_ppm = {three = 3}\n", "periods and ppm"),
    ],
)
def test_a_bad_file_says_where_and_what(tmp_path: Path, text: str, said: str):
    path = tmp_path / "bank.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="lender's file") as refused:
        read_lender(str(path))
    assert said in str(refused.value)


def test_terms_are_adopted_once_and_never_changed_in_place(conn: psycopg.Connection):
    lender = read_lender(str(EXAMPLE))
    assert adopt(conn, lender) == ["camellia v1", "camellia-business v1"]
    assert adopt(conn, lender) == []
    registry = credit.open_registry(conn)
    assert registry.newest_terms == lender.terms[0]
    assert find_terms_of(registry, "business") == lender.terms[1]
    dearer = replace(lender.terms[0], interest_ppm_day=450)
    with pytest.raises(BadInput, match="new version"):
        adopt(conn, Lender(terms=(dearer,)))
    assert adopt(conn, Lender(terms=(replace(dearer, version=2),))) == ["camellia v2"]
    with pytest.raises(BadInput, match="a later version replaced it"):
        adopt(conn, lender)
    with pytest.raises(BadInput, match="this book in CNY"):
        adopt(conn, Lender(terms=(replace(dearer, version=3, currency="EUR"),)))


def test_two_lenders_live_on_one_program_and_know_nothing_of_each_other(
    database: Database, store_settings: StoreSettings
):
    bank = read_lender(str(EXAMPLE))
    with scratch_database(store_settings) as second:
        with connect(database) as ours, connect(second) as theirs:
            adopt(theirs, bank)
            here, there = buy(ours), buy(theirs)
            assert (here[0], there[0]) == (2_300, 1_500)
            assert (here[1].name, there[1].name) == ("huabei", "camellia")
        for book, brand, other in ((database, Brand(), "山茶花"), (second, bank.brand, "红花")):
            with make_site(book) as site, Browser(build_app(replace(site, brand=brand))) as browser:
                page = browser.get("/signin").text
            assert brand.zh in page
            assert brand.en in page
            assert other not in page
