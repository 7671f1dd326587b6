"""Text cases: a story of one account in plain words, and what it then says. `cases/README.txt` has the words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from honghua.base.dates import from_day, to_day
from honghua.base.money import format_minor, parse_minor
from honghua.credit.core import commands as c
from honghua.credit.core.arranging import settlement_quote
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import H_CLASS, S_CUT, STATEMENT_COLUMNS
from honghua.credit.core.tests.memory import MemoryBook
from honghua.ledger.core.chart import Component

C = Component

PAYERS = {"customer": 1, "merchant": 2, "platform": 3}
STATUSES = {"unfreeze": 1, "freeze": 2, "close": 4}
CLASSES = ("", "normal", "attention", "substandard", "doubtful", "loss")
SHOWN = {
    C.PRINCIPAL_UNBILLED: "unbilled",
    C.PRINCIPAL_BILLED: "billed",
    C.PRINCIPAL_INSTALMENT: "in instalments",
    C.INTEREST: "interest",
    C.FEE: "fees",
    C.PENALTY: "penalty",
    C.OVERPAYMENT: "own money",
    C.LIMIT_HELD: "held",
    C.LIMIT_OVER: "over the limit",
    C.CHARGE_OFF_MEMO: "written off, still claimed",
}
PARTS = {
    "carried_minor": "carried",
    "revolving_minor": "purchases",
    "instalment_minor": "instalments",
    "fee_minor": "fees",
    "interest_minor": "interest",
    "penalty_minor": "penalty",
    "overpayment_used_minor": "own money used",
}
MONEY = r"[\d,]+\.\d\d"


def minor(text: str) -> int:
    return parse_minor(text.replace(",", ""), "CNY")


def yuan(amount: int) -> str:
    return format_minor(amount, "CNY")


class Story:
    """One account living through a story; `said` collects what it answers."""

    def __init__(self) -> None:
        self.book: MemoryBook | None = None
        self.said: list[str] = []
        self.ids: dict[str, dict[str, Any]] = {}
        self.told: set[int] = set()

    def run(self, line: str) -> None:
        """One line: the days until its date pass, then it happens."""
        date, _, words = line.strip().partition(" ")
        day = dt.date.fromisoformat(date)
        if self.book is None:
            self.book = MemoryBook(today=to_day(day))
        self.book.pass_days(to_day(day) - self.book.today)
        self.tell_bills()
        for pattern, act in WORDS.items():
            if found := re.fullmatch(pattern, words):
                act(self, **{name: value for name, value in found.groupdict().items() if value is not None})
                return
        raise AssertionError(f"no such words: {line}")

    def say(self, text: str) -> None:
        assert self.book is not None
        self.said.append(f"{self.book.on} {text}")

    def tell_bills(self) -> None:
        assert self.book is not None
        self.book.account("A")
        for number, row in self.book.statements["A"].items():
            if number in self.told:
                continue
            self.told.add(number)
            bill = dict(zip(STATEMENT_COLUMNS, row.tolist(), strict=True))
            parts = ", ".join(f"{words} {yuan(bill[name])}" for name, words in PARTS.items() if bill[name])
            parts = f" ({parts})" if parts else ""
            self.said.append(
                f"{from_day(int(row[S_CUT]))} bill {number}: total {yuan(bill['total_minor'])},"
                f" minimum {yuan(bill['minimum_minor'])}, due {from_day(bill['due_on'])}{parts}"
            )

    def do(self, command: type[c.Command], *, label: str = "", on: str | None = None, **fields: Any) -> dict[str, Any]:
        """Execute a command; a refusal is said aloud."""
        assert self.book is not None
        day = dt.date.fromisoformat(on) if on else None
        answer = self.book.execute(command(key="k", customer="A", on=day, **fields))
        if answer["outcome"] == "refused":
            self.say(f"refused: {answer['code']}")
        elif label:
            self.ids[label] = answer
        return answer

    # ---- words
    def open(self, amount: str, pair: str = "1/10") -> None:
        cut, due = pair.split("/")
        self.do(c.OpenAccount, limit_minor=minor(amount), pair=(int(cut), int(due)))

    def choice(self, periods: str = "", payer: str = "customer") -> c.Instalments | None:
        return c.Instalments(periods=int(periods), payer=PAYERS[payer]) if periods else None

    def buy(
        self, amount: str, periods: str = "", payer: str = "customer", category: str = "goods", **more: str
    ) -> None:
        answer = self.do(
            c.BuyNow,
            amount_minor=minor(amount),
            merchant="M",
            order="o",
            category=category,
            instalments=self.choice(periods, payer),
            **more,
        )
        if periods and answer["outcome"] == "approved":
            answer["plan_id"] = answer["purchase_id"]
            self.say(f"fee {yuan(answer['fee_minor'])} over {periods} periods, paid by the {payer}")

    def hold(self, amount: str, **more: str) -> None:
        self.do(c.AuthorisePurchase, amount_minor=minor(amount), merchant="M", order="o", category="goods", **more)

    def capture(
        self, what: str, amount: str, rest: str = "", periods: str = "", payer: str = "customer", on: str | None = None
    ) -> None:
        purchase_id = self.ids[what]["purchase_id"]
        answer = self.do(
            c.CapturePurchase,
            purchase_id=purchase_id,
            amount_minor=minor(amount),
            final=not rest,
            instalments=self.choice(periods, payer),
            on=on,
        )
        self.ids[what] |= {name: answer[name] for name in ("fact_id", "plan_id") if name in answer}

    def void(self, what: str) -> None:
        self.do(c.VoidAuthorisation, purchase_id=self.ids[what]["purchase_id"])

    def refund(self, what: str, amount: str, **more: str) -> None:
        answer = self.do(
            c.RefundPurchase, purchase_id=self.ids[what]["purchase_id"], amount_minor=minor(amount), **more
        )
        if answer.get("released_minor") or answer.get("fee_returned_minor"):
            self.say(
                f"released {yuan(answer['released_minor'])}, refunded {yuan(answer['refunded_minor'])},"
                f" fee given back {yuan(answer['fee_returned_minor'])}"
            )

    def repay(self, amount: str, **more: str) -> None:
        self.do(c.Repay, amount_minor=minor(amount), **more)

    def give_back(self, amount: str) -> None:
        self.do(c.ReturnOverpayment, amount_minor=minor(amount))

    def instal(self, amount: str, periods: str, payer: str = "customer", label: str = "bill plan") -> None:
        answer = self.do(c.InstalBill, amount_minor=minor(amount), instalments=self.choice(periods, payer), label=label)
        if answer["outcome"] != "refused":
            self.say(f"fee {yuan(answer['fee_minor'])} over {periods} periods, paid by the {payer}")

    def settle(self, what: str) -> None:
        assert self.book is not None
        plan_id = self.ids[what]["plan_id"]
        principal, fee = settlement_quote(self.book.account("A"), plan_id) or (0, 0)
        answer = self.do(c.SettlePlan, plan_id=plan_id, amount_minor=principal + fee, label="settlement")
        if answer["outcome"] != "refused":
            self.say(f"settled for {yuan(principal + fee)}: principal {yuan(principal)}, fee {yuan(fee)}")

    def change_pair(self, pair: str, label: str = "") -> None:
        cut, due = pair.split("/")
        self.do(c.ChangePair, cut_day=int(cut), due_day=int(due), label=label)

    def limit(self, amount: str) -> None:
        self.do(c.ChangeLimit, limit_minor=minor(amount))

    def temporary(self, amount: str, until: str) -> None:
        self.do(c.GrantTemporaryLimit, amount_minor=minor(amount), until=dt.date.fromisoformat(until))

    def status(self, word: str) -> None:
        self.do(c.SetStatus, status=STATUSES[word])

    def write_off(self, attempts: str) -> None:
        answer = self.do(c.WriteOff, evidence=("file",), attempts=int(attempts), approved_by="board", label="write-off")
        if answer["outcome"] != "refused":
            self.say(f"written off {yuan(answer['written_off_minor'])}")

    def recover(self, amount: str) -> None:
        self.do(c.RecordRecovery, amount_minor=minor(amount))

    def hardship(self, periods: str, waive: str = "") -> None:
        self.do(c.AgreeHardship, periods=int(periods), waive=bool(waive), label="hardship")

    def forgive(self, amount: str, by: str = "chief") -> None:
        answer = self.do(
            c.WaiveCharges,
            amount_minor=minor(amount),
            ground=1,
            evidence=("certificate",),
            asked_by="care",
            approved_by=by,
        )
        if answer["outcome"] != "refused":
            self.say(f"forgave {yuan(answer['waived_minor'])}")

    def undo(self, what: str) -> None:
        self.do(c.ReverseFact, fact_id=self.ids[what]["fact_id"], reason="a mistake")

    def show(self) -> None:
        assert self.book is not None
        account = self.book.account("A")
        figures = {words: abs(int(account.balance[component])) for component, words in SHOWN.items()}
        words = ", ".join(f"{name} {yuan(amount)}" for name, amount in figures.items() if amount) or "nothing owed"
        late = int(days_past_due(account.head))
        mood = CLASSES[int(account.head[H_CLASS])] + (f", {late} days late" if late else "")
        self.say(f"account: {words}; available {yuan(int(account.balance[C.LIMIT_AVAILABLE]))}; {mood}")


LABEL = r"(?: as (?P<label>\w[\w -]*))?"
ON = r"(?: on (?P<on>\d{4}-\d\d-\d\d))?"
PLAN = r"(?: in (?P<periods>\d+)(?: paid by the (?P<payer>\w+))?)?"
WORDS: dict[str, Callable[..., None]] = {
    rf"open (?P<amount>{MONEY})(?: with days (?P<pair>\d+/\d+))?": Story.open,
    rf"buy (?P<amount>{MONEY})(?: of (?P<category>\w+))?{PLAN}{ON}{LABEL}": Story.buy,
    rf"hold (?P<amount>{MONEY}){ON}{LABEL}": Story.hold,
    rf"capture (?P<what>[\w -]+?) (?P<amount>{MONEY})(?P<rest> and keep the rest)?{PLAN}{ON}": Story.capture,
    r"void (?P<what>[\w -]+)": Story.void,
    rf"refund (?P<what>[\w -]+?) (?P<amount>{MONEY}){ON}{LABEL}": Story.refund,
    rf"repay (?P<amount>{MONEY}){ON}{LABEL}": Story.repay,
    rf"return (?P<amount>{MONEY})": Story.give_back,
    rf"split (?P<amount>{MONEY}) of the bill{PLAN}{LABEL}": Story.instal,
    r"settle (?P<what>[\w -]+)": Story.settle,
    rf"change days to (?P<pair>\d+/\d+){LABEL}": Story.change_pair,
    rf"set limit (?P<amount>{MONEY})": Story.limit,
    rf"temporary limit (?P<amount>{MONEY}) until (?P<until>[\d-]+)": Story.temporary,
    r"(?P<word>freeze|unfreeze|close)": Story.status,
    r"write off after (?P<attempts>\d+) attempts": Story.write_off,
    rf"recover (?P<amount>{MONEY})": Story.recover,
    r"hardship plan of (?P<periods>\d+)(?P<waive>, charges waived)?": Story.hardship,
    rf"forgive (?P<amount>{MONEY})(?: by (?P<by>\w+))?": Story.forgive,
    r"undo (?P<what>[\w -]+)": Story.undo,
    r"show": Story.show,
}


def check(given: str, expected: str) -> None:
    """The story `given` makes the account say exactly `expected`; blank lines and what follows # are not read."""
    story = Story()
    for line in lines_of(given):
        story.run(line)
    assert story.said == lines_of(expected)


def lines_of(text: str) -> list[str]:
    stripped = (re.sub(r"\s*#.*", "", line).strip() for line in text.splitlines())
    return [line for line in stripped if line]


def read_cases(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(name, given, expected) of every case in the folder's text files: `== name`, the story, `->`, the answers."""
    for path in sorted(set(folder.glob("*.txt")) - {folder / "README.txt"}):
        for block in re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name, _, body = block.partition("\n")
            given, arrow, expected = body.partition("\n->")
            assert arrow, f"{path.name}: {name} has no line ->"
            yield f"{path.stem}: {name.strip()}", given, expected
