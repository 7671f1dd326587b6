"""One customer lives through all twelve steps on a scratch book: what `honghua journey` shows.

The clock is ours: days are closed one by one, hours are chosen, nothing waits. Identity service and bank are fakes and say so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from honghua.app.journey.evidence import PackedEvidence
from honghua.base.clock import CHINA, FixedClock
from honghua.base.errors import HonghuaError
from honghua.base.rng import derive_rng
from honghua.bureau.api import Exposure, FakeBureau
from honghua.credit import api as credit
from honghua.credit.core import Command
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Profile, find_check_digit
from honghua.facts.steps import Step
from honghua.merchants.api import FakePayoutBank
from honghua.store.database import Database, connect, run_unit

FIRST_DAY: Final = dt.date(2026, 1, 5)
OPENED: Final = dt.time(10, tzinfo=CHINA)
NIGHT: Final = dt.time(23, tzinfo=CHINA)
READ: Final = dt.timedelta(seconds=20)
PRODUCT: Final = "huabei"
PRICE_MINOR: Final = 120_000
PAID_MINOR: Final = 30_000
REVIEWER: Final = "reviewer ann"
PERSON_IN_ARREARS: Final = "collector bo"
CONTACTS: Final = 6
LIFE_DAYS: Final = 260
SUITED: Final = Profile(is_adult=True, is_student=False, income_minor=900_000, debt_service_minor=100_000, lenders=1)
INDEBTED: Final = Profile(is_adult=True, is_student=False, income_minor=900_000, debt_service_minor=800_000, lenders=9)
BUREAU_NAME: Final = FakeBureau(0, lambda: FIRST_DAY).name
TITLES: Final = dict(
    zip(
        Step,
        ["营销", "核身", "申请", "审批", "签约", "支用", "放款", "记账", "还款", "监控", "催收", "核销"],
        strict=True,
    )
)


class StepFailed(HonghuaError):
    """A step of the journey did not pass as it should."""

    code = "STEP_FAILED"


@dataclass(slots=True)
class Life:
    """One customer's life: hands that take steps, and what came of them."""

    database: Database
    conn: psycopg.Connection
    site: journey.JourneySite
    clock: FixedClock
    seed: int
    refuse: Step | None
    customer: str = ""
    contract_id: int = 0
    tries: int = 0
    rows: dict[Step, journey.StepRow] = field(default_factory=dict)
    path: list[journey.StepRow] = field(default_factory=list)

    @property
    def now(self) -> dt.datetime:
        """The moment of this life."""
        return self.clock.now()

    def taking(self, step: Step, *, subject: str = "", by: str = journey.SYSTEM, **asked: Any) -> journey.Taking:
        """A wish for a step under a key of its own."""
        self.tries += 1
        return journey.Taking(
            contract_id=self.contract_id, step=step, key=f"{step.name.lower()}:{self.tries}", subject=subject, asked=asked, decided_by=by,
        )  # fmt: skip

    def keep(self, taken: journey.Taken) -> journey.StepRow:
        """A step that must have passed; StepFailed where it did not."""
        if isinstance(taken, journey.StepRefusal):
            raise StepFailed(f"{taken.code}: {taken.sentence_en}")
        if taken.outcome != "passed":
            said = ", ".join(taken.risk["reasons"]) or taken.decided.get("code", "")
            raise StepFailed(f"{taken.step.name.lower()} was {taken.outcome}: {said}")
        self.rows.setdefault(taken.step, taken)
        return taken

    def go(self, step: Step, take: Callable[[], journey.Taken], spoil: Callable[[], journey.Taken]) -> None:
        """Take a step; where it is the one to be refused, let it be refused first and open it again."""
        if step is self.refuse:
            self.keep_refused(spoil())
        self.keep(take())

    def keep_refused(self, taken: journey.Taken) -> None:
        """A no, the customer's appeal, and a person's answer."""
        if isinstance(taken, journey.StepRefusal) or taken.outcome == "passed":
            raise StepFailed(f"{taken} should have been refused")
        self.path.append(taken)
        reasons = [code for code in taken.risk["reasons"] if journey.may_overrule(code)]
        appeal = self.taking(taken.step, subject=taken.subject)
        settle = self.taking(taken.step, subject=taken.subject, by=REVIEWER, overruled=reasons)
        reopen = taken.step is not Step.COLLECTION

        def work(c: psycopg.Connection) -> list[journey.Taken]:
            on = credit.get_business_day(c)
            return [
                journey.appeal(c, appeal, words="please look again", now=self.now, business_on=on),
                journey.settle_appeal(c, settle, reopen=reopen, words="looked into it", now=self.now, business_on=on),
            ]

        for answer in run_unit(self.conn, work):
            if isinstance(answer, journey.StepRefusal):
                raise StepFailed(f"the human path is closed: {answer.code}")
            self.path.append(answer)


def live_through(database: Database, *, seed: int, refuse: Step | None = None) -> dict[str, Any]:
    """Live a customer through all twelve steps; the report without its header. The database must be empty and one's own."""
    with connect(database) as conn:
        life = begin(database, conn, seed=seed, refuse=refuse)
        failed = ""
        try:
            become_customer(life)
            use_credit(life)
            fall_behind(life)
        except StepFailed as error:
            failed = str(error)
        covered = journey.measure_coverage(conn)
        _, rows = journey.read_state(conn, life.contract_id)
    steps = [tell(life.rows[step]) for step in Step if step in life.rows]
    return {
        "ok": not failed and len(steps) == len(Step) and (refuse is None or bool(life.path)),
        "failed": failed,
        "steps": steps,
        "refused": [tell(row) for row in life.path],
        "coverage": f"{covered.steps_covered}/{len(Step)}",
        "rows": len(rows),
        "contract": life.contract_id,
        "business_days": (rows[-1].business_on - FIRST_DAY).days if rows else 0,
        "fakes": [life.site.identity.provider.name, BUREAU_NAME, life.site.bank.name],
    }


def tell(row: journey.StepRow) -> dict[str, Any]:
    """A row as the report shows it."""
    return {
        "name": row.step.name.lower(),
        "title": TITLES[row.step],
        "outcome": str(row.outcome),
        "fact": {"kind": row.fact, "number": row.number, "account": row.account_id, "fact_id": row.fact_id},
        "decided": row.decided | {"by": row.decided_by},
        "risk": row.risk,
        "at": row.at.isoformat(),
        "business_on": row.business_on.isoformat(),
        "subject": row.subject,
    }


class OwnBooks:
    """The books of this database, by this connection."""

    def __init__(self, conn: psycopg.Connection, registry: credit.Registry, clock: FixedClock) -> None:
        self._conn, self._registry, self._clock = conn, registry, clock

    def submit(self, command: Command) -> dict[str, Any]:
        """See `journey.Books`."""
        return credit.execute(self._conn, self._registry, [command], now=self._clock.now())[0]


def begin(database: Database, conn: psycopg.Connection, *, seed: int, refuse: Step | None) -> Life:
    """An empty book on its first day, and everything that the journey stands on; keys live as long as this process."""
    clock = FixedClock(dt.datetime.combine(FIRST_DAY, OPENED))
    credit.start_book(conn, day=FIRST_DAY)
    registry = credit.open_registry(conn)
    vault = make_vault(seed)
    evidence = make_evidence(seed)
    known = {hashlib.sha256(evidence.national_id.encode()).digest(): invent_good(FIRST_DAY)}
    provider = customers.FakeIdentityProvider(seed, truth={evidence.national_id: evidence})
    books = OwnBooks(conn, registry, clock)
    site = journey.JourneySite(
        vault=vault,
        identity=customers.IdentityCheck(vault=vault, provider=provider),
        books=books,
        evidence=PackedEvidence(registry, vault),
        registry=registry,
        bank=FakePayoutBank(seed),
        approver=journey.LimitsApprover(
            vault=vault, provider=FakeBureau(seed, lambda: clock.now().date(), known=known)
        ),
    )
    life = Life(database, conn, site, clock, seed, refuse)

    def work(c: psycopg.Connection) -> None:
        customers.publish_texts(c, now=clock.now())
        life.customer = customers.register(c, vault, evidence.phone, now=clock.now())
        customers.write_profile(c, vault, life.customer, SUITED, said_by=life.customer, now=clock.now())
        life.contract_id = journey.begin_contract(c, life.customer, product=PRODUCT, key="journey", now=clock.now())

    run_unit(conn, work)
    say(life, *ConsentKind)
    return life


def make_vault(seed: int) -> customers.Vault:
    """Keys of this life: of a book that is dropped at its end."""
    rng = derive_rng(seed, "journey keys")
    return customers.Vault({1: rng.bytes(32)}, rng.bytes(32))


def invent_good(as_of: dt.date) -> Exposure:
    """What the fake bureau says of the customer: one lender, a little owed, never late."""
    return Exposure(
        as_of=as_of, lenders=1, accounts=1, limit_minor=1_000_000, balance_minor=200_000, monthly_due_minor=50_000, overdue_accounts=0,
        overdue_minor=0, worst_status=0, worst_class=1, inquiries_90d=0, inquiries_6m=1,
    )  # fmt: skip


def make_evidence(seed: int) -> customers.Evidence:
    """Somebody who does not exist, with a number whose check digit is right."""
    rng = derive_rng(seed, "journey person")
    front = f"110105{1970 + int(rng.integers(30))}0{1 + int(rng.integers(9))}{10 + int(rng.integers(18))}{int(rng.integers(1, 999)):03d}"
    return customers.Evidence(
        name="李示范", national_id=front + find_check_digit(front), phone=f"138{int(rng.integers(10**8)):08d}",
        card=f"622202{int(rng.integers(10**12)):012d}", clip=f"clip {seed}", device="phone of the journey", address="北京市朝阳区",
    )  # fmt: skip


def say(life: Life, *kinds: ConsentKind, given: bool = True) -> None:
    """Agree to texts after reading them, or take the yes back."""
    life.clock.advance(READ if given else dt.timedelta(0))

    def work(c: psycopg.Connection) -> None:
        said = [
            customers.Said(kind=text.kind, version=text.version, is_given=given, read_ms=int(READ.total_seconds() * 1_000))
            for text in customers.list_texts(c)
            if text.kind in kinds
        ]  # fmt: skip
        customers.say(c, life.customer, said, channel="journey", now=life.now)

    run_unit(life.conn, work)


def profile(life: Life, known: Profile) -> None:
    """Something is learnt about the customer's situation."""
    run_unit(
        life.conn,
        lambda c: customers.write_profile(
            c, life.site.vault, life.customer, known, said_by="bureau of the journey", now=life.now
        ),
    )


def pass_days(life: Life, until: dt.date) -> None:
    """Close the days up to one, and stand at ten o'clock of it."""
    while credit.get_business_day(life.conn) < until:
        credit.close_day(life.database)
    at = dt.datetime.combine(until, OPENED)
    if at > life.now:
        life.clock.advance(at - life.now)


def become_customer(life: Life) -> None:
    """Steps 1 … 5."""
    conn, site = life.conn, life.site
    evidence = make_evidence(life.seed)

    def offer(name: str) -> journey.Taken:
        made = customers.Offer(name=name, channel="message", key=f"{name}:{life.tries}")
        return journey.offer_credit(conn, site, life.contract_id, made, now=life.now)

    def offer_spoilt() -> journey.Taken:
        say(life, ConsentKind.MARKETING, given=False)
        taken = offer("new customers")
        say(life, ConsentKind.MARKETING)
        life.tries += 1
        return taken

    life.go(Step.MARKETING, lambda: offer("new customers"), offer_spoilt)

    def prove(shown: customers.Evidence, key: str) -> journey.Taken:
        return journey.prove_identity(conn, site, life.taking(Step.PROOFING, proof=key), shown, now=life.now)

    other = customers.Evidence(
        name=evidence.name, national_id=evidence.national_id, phone=evidence.phone, card="6222", clip="x"
    )
    life.go(Step.PROOFING, lambda: prove(evidence, "proof 2"), lambda: prove(other, "proof 1"))

    def apply() -> journey.Taken:
        taking = life.taking(Step.APPLICATION, asked_minor=500_000)
        return journey.apply_for_credit(conn, site, taking, now=life.now)

    life.go(Step.APPLICATION, apply, lambda: without(life, ConsentKind.CREDIT_BUREAU, apply))

    def approve() -> journey.Taken:
        return journey.approve(conn, site, life.taking(Step.APPROVAL), now=life.now)

    life.go(Step.APPROVAL, approve, lambda: indebted(life, approve))
    document = journey.show_contract(conn, site, life.contract_id, read_seconds=customers.READ_SECONDS, now=life.now)
    life.clock.advance(READ)

    def sign() -> journey.Taken:
        read_ms = int(READ.total_seconds() * 1_000)
        return journey.sign_contract(
            conn, site, life.taking(Step.CONTRACT), shown_digest=document.shown_digest, read_ms=read_ms, now=life.now
        )

    life.go(Step.CONTRACT, sign, lambda: without(life, ConsentKind.CREDIT_SERVICE, sign))


def without(life: Life, kind: ConsentKind, take: Callable[[], journey.Taken]) -> journey.Taken:
    """A step while a consent is taken back."""
    say(life, kind, given=False)
    taken = take()
    say(life, kind)
    return taken


def indebted(life: Life, take: Callable[[], journey.Taken]) -> journey.Taken:
    """A step while the customer is known to owe too much."""
    profile(life, INDEBTED)
    taken = take()
    profile(life, SUITED)
    return taken


def use_credit(life: Life) -> None:
    """Steps 6 … 9: buy, the shop is paid, the books hold it, the first bill is repaid in part."""
    conn, site, order = life.conn, life.site, "order 1"

    def draw(amount_minor: int) -> journey.Taken:
        asked: dict[str, Any] = {
            "amount_minor": amount_minor,
            "merchant": "shop of the journey",
            "category": "appliances",
        }
        return journey.draw(conn, site, life.taking(Step.DRAWDOWN, subject=order, **asked), now=life.now)

    life.go(Step.DRAWDOWN, lambda: draw(PRICE_MINOR), lambda: draw(100 * PRICE_MINOR))

    def pay_out() -> journey.Taken:
        return journey.pay_out(conn, site, life.taking(Step.PAYOUT, subject=order), now=life.now)

    life.go(Step.PAYOUT, pay_out, lambda: indebted(life, pay_out))

    def book() -> journey.Taken:
        return journey.book(conn, site, life.taking(Step.BOOKING, subject=order), now=life.now)

    life.keep(book())
    pass_days(life, dt.date(2026, 2, 10))

    def repay(amount_minor: int) -> journey.Taken:
        return journey.repay(
            conn, site, life.taking(Step.REPAYMENT, subject="feb", amount_minor=amount_minor), now=life.now
        )

    life.go(Step.REPAYMENT, lambda: repay(PAID_MINOR), lambda: repay(0))


def fall_behind(life: Life) -> None:
    """Steps 10 … 12: nothing more is paid; watched, contacted within the law, written off on evidence."""
    conn, site = life.conn, life.site

    def watch() -> journey.StepRow:
        taking = life.taking(Step.MONITORING, subject=credit.get_business_day(conn).isoformat())
        return life.keep(journey.monitor(conn, site, taking, now=life.now))

    day = dt.date(2026, 2, 28)
    pass_days(life, day)
    while watch().finding != "arrears":
        day += dt.timedelta(days=7)
        pass_days(life, day)
    for number in range(CONTACTS):
        if number == 0 and life.refuse is Step.COLLECTION:
            life.clock.advance(dt.datetime.combine(day, NIGHT) - life.now)
            life.keep_refused(contact(life, "at night"))
        day += dt.timedelta(days=10)
        pass_days(life, day)
        life.keep(contact(life, f"call {number + 1}"))
    pass_days(life, FIRST_DAY + dt.timedelta(days=LIFE_DAYS))
    watch()

    def write_off(*evidence: str) -> journey.Taken:
        taking = life.taking(
            Step.WRITE_OFF, subject="claim", evidence=list(evidence), approved_by=[REVIEWER, "reviewer li"]
        )
        return journey.write_off(conn, site, taking, now=life.now)

    life.go(Step.WRITE_OFF, lambda: write_off("contract", "statements", "bureau"), write_off)


def contact(life: Life, subject: str) -> journey.Taken:
    """One call to the debtor."""
    contacting = journey.Contacting(
        actor=PERSON_IN_ARREARS, party=life.site.lender, clause="合同 三、逾期", evidence=f"recording of {subject}",
        is_effective=True,
    )  # fmt: skip
    taking = life.taking(Step.COLLECTION, subject=subject, channel="call")
    return journey.contact(life.conn, life.site, taking, contacting, now=life.now)


__all__ = ["StepFailed", "live_through"]
