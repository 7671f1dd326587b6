"""Which parts a sale moves: every cent counted with the right group, no bound ever grown beyond, each loan that stays with its reason."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.funding.core import FUNDING_RULES, OWN, FundingBase, Position
from honghua.funding.core.transferring import CONCENTRATION, JOINT, NOT_NAMED, OfferedLoan, Sale, SalePlan, plan_sale

GROUPS = {OWN: "", "p01": "g1", "p02": "g2", "p10": "g3", "p11": "g3"}
RULES = FUNDING_RULES[-1]
AMOUNT = st.integers(0, 1_000)


@st.composite
def books(draw: st.DrawFn) -> tuple[Sale, list[dict[str, int]], list[bool], FundingBase | None]:
    """A sale, loans as lender -> what it has out, who is named, and a base that is sometimes narrow or not there."""
    seller = draw(st.sampled_from(["p01", "p10"]))
    buyer = draw(st.sampled_from([name for name in GROUPS if name != seller]))
    others = st.dictionaries(st.sampled_from(["p01", "p02", "p10", "p11"]), AMOUNT, max_size=2)
    loans = [{OWN: draw(AMOUNT), **draw(others), seller: draw(AMOUNT)} for _ in range(draw(st.integers(1, 6)))]
    named = draw(st.lists(st.booleans(), min_size=len(loans), max_size=len(loans)))
    base = draw(
        st.none()
        | st.builds(
            FundingBase, on=st.just(RULES.effective_on), tier1_minor=st.integers(0, 20_000), loans_minor=st.integers(0, 12_000)
        )
    )  # fmt: skip
    price_ppm, is_exit = draw(st.integers(0, 2_000_000)), draw(st.booleans())
    sale = Sale(seller=seller, buyer=buyer, buyer_group=GROUPS[buyer], price_ppm=price_ppm, is_exit=is_exit)
    return sale, loans, named, base


def count(loans: list[dict[str, int]]) -> dict[str, int]:
    """group (JOINT too) -> our own part out of loans in which it has a part."""
    found = {JOINT: 0, "g1": 0, "g2": 0, "g3": 0}
    for loan in loans:
        groups = {GROUPS[name] for name in loan if GROUPS[name]}
        for group in groups and {JOINT, *groups}:
            found[group] += loan[OWN]
    return found


def offer(number: int, loan: dict[str, int], sale: Sale, *, is_named: bool) -> OfferedLoan:
    part = Position(lender=sale.seller, share_ppm=300_000, outstanding_minor=loan[sale.seller])
    holders = {name: GROUPS[name] for name in loan}
    return OfferedLoan(loan=f"L{number}", part=part, holders=holders, own_minor=loan[OWN], is_named=is_named)


def sell(
    sale: Sale, loans: list[dict[str, int]], named: list[bool], base: FundingBase | None, exposures: dict[str, int]
) -> SalePlan:
    offered = [offer(k, loan, sale, is_named=yes) for k, (loan, yes) in enumerate(zip(loans, named, strict=True))]
    return plan_sale(sale, offered, exposures=exposures, base=base, rules=RULES)


def allowed(group: str, base: FundingBase) -> int:
    share, whole = (
        (RULES.joint_max_ppm, base.loans_minor) if group == JOINT else (RULES.partner_max_ppm, base.tier1_minor)
    )
    return whole * share // 1_000_000


@settings(derandomize=True, max_examples=300, deadline=None)
@given(books())
def test_exposures_after_a_sale_are_those_counted_anew_and_no_bound_is_grown_beyond(
    book: tuple[Sale, list[dict[str, int]], list[bool], FundingBase | None],
) -> None:
    sale, loans, named, base = book
    before = count(loans)
    plan = sell(sale, loans, named, base, before)
    assert len(plan.sold) + len(plan.kept) == len(loans)
    gone = {one.loan for one in plan.sold}
    after = []
    for k, loan in enumerate(loans):
        held = dict(loan)
        if f"L{k}" in gone:
            held[sale.buyer] = held.get(sale.buyer, 0) + held.pop(sale.seller)
        after.append(held)
    assert sum(map(sum, (one.values() for one in after))) == sum(map(sum, (one.values() for one in loans)))
    anew = count(after)
    assert {group: anew[group] - before[group] for group in anew if anew[group] != before[group]} == dict(plan.grown)
    comes_back = sale.buyer == OWN and sale.is_exit
    assert comes_back or not plan.over
    assert not (comes_back and plan.kept), "nobody is held in loans that it may leave"
    for group, minor in anew.items():
        if minor > before[group] and (base is None or minor > allowed(group, base)):
            assert plan.over, "a bound that is passed is told"
    assert {one.loan for one in plan.over} <= gone
    for one in plan.kept:
        assert one.why
        assert (one.why == NOT_NAMED) == (sale.buyer != OWN and not named[int(one.loan[1:])])
    for sold in plan.sold:
        exact = sold.part.outstanding_minor * sale.price_ppm / 1_000_000
        assert abs(sold.price_minor - exact) <= 0.5


def test_a_buy_back_ends_a_joint_loan_and_needs_no_capital() -> None:
    sale = Sale(seller="p01", buyer=OWN, buyer_group="", price_ppm=1_000_000)
    plan = sell(sale, [{OWN: 350, "p01": 650}], [False], None, {"g1": 350, JOINT: 350})
    assert [one.price_minor for one in plan.sold] == [650]
    assert plan.grown == {"g1": -350, JOINT: -350}


def test_a_leaving_partner_is_bought_out_over_the_bounds_and_a_staying_one_is_not() -> None:
    """Two partners in one loan: without the first, our larger part counts with the second."""
    loan, tight = (
        {OWN: 400, "p01": 350, "p02": 250},
        FundingBase(on=RULES.effective_on, tier1_minor=2_000, loans_minor=10_000),
    )
    stays = Sale(seller="p01", buyer=OWN, buyer_group="", price_ppm=1_000_000)
    before = {"g1": 400, "g2": 400, JOINT: 400}
    kept = sell(stays, [loan], [True], tight, before)
    assert [one.why for one in kept.kept] == [CONCENTRATION]
    leaves = replace(stays, is_exit=True)
    plan = sell(leaves, [loan], [True], tight, before)
    assert ([one.loan for one in plan.sold], [one.why for one in plan.over]) == (["L0"], [CONCENTRATION])
    assert plan.grown == {"g1": -400, "g2": 350, JOINT: 350}
    other = replace(leaves, buyer="p02", buyer_group="g2")
    named = sell(other, [loan], [True], replace(tight, tier1_minor=1_000), {**before, "g2": 400})
    assert not named.over, "only we may take parts back over a bound"
