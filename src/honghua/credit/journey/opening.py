"""Steps 1 … 5: an offer, the proof of identity, the application, the approval, the contract with its account.

conn is outside a transaction in all of them: whoever asks an identity service or the books must not hold locks meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.money import format_minor
from honghua.base.rates import PERCENT_PPM, to_decimal
from honghua.credit import store as books_store
from honghua.credit.core.commands import OpenAccount
from honghua.credit.core.finance.quote import CostItem, overdue_item, quote_plan
from honghua.credit.core.journey import Step
from honghua.credit.core.layout import PLAN_PURCHASE
from honghua.credit.core.lines.purposes import Purpose
from honghua.credit.core.terms import ProductTerms, price_terms
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment
from honghua.credit.journey.hooks.opening import ApplicationHook, ApprovalHook, ContractHook, OfferHook, ProofHook
from honghua.credit.journey.products import find_terms_of
from honghua.credit.journey.screening.looking import Observed, note_session
from honghua.credit.journey.setting import JourneySite
from honghua.credit.journey.store import SYSTEM
from honghua.credit.journey.taking import Taken, Taking, get_contract, read_state, take_step
from honghua.customers import api as customers
from honghua.customers.core import ContractText, CostRow
from honghua.funding import api as funding
from honghua.store.database import run_unit

SHOWN_PRINCIPAL_MINOR: Final = 100_000  # the plan fees of the contract are shown on 1,000.00
NORMAL: Final = "到期日前全额还款: 0.00%; 分期: 见上表各期数"
TITLES: Final = {
    Purpose.CONSUMPTION: "消费信贷合同(先消费,后还款)",
    Purpose.BUSINESS: "小微企业主经营信贷合同(先采购,后还款)",
}
USES: Final = {
    Purpose.CONSUMPTION: "额度只能用于购买商品和服务,不得取现、转账、还贷或投资。每笔支用对应真实订单,款项付给商户(受托支付)。",
    Purpose.BUSINESS: "额度只能用于本人所经营业务的采购和费用,不得用于个人消费,不得取现、转账、还贷或投资,不得在本人店铺使用;"
    "与消费额度相互独立,互不占用、互不偿还。每笔支用对应真实订单,款项付给供货商(受托支付)。",
}
PRICED: Final = "到期日前全额还款: 0.00%; 分期与最低还款后的利息: 不高于本合同批准价格 {percent}% (年化, 复利口径)"


def offer_credit(
    conn: psycopg.Connection, site: JourneySite, contract_id: int, offer: customers.Offer, *, now: dt.datetime
) -> Taken:
    """Step 1: tell somebody of credit, if they agreed to be told and it suits them."""
    taking = Taking(contract_id=contract_id, step=Step.MARKETING, key=f"{offer.key}:offered")

    def deed() -> Done:
        made = run_unit(
            conn, lambda c: customers.make_offer(c, site.vault, get_contract(c, contract_id).customer, offer, now=now)
        )
        if not made.is_made:
            return Done(refusal=made.reasons[0])
        return Done(decided={"offer": made.name, "channel": made.channel})

    return take_step(conn, OfferHook(site), taking, deed, now=now, business_on=_today(conn))


def prove_identity(
    conn: psycopg.Connection, site: JourneySite, taking: Taking, evidence: customers.Evidence, *, now: dt.datetime
) -> Taken:
    """Step 2. taking.asked["proof"]: the key of the proofing, the same for a person's verdict on it (`customers.settle_proof`)."""
    customer = get_contract(conn, taking.contract_id).customer

    def deed() -> Done:
        proof = customers.prove_identity(
            conn, site.identity, customer, evidence, key=str(taking.asked["proof"]), now=now
        )
        return Done(decided={"proof": proof.key, "verdict": proof.verdict, "is_fake": proof.is_fake})

    return take_step(conn, ProofHook(site), taking, deed, now=now, business_on=_today(conn))


def apply_for_credit(
    conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime, observed: Observed | None = None
) -> Taken:
    """Step 3. taking.asked: what is wished for (asked_minor), and what the approver needs beside it, nothing personal in it.

    observed: what the door saw of how it was applied; without one, what the proof of identity left is compared alone.
    """
    customer = get_contract(conn, taking.contract_id).customer
    asked_minor = int(taking.asked.get("asked_minor") or 0)

    def note(c: psycopg.Connection) -> None:
        contract = get_contract(c, taking.contract_id)
        note_session(c, site.vault, contract, observed or Observed(), asked_minor=asked_minor, now=now)

    run_unit(conn, note)

    def deed() -> Done:
        given = customers.list_given_at(conn, customer, now)
        return Done(
            decided={
                "asked_minor": taking.asked.get("asked_minor"),
                "consents": {kind: row.version for kind, row in sorted(given.items())},
            }
        )

    return take_step(conn, ApplicationHook(site), taking, deed, now=now, business_on=_today(conn))


def approve(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 4: willingness, ability, price and limit by the site's approver."""
    business_on = _today(conn)

    def deed() -> Done:
        contract = get_contract(conn, taking.contract_id)
        _, rows = read_state(conn, taking.contract_id)
        moment = Moment(
            contract=contract, step=Step.APPROVAL, subject="", asked=_asked_before(rows, taking), rows=rows, now=now,
            business_on=business_on, decided_by=taking.decided_by,
        )  # fmt: skip
        said = site.approver.approve(conn, moment, key=f"contract:{contract.contract_id}:approval:{taking.key}")
        decided = {
            "approval_outcome": said.outcome, "limit_minor": said.limit_minor, "price_ppm": said.price_ppm,
            "reference": said.reference, "figures": dict(said.figures),
        }  # fmt: skip
        if said.outcome == "refused":
            return Done(decided=decided, refusal=said.code or "APPROVAL_REFUSED")
        if said.outcome == "review" and taking.decided_by == SYSTEM:
            return Done(decided=decided, referral=said.code or "APPROVAL_REVIEW")
        return Done(decided={**decided, "terms": _settle_terms(conn, site, contract.product, said.price_ppm)})

    return take_step(conn, ApprovalHook(site), taking, deed, now=now, business_on=business_on)


def _settle_terms(conn: psycopg.Connection, site: JourneySite, product: str, price_ppm: int) -> str:
    """The terms that the contract will have, by name: the product's newest at the approved price. From here on they do not move."""
    terms = price_terms(find_terms_of(site.registry, product), price_ppm)

    def work(c: psycopg.Connection) -> str:
        if terms.price_ppm or terms.purpose:  # the shipped product comes into the book with its first contract
            books_store.save_terms(c, terms, msgspec.json.encode(terms.body()).decode())
        return terms.name

    return run_unit(conn, work)


def show_contract(
    conn: psycopg.Connection, site: JourneySite, contract_id: int, *, read_seconds: int, now: dt.datetime
) -> customers.DocumentRow:
    """Put the contract before the customer's eyes: drawn, sealed, its clock started. NotFound or Conflict as `customers.show_contract`."""

    def work(c: psycopg.Connection) -> customers.DocumentRow:
        text = write_contract(c, site, contract_id)
        key, line = document_key(contract_id), get_contract(c, contract_id).line
        funding.name_in_contract(c, document=key, customer=line, channel=site.find_channel(line, _today(c)), now=now)
        return customers.show_contract(c, site.vault, text, key=key, now=now, read_seconds=read_seconds)

    return run_unit(conn, work)


def sign_contract(
    conn: psycopg.Connection, site: JourneySite, taking: Taking, *, shown_digest: bytes, read_ms: int, now: dt.datetime
) -> Taken:
    """Step 5: seal the signature, then open the account with the approved limit at the approved price.

    BadInput as `customers.sign_contract`. A price above the cap of this day is not signed: the step is refused.
    """
    key, business_on = document_key(taking.contract_id), _today(conn)
    contract = get_contract(conn, taking.contract_id)
    approved = _passed(conn, taking.contract_id, Step.APPROVAL) or {}
    price_ppm, cap_ppm = int(approved.get("price_ppm", 0)), site.approver.price_cap_ppm(conn, business_on)
    if cap_ppm is None or price_ppm <= cap_ppm:

        def sign(c: psycopg.Connection) -> None:
            customers.sign_contract(c, site.vault, key, shown_digest=shown_digest, read_ms=read_ms, now=now)
            funding.sign_named(c, key, now=now)

        run_unit(conn, sign)
    taking = Taking(
        contract_id=taking.contract_id, step=Step.CONTRACT, key=taking.key, decided_by=taking.decided_by,
        asked={**taking.asked, "document": key, "price_ppm": price_ppm, "cap_ppm": cap_ppm},
    )  # fmt: skip

    def deed() -> Done:
        given = customers.list_given_at(conn, contract.customer, now)
        consents = {kind: {"version": row.version, "read_ms": row.read_ms} for kind, row in sorted(given.items())}
        limit_minor = int(approved.get("limit_minor", 0))
        command = OpenAccount(
            key=f"contract:{contract.contract_id}:open", customer=contract.line, limit_minor=limit_minor,
            terms=approved.get("terms"),
        )  # fmt: skip
        answer = site.books.submit(command)
        if answer["outcome"] == "refused":
            return Done(decided={"document": key}, refusal=str(answer["code"]))
        decided = {
            "document": key, "consents": consents, "limit_minor": limit_minor, "pair": answer["pair"],
            "terms": approved.get("terms"), "price_ppm": price_ppm, "cap_ppm": cap_ppm,
        }  # fmt: skip
        return Done(decided=decided, account_id=int(answer["account_id"]), fact_id=int(answer["fact_id"]))

    return take_step(conn, ContractHook(site), taking, deed, now=now, business_on=business_on)


def document_key(contract_id: int) -> str:
    """The key of a contract's document."""
    return f"contract:{contract_id}"


def write_contract(conn: psycopg.Connection, site: JourneySite, contract_id: int) -> ContractText:
    """The text of a contract from the approval, the product's terms and the consents. The name stands masked."""
    contract = get_contract(conn, contract_id)
    approved = _passed(conn, contract_id, Step.APPROVAL) or {}
    terms = _find_terms(conn, site, contract.product, approved)
    masked = customers.show_masked(conn, site.vault, contract.customer)
    shared = site.find_channel(contract.line, _today(conn))
    texts = customers.list_texts(conn)
    return ContractText(
        number=f"HH-{contract_id:08d}",
        title=TITLES[contract.purpose],
        lender=_name_lenders(site, shared),
        customer=contract.customer,
        name=next((value for field, value in masked.items() if field.value == "name"), "-"),
        principal=f"{format_minor(int(approved.get('limit_minor', 0)), terms.currency)} {terms.currency} (循环额度)",
        annual_percent=_say_yearly(terms),
        costs=tuple(_cost_rows(terms, site.lender)),
        nothing_else="除上述明示项目外,借款人不承担其他任何与本笔贷款有关的费用。",
        clauses=(*_clauses(terms, contract.purpose), *_sharing_clause(shared)),
        consents=tuple(f"{text.kind.value} 第 {text.version} 版: {text.chinese}" for text in texts if text.is_needed),
        made_on=contract.begun_at.astimezone(site.zone).date().isoformat(),
    )


def _name_lenders(site: JourneySite, channel: str) -> str:
    """Everybody who lends under the channel: who that is stands in the contract before anybody agrees to it (R-234)."""
    if channel == funding.DIRECT:
        return site.lender
    return "、".join(one.brand for one in funding.name_lenders(channel))


def _sharing_clause(channel: str) -> tuple[tuple[str, str], ...]:
    """Who lends together, by full name and brand, and that each reports its own part; none where we lend alone."""
    if channel == funding.DIRECT:
        return ()
    names = "、".join(f"{one.name}({one.brand},征信报送机构 {one.reporter})" for one in funding.name_lenders(channel))
    told = f"您的支用可能由下列机构共同出资或由其中一家单独出资:{names}。各出资机构按其出资份额享有债权,并各自就其份额向征信系统报送。"
    return (("五、共同出资", told),)


def _find_terms(conn: psycopg.Connection, site: JourneySite, product: str, approved: Mapping[str, Any]) -> ProductTerms:
    """The terms that an approval settled; those of the product where it was made before approvals did."""
    name = approved.get("terms")
    if name is None:
        return find_terms_of(site.registry, product)
    site.registry.learn_terms(conn, names=[name])
    return site.registry.terms[site.registry.terms_ids[name]]


def _say_yearly(terms: ProductTerms) -> str:
    """The yearly total for normal performance; with the price that this contract was approved at, where it has one."""
    if not terms.price_ppm:
        return NORMAL
    percent = to_decimal(Fraction(terms.price_ppm, PERCENT_PPM), 2)
    return PRICED.format(percent=percent)


def _cost_rows(terms: ProductTerms, lender: str) -> list[CostRow]:
    rows = []
    for periods in sorted(terms.purchase_fee_ppm):
        fee = terms.fee_minor(PLAN_PURCHASE, periods, SHOWN_PRINCIPAL_MINOR)
        quote = quote_plan(
            principal_minor=SHOWN_PRINCIPAL_MINOR, n=periods, fee_total_minor=fee or 0, currency=terms.currency
        )
        item = quote.items[0]
        rows.append(_row(item, lender, name=f"分期利息(费) {periods} 期", is_contingent=False))
    late = overdue_item(terms.interest_ppm_day, collector=lender)
    rows.append(_row(late, lender, name="最低还款后的利息", is_contingent=True))
    return [
        *rows,
        _row(overdue_item(terms.penalty_ppm_day, collector=lender), lender, name="逾期罚息", is_contingent=True),
    ]


def _row(item: CostItem, lender: str, *, name: str, is_contingent: bool) -> CostRow:
    return CostRow(
        name=name, collection=item.collection, annual_percent=f"{item.annual_percent}%", collector=lender, payer="借款人",
        is_contingent=is_contingent,
    )  # fmt: skip


def _clauses(terms: ProductTerms, purpose: Purpose) -> tuple[tuple[str, str], ...]:
    cut, due = terms.pairs[0]
    return (
        ("一、用途", USES[purpose]),
        ("二、账单与还款", f"每月 {cut} 日出账,{due} 日前还款;到期日前全额还款不收利息和费用。可随时提前还款,按实际使用天数计息。"),
        ("三、逾期", "未还最低还款额即为逾期,产生罚息,可能被依法催收,并记入征信。"),
        ("四、您的权利", "可查阅、复制、更正、删除个人信息;可撤回授权;可要求说明理由,并要求由人工而不是仅由系统作出决定;可投诉。"),
    )  # fmt: skip


def _asked_before(rows: tuple[store.StepRow, ...], taking: Taking) -> Mapping[str, Any]:
    """What the application said, and what is said now."""
    applied = next((row.decided for row in reversed(rows) if row.step is Step.APPLICATION), {})
    return {**applied, **taking.asked}


def _passed(conn: psycopg.Connection, contract_id: int, step: Step) -> dict[str, Any] | None:
    rows = store.list_steps(conn, contract_id)
    return next((row.decided for row in reversed(rows) if row.step is step and row.outcome == "passed"), None)


def _today(conn: psycopg.Connection) -> dt.date:
    return books_store.get_business_day(conn)
