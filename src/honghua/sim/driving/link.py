"""The real platform as its users meet it: orders, proofs, refunds, labels and repayments through the door of the credit room.

A day goes in slices: the orders of a slice in one batch, then what was asked of people, then everything else. Every act has its own
idempotency key, so a city that was stopped goes on where it stopped: answers of earlier are looked up, nothing is done twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Draft, Ints
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.driving.diary import WORDS, Diary
from honghua.sim.driving.manners import accepts_less, has_goods_sent, passes_step_up
from honghua.sim.driving.names import ZONE, Names, find_person, name_column, name_person
from honghua.sim.driving.screens import Screens
from honghua.store.commands import list_answers

Answer = Mapping[str, Any]
Order = c.BuyNow | c.AuthorisePurchase
Asked = tuple[int, c.Command]  # row of the day, what is asked about it
SLICES: Final = 2  # of a day
PPM: Final = 1_000_000
PROOF_AFTER: Final = dt.timedelta(minutes=2)  # a code is read and typed in
PERIODS: Final = (3, 6, 12)
SCENE: Final = ("device", "address", "payee", "region")
SHORT: Final = frozenset({"LIMIT_SHORT", "LIMIT_PARTLY", "LESS_OFFERED"})
RULES: Final = SHORT | {"OVERDUE", "ACCOUNT_NOT_ACTIVE", "AMOUNT_INVALID", "ACCOUNT_UNKNOWN", "PURPOSE_REFUSED"}
SUSPENDED: Final = {"step_up": Heard.REFUSED_RISK, "review": Heard.DELAYED, "delayed": Heard.DELAYED}
LABELS: Final = (EventKind.FRAUD_REPORTED, EventKind.CLEARED)
KEPT: Final = ("screens", "diary", "purchases", "parcels", "reviewed")
NOTHING: Final[Answer] = {"outcome": "none"}


@dataclass(frozen=True, slots=True)
class Wiring:
    """What whoever wires the city lends to it. send_codes: challenges that are due go out; read_code: what a phone shows for a token.

    execute: who answers commands at a moment; None = the credit room in this process, by the city's own connection.
    """

    send_codes: Callable[[dt.datetime], object]
    read_code: Callable[[str], str]
    execute: Callable[[Sequence[c.Command], dt.datetime], Sequence[Answer]] | None = None


@dataclass(frozen=True, slots=True)
class Bought:
    """Orders on their way: their rows, what each asks for, and the commands."""

    rows: Draft
    wanted_minor: Ints
    commands: Sequence[Order]


@dataclass(slots=True)
class Platform:
    """One city's link. online bool[shops]: goods are sent. autopay bool[people]: from the due day on the bank pays for them.

    purchases: by act; parcels: by the day of receipt; reviewed: by suspension; known: answers of an earlier run by key;
    live_from: the first day that is not over on the platform.
    """

    conn: psycopg.Connection
    registry: credit.Registry
    names: Names
    wiring: Wiring
    screens: Screens
    online: NDArray[np.bool_]
    diary: Diary = field(default_factory=Diary)
    autopay: NDArray[np.bool_] | None = None
    known: dict[str, Answer] = field(default_factory=dict)
    live_from: int = 0
    purchases: dict[int, tuple[int, int]] = field(default_factory=dict)  # act → purchase id, amount granted
    parcels: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # day → purchase id, customer, amount
    reviewed: dict[int, tuple[Draft, int]] = field(default_factory=dict)  # suspension → its row, day

    def recall(self) -> None:
        """Look up what an earlier run of this city was answered."""
        self.known = dict(list_answers(self.conn, self.names.prefix))

    def memory(self) -> dict[str, Any]:
        """What people know and wait for, as plain values; `remember_all` takes it back."""
        return {name: getattr(self, name) for name in KEPT}

    def remember_all(self, memory: Mapping[str, Any]) -> None:
        """Take back what `memory` gave."""
        for name in KEPT:
            setattr(self, name, memory[name])

    def do(self, commands: Sequence[c.Command], *, now: dt.datetime, day: int) -> list[Answer]:
        """Answers of the platform, in order. Of days that are over only those that it gave then."""
        answers = [self.known.get(command.key) for command in commands]
        if day < self.live_from:
            return [answer or NOTHING for answer in answers]
        new = [command for command, answer in zip(commands, answers, strict=True) if answer is None]
        found = iter(self.execute(new, now) if new else [])
        return [answer if answer is not None else next(found) for answer in answers]

    def execute(self, commands: Sequence[c.Command], now: dt.datetime) -> Sequence[Answer]:
        """Answers to commands that nobody has answered yet."""
        if self.wiring.execute is not None:
            return self.wiring.execute(commands, now)
        return credit.execute(self.conn, self.registry, commands, now=now)

    def turn(self, day: int) -> None:
        """Begin a day: people look at their bills, and what was sent arrives."""
        if day >= self.live_from:
            self.read_bills(day)
        received = self.parcels.pop(day, [])
        commands = [
            c.CapturePurchase(
                key=f"{self.names.prefix}{purchase_id}:received",
                customer=name_person(who),
                purchase_id=purchase_id,
                amount_minor=amount,
            )
            for purchase_id, who, amount in received
        ]
        self.do(commands, now=self.names.at(day * US_PER_DAY), day=day)

    def read_bills(self, day: int) -> None:
        """What is open on bills, as everybody's app shows it."""
        self.screens.forget_bills()
        for due_on in due_days(self.names.date(day)):
            due_day = (due_on - self.names.first_day).days
            for ref, unpaid, minimum in credit.list_bills_due(self.conn, due_on):
                who = find_person(ref)
                if who is not None:
                    self.screens.add_bill(who, unpaid_minor=unpaid, minimum_minor=minimum, due_day=due_day)

    def settle(self, day: int, rows: Draft, *, slices: int = SLICES) -> Outcomes:
        """Answer one day's wants, which come by time."""
        code, granted = np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int64)
        self.open_accounts(rows, day)
        edges = day * US_PER_DAY + np.arange(slices + 1) * (US_PER_DAY // slices)
        places = np.searchsorted(rows["at_us"], edges)
        places[-1] = len(rows)
        for k in range(slices):
            part = np.arange(places[k], places[k + 1])
            if len(part):
                self.play(rows, part, (code, granted), self.names.at(int(edges[k + 1]) - 1))
        return Outcomes(code, granted)

    def play(self, rows: Draft, part: Ints, out: tuple[NDArray[np.int8], Ints], now: dt.datetime) -> None:
        """Some rows up to `now`, in one batch: first the orders, then the rest. Writes codes and granted amounts."""
        code, granted = out
        kind, credit_wish = rows["kind"][part], rows["credit"][part]
        own = part[((kind == EventKind.PURCHASE) & (credit_wish == 0)) | (kind == EventKind.TRANSFER)]
        code[own], granted[own] = Heard.APPROVED, rows["amount_minor"][own]
        orders = part[(kind == EventKind.PURCHASE) & (credit_wish > 0)]
        bought = self.ask_orders(rows, orders)
        others = [*self.ask_refunds(rows, part), *self.ask_labels(rows, part), *self.ask_repayments(rows, part)]
        commands: list[c.Command] = [*bought.commands, *(command for _, command in others)]
        if not commands:
            return
        answers = self.do(commands, now=now, day=int(rows["at_us"][part[0]] // US_PER_DAY))
        if len(orders):
            code[orders], granted[orders] = self.take_orders(bought, answers[: len(orders)], now)
        for (k, command), answer in zip(others, answers[len(orders) :], strict=True):
            granted[k] = self.take_answer(command, answer, int(rows["customer"][k]))
            code[k] = Heard.APPROVED if granted[k] > 0 else Heard.NOT_TRIED

    def open_accounts(self, rows: Draft, day: int) -> None:
        """Who wants to buy on credit for the first time opens an account before."""
        wants = (rows["kind"] == EventKind.PURCHASE) & (rows["credit"] > 0)
        self.open_for(np.unique(rows["customer"][wants]), day)

    def open_for(self, people: Ints, day: int) -> None:
        """Accounts of those who have none."""
        who = people[~self.screens.opened[people]]
        commands = [
            c.OpenAccount(
                key=f"{self.names.prefix}{name_person(one)}:open", customer=name_person(one), limit_minor=limit_minor
            )
            for one, limit_minor in zip(who.tolist(), self.screens.limit_minor[who].tolist())
        ]
        self.do(commands, now=self.names.at(day * US_PER_DAY), day=day)
        self.screens.opened[who] = True

    def ask_orders(self, rows: Draft, places: Ints) -> Bought:
        """Orders as commands."""
        mine = Draft({name: values[places] for name, values in rows.columns.items()})
        wanted = self.choose_amounts(mine)
        return Bought(mine, wanted, self.make_orders(mine, wanted))

    def take_orders(self, bought: Bought, answers: Sequence[Answer], now: dt.datetime) -> tuple[NDArray[np.int8], Ints]:
        """What came of orders; what is asked back is answered at once. Codes and granted amounts."""
        rows, wanted = bought.rows, bought.wanted_minor
        day = int(rows["at_us"][0] // US_PER_DAY)
        first = [str(answer["outcome"]) for answer in answers]
        decided = np.array([credit.find_decision_id(answer) for answer in answers], np.int64)
        code, granted, short = (
            np.zeros(len(rows), np.int8),
            np.zeros(len(rows), np.int64),
            np.zeros(len(rows), np.int64),
        )
        may_pass = passes_step_up(rows, seed=self.names.seed)
        for k, answer in enumerate(answers):
            short[k] = answer.get("code") in SHORT or 0 < amount_of(answer) < wanted[k]
            if first[k] == "step_up" and may_pass[k]:
                answer = self.prove(bought.commands[k], answer, asked_at=now, day=day)
            elif first[k] == "review":
                self.reviewed[int(answer["suspension_id"])] = (rows.take(np.array([k])), day)
            code[k] = hear(answer, int(wanted[k]), first=first[k])
            granted[k] = amount_of(answer) if answer["outcome"] == "approved" else 0
            self.remember(rows, k, answer)
        word = np.array([WORDS.index(one) if one in WORDS else 0 for one in first], np.int64)
        self.diary.note(
            rows, wanted_minor=wanted, granted_minor=granted, heard=code, word=word, short=short, decision_id=decided
        )
        return code, granted

    def choose_amounts(self, rows: Draft) -> Ints:
        """What each order asks for: a part of what the app shows as available where the plan says so."""
        wanted = rows["amount_minor"].copy()
        shared = rows["share_ppm"] > 0
        part = np.maximum(self.screens.free_minor[rows["customer"]], 0) * rows["share_ppm"] // PPM
        wanted[shared] = (part // rows["grid_minor"] * rows["grid_minor"])[shared]
        return np.maximum(wanted, 100)

    def make_orders(self, rows: Draft, wanted_minor: Ints) -> list[Order]:
        """Rows as orders: debt at once, or held until the parcel is received."""
        names, online = self.names, self.online[rows["merchant"]].tolist()
        keys = names.keys(rows["act"])
        who, merchants, categories = (rows[name].tolist() for name in ("customer", "merchant", "category"))
        moments, months = rows["at_us"].tolist(), rows["instalments"].tolist()
        scenes = zip(*(name_column(name, rows[name]) for name in SCENE), strict=True)
        orders: list[Order] = []
        for k, (key, amount, scene) in enumerate(zip(keys, wanted_minor.tolist(), scenes, strict=True)):
            told: dict[str, Any] = {
                "key": key, "customer": name_person(who[k]), "amount_minor": amount, "merchant": names.shop(merchants[k]),
                "order": key.rpartition(":")[2], "happened_at": names.at(moments[k]), "category": names.category(categories[k]),
                "scene": c.Scene(**dict(zip(SCENE, scene, strict=True))), "accept_less": accepts_less(key),
            }  # fmt: skip
            if months[k] in PERIODS:
                orders.append(c.BuyNow(**told, instalments=c.Instalments(periods=months[k])))
            elif online[k] and has_goods_sent(key):
                orders.append(c.AuthorisePurchase(**told))
            else:
                orders.append(c.BuyNow(**told))
        return orders

    def prove(self, command: Order, asked: Answer, *, asked_at: dt.datetime, day: int) -> Answer:
        """The customer reads the code and goes on with the order. asked_at: when the platform spoke, the end of the slice."""
        assert command.happened_at is not None, "orders of the city say when"
        known = self.known.get(f"{command.key}:proof")
        if known is not None:
            return known
        if day < self.live_from:
            return asked
        self.wiring.send_codes(asked_at)
        now = command.happened_at + PROOF_AFTER  # to the customer it was a matter of minutes
        proof = c.Continuation(suspension_id=int(asked["suspension_id"]), proof=self.wiring.read_code(asked["token"]))
        return self.do([go_on(command, proof, suffix=":proof")], now=now, day=day)[0]

    def remember(self, rows: Draft, k: int, answer: Answer) -> None:
        """What people keep in mind of an answer: the order's number, what is left of the limit, that a parcel will come."""
        who = int(rows["customer"][k])
        if "available_minor" in answer:
            self.screens.free_minor[who] = int(answer["available_minor"])
        if answer["outcome"] != "approved":
            return
        amount, number = amount_of(answer), int(answer["purchase_id"])
        self.purchases[int(rows["act"][k])] = (number, amount)
        self.screens.free_minor[who] -= amount
        if "held_minor" in answer:
            day = int(rows["at_us"][k] // US_PER_DAY) + 1 + number % 4
            self.parcels.setdefault(day, []).append((number, who, amount))

    def tell(self, rows: Draft, part: Ints, outcomes: Outcomes) -> Iterator[str]:
        """Orders of some rows, a line each for people who watch."""
        for k in part.tolist():
            if rows["kind"][k] == EventKind.PURCHASE and rows["credit"][k] > 0:
                at = self.names.at(int(rows["at_us"][k])).astimezone(ZONE)
                amount = int(outcomes.granted_minor[k]) or int(rows["amount_minor"][k])
                what = Heard(int(outcomes.code[k])).name.lower().replace("_", " ")
                who, shop = name_person(int(rows["customer"][k])), self.names.shop(int(rows["merchant"][k]))
                yield f"{at:%m-%d %H:%M:%S}  {who}  {amount / 100:>10,.2f}  {shop}: {what}"

    def ask_refunds(self, rows: Draft, part: Ints) -> Iterator[Asked]:
        """Goods go back; those of purchases that came about."""
        places = part[rows["kind"][part] == EventKind.REFUND]
        keys = self.names.keys(rows["act"][places])
        for k, key in zip(places.tolist(), keys):
            number, granted = self.purchases.get(int(rows["about"][k]), (0, 0))
            amount = min(int(rows["amount_minor"][k]), granted)
            if number and amount > 0:
                at = self.names.at(int(rows["at_us"][k]))
                who = name_person(int(rows["customer"][k]))
                yield (
                    k,
                    c.RefundPurchase(key=key, customer=who, purchase_id=number, amount_minor=amount, happened_at=at),
                )

    def ask_labels(self, rows: Draft, part: Ints) -> Iterator[Asked]:
        """Victims and partners say what was a fraud, and what was in order after all."""
        places = part[np.isin(rows["kind"][part], LABELS)]
        keys = self.names.keys(rows["act"][places])
        for k, key in zip(places.tolist(), keys):
            number, _ = self.purchases.get(int(rows["about"][k]), (0, 0))
            if number:
                told: dict[str, Any] = {
                    "key": key, "customer": name_person(int(rows["customer"][k])), "purchase_id": number,
                    "happened_at": self.names.at(int(rows["at_us"][k])),
                }  # fmt: skip
                says_fraud = rows["kind"][k] == EventKind.FRAUD_REPORTED
                yield k, c.ReportFraud(**told) if says_fraud else c.ClearReport(**told)

    def ask_repayments(self, rows: Draft, part: Ints) -> Iterator[Asked]:
        """A part of what is due, or a plain amount. A second payment of the same batch would see an old bill, and waits."""
        places = part[rows["kind"][part] == EventKind.REPAYMENT]
        who = rows["customer"][places]
        due, least = self.screens.due_minor[who], self.screens.minimum_minor[who]
        part_of_due = np.minimum(due, np.maximum(due * rows["share_ppm"][places] // PPM, np.minimum(least, due)))
        amount = np.where(rows["share_ppm"][places] > 0, part_of_due, rows["amount_minor"][places])
        first = np.zeros(len(places), np.bool_)
        first[np.unique(who, return_index=True)[1]] = True
        keys = self.names.keys(rows["act"][places])
        if self.autopay is not None and len(places):
            day = int(rows["at_us"][places[0]] // US_PER_DAY)
            first &= ~(self.autopay[who] & (self.screens.due_day[who] <= day))
        for i in np.flatnonzero(first & self.screens.opened[who]).tolist():
            if amount[i] > 0 or keys[i] in self.known:
                paid = max(int(amount[i]), 1)
                yield int(places[i]), c.Repay(key=keys[i], customer=name_person(int(who[i])), amount_minor=paid)

    def take_answer(self, command: c.Command, answer: Answer, who: int) -> int:
        """What people keep in mind of anything but an order. Minor units that moved, 1 for a label that was taken in, 0 for a no."""
        if answer["outcome"] != "done":
            return 0
        if isinstance(command, c.Repay):
            paid = int(answer["repaid_minor"])
            self.screens.free_minor[who] += paid
            self.screens.due_minor[who] = max(int(self.screens.due_minor[who]) - paid, 0)
            return paid
        if isinstance(command, c.RefundPurchase):
            back = int(answer["refunded_minor"]) + int(answer["released_minor"])
            self.screens.free_minor[who] += back
            return back
        return 1

    def resume(self, passed: Iterable[int], *, day: int) -> list[tuple[int, Draft, Outcomes]]:
        """Orders that a reviewer let pass are gone on with: (day of the want, its row, what came of it)."""
        found = []
        for suspension_id in passed:
            if suspension_id not in self.reviewed:
                continue
            rows, asked_on = self.reviewed.pop(suspension_id)
            amounts = self.choose_amounts(rows)
            (asked,) = self.make_orders(rows, amounts)
            wanted = int(amounts[0])
            now = self.names.at(day * US_PER_DAY + US_PER_DAY // 2)
            order = go_on(asked, c.Continuation(suspension_id=suspension_id), suffix=":passed")
            (answer,) = self.do([order], now=now, day=day)
            self.remember(rows, 0, answer)
            granted = amount_of(answer) if answer["outcome"] == "approved" else 0
            outcomes = Outcomes(
                np.array([hear(answer, wanted, first="review")], np.int8), np.array([granted], np.int64)
            )
            self.diary.note(
                rows, wanted_minor=np.array([wanted]), granted_minor=outcomes.granted_minor, heard=outcomes.code,
                word=np.array([WORDS.index("review")]), short=np.zeros(1), decision_id=np.array([suspension_id]),
            )  # fmt: skip
            found.append((asked_on, rows, outcomes))
        return found


def due_days(today: dt.date) -> tuple[dt.date, ...]:
    """Due days of the bill that is out and of the one before, for the first pair of the terms (cut on the 1st, due on the 10th)."""
    this = today.replace(day=10)
    last = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=10)
    return (last, this)


def go_on(command: Order, proof: c.Continuation, *, suffix: str) -> Order:
    """The same order, going on with its suspension."""
    return replace(command, key=command.key + suffix, happened_at=None, continues=proof)


def amount_of(answer: Answer) -> int:
    """What an order was granted."""
    return int(answer.get("amount_minor") or answer.get("held_minor") or 0)


def hear(answer: Answer, wanted_minor: int, *, first: str) -> Heard:
    """An answer in the words of the city; first: the platform's first word on the order."""
    outcome = answer["outcome"]
    if outcome == "approved":
        if first == "step_up":
            return Heard.PASSED_STEP_UP
        return Heard.APPROVED if amount_of(answer) >= wanted_minor else Heard.APPROVED_LESS
    if outcome == "none":
        return Heard.NOT_TRIED
    if outcome in SUSPENDED:
        return SUSPENDED[outcome]
    return Heard.REFUSED_LIMIT if answer.get("code") in RULES else Heard.REFUSED_RISK


__all__ = ["Platform", "Wiring", "amount_of", "due_days", "hear"]
