"""One batch of commands in one transaction: load and lock, let days pass, decide in order, book. The shell around pure handlers."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
import psycopg

from honghua.base.clock import from_micros
from honghua.credit import store
from honghua.credit.booking import Booking, Cause
from honghua.credit.core import commands as c
from honghua.credit.core.account import Account, Lines, event_row
from honghua.credit.core.deciding import RULE_INPUTS
from honghua.credit.core.desk import Answer, Desk, Result, Suspension, view_purchase
from honghua.credit.core.dispatch import handle
from honghua.credit.core.layout import S_OWN_MINIMUM, S_SEQ
from honghua.credit.core.refusals import refusal
from honghua.credit.plain.buying import PlainRun, is_plain
from honghua.credit.plain.orders import Survey
from honghua.credit.plain.table import AccountTable
from honghua.credit.proving import STEP_UP_WISH, TOKEN_BYTES
from honghua.credit.refold import each_fact, refold_account
from honghua.credit.registry import Registry
from honghua.credit.store_suspensions import count_tries, lock_suspensions, write_suspensions
from honghua.decision.core import WITHIN_LIMIT, Outcome
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.commands import save_commands
from honghua.store.facts import allocate_fact_ids, read_facts, read_facts_of_purchases
from honghua.store.ids import allocate
from honghua.store.wishes import wish

UNSENSED = (-1, None)
PLAIN_FROM = 16  # purchases in a unit: below, columns cost more than they save
FACTS_PER_COMMAND = 3  # the most that one command books (a suspension settled, a limit for the order, the purchase)
HOLD_KINDS = frozenset({
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.AUTHORISATION_RELEASED, FactKind.FACT_REVERSED,
})  # fmt: skip
OF_PURCHASES = (c.CapturePurchase, c.VoidAuthorisation, c.RefundPurchase, c.ReportFraud, c.ClearReport)
OF_SUSPENSIONS = (c.SettleReview, c.LapseSuspension)
Purchases = dict[int, list[tuple[int, Fact]]]


@dataclass(slots=True)
class Unit:
    """The state of one unit of work: accounts in hand, purchases and facts looked up, what will be written."""

    conn: psycopg.Connection
    registry: Registry
    booking: Booking
    accounts: dict[str, Account] = field(default_factory=dict)
    purchases: Purchases = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    reversed_facts: set[int] = field(default_factory=set)
    pending: dict[int, list[tuple[int, Fact]]] = field(default_factory=lambda: defaultdict(list))
    issued: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    suspended: list[Suspension] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)  # suspension, the command that went on with it
    ended: list[tuple[int, str]] = field(default_factory=list)  # suspension, its state from here on
    # Row among those sensed together, with value day and fee, by place in the batch.
    rows: dict[int, tuple[int, tuple[int, int]]] = field(default_factory=dict)
    sensed_to: int = 0
    plainly: bool = False  # whether every command is a plain purchase
    bought: PlainRun | None = None  # the plain purchases among those sensed together
    table: AccountTable = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.booking.today, 0, self.registry.terms, self.registry.terms_ids, self.registry.merchants,
            self.registry.categories, self.purchases, self.facts, self.reversed_facts, now_us=self.booking.happened_at,
        )  # fmt: skip

    def run(self, commands: Sequence[c.Command], hashes: Sequence[bytes]) -> list[Answer]:
        """Answer commands with new keys, in order, and write everything."""
        risk = self.registry.risk
        if risk is not None:
            risk.begin(self.conn)
            self.desk.decider = risk
        self.load(commands)
        command_ids = allocate(self.conn, "store_command_id", len(commands)).tolist()
        fact_ids = iter(allocate_fact_ids(self.conn, FACTS_PER_COMMAND * len(commands)).tolist())
        answers = self.answer_all(commands, command_ids, fact_ids)
        if risk is not None:
            risk.end(self.conn, self.booking.facts, self.desk.now_us, last_fact_id=self.booking.last_fact_id())
        self.booking.write(self.conn, self.registry.bundle_ids)
        self.write_holds()
        write_suspensions(self.conn, self.suspended, self.settled, self.ended)
        save_commands(
            self.conn, [command.key for command in commands], hashes, [msgspec.json.encode(answer) for answer in answers], command_ids
        )  # fmt: skip
        return answers

    def answer_all(
        self, commands: Sequence[c.Command], command_ids: Sequence[int], fact_ids: Iterator[int]
    ) -> list[Answer]:
        """Every command in its turn: plain purchases as many at once as stand together, the rest one by one."""
        answers: list[Answer] = []
        self.plainly = len(commands) >= PLAIN_FROM and len(self.currencies()) == 1 and all(map(is_plain, commands))
        while len(answers) < len(commands):
            spot = len(answers)
            if spot >= self.sensed_to and isinstance(commands[spot], c.Order):
                self.survey(commands, command_ids, spot)
            booked = self.book_plain(spot, fact_ids)
            if booked:
                answers += booked
                continue
            command = commands[spot]
            self.desk.row, self.desk.checked = self.rows.get(spot, UNSENSED)
            answers.append(self.answer(command, command_ids[spot], fact_ids))
            account = self.accounts.get(command.customer)
            place = self.table.let_go(account) if account is not None else -1
            if place >= 0 and self.bought is not None:
                self.bought.forsake(place)
        return answers

    def survey(self, commands: Sequence[c.Command], command_ids: Sequence[int], spot: int) -> None:
        """Look at the orders that stand together from here on, all at once: one pass over the engine's state, one over the rules."""
        risk = self.registry.risk
        if risk is None and not self.plainly:
            return
        survey = Survey()
        self.sensed_to = survey.gather(commands, spot, self.accounts, self.desk)
        self.rows, self.bought = {}, None
        if not survey.spots:
            return
        orders = survey.columns(self.table, self.desk, command_ids)
        approved = WITHIN_LIMIT.approves(orders.inputs[:, :RULE_INPUTS])  # the account's own rules bind every policy
        if risk is None:
            self.rows = {place: (-1, checked) for place, checked in zip(survey.spots, survey.checked, strict=True)}
        else:
            approved &= risk.sense(orders)
            self.rows = {place: (k, survey.checked[k]) for k, place in enumerate(survey.spots)}
        if self.plainly:
            self.bought = PlainRun(survey, orders, approved, self.table)

    def book_plain(self, spot: int, fact_ids: Iterator[int]) -> list[Answer]:
        """Answers to the plain purchases that could be booked from here on; none where the next one is not plain."""
        if self.bought is None:
            return []
        (currency,) = self.currencies()
        rows = self.bought.book(spot, fact_ids, self.booking, currency)
        if rows.stop == rows.start:
            return []
        if self.registry.risk is not None:
            self.registry.risk.hear(rows)
        else:
            self.booking.decisions += self.bought.decisions(rows)
        return self.bought.answers(rows, self.booking.plain[-1].fact_id)

    def currencies(self) -> set[str]:
        """Of all versions of the terms."""
        return {terms.currency for terms in self.registry.terms.values()}

    def load(self, commands: Sequence[c.Command]) -> None:
        """Look up names, lock accounts in one order, let their days pass, read the purchases in question."""
        opening = sorted({command.customer for command in commands if isinstance(command, c.OpenAccount)})
        refs = {command.customer for command in commands}
        self.registry.learn_accounts(self.conn, refs)
        orders = [command for command in commands if isinstance(command, c.Order)]
        currency = self.registry.terms[max(self.registry.terms)].currency
        self.registry.learn_merchants(self.conn, (order.merchant for order in orders), currency)
        self.registry.learn_categories(self.conn, (order.category for order in orders))
        ids = np.array(sorted({self.registry.accounts[ref] for ref in refs if ref in self.registry.accounts}), np.int64)
        rows = store.load_accounts(self.conn, ids, lock=True)
        self.table = AccountTable(rows, self.registry.terms_rows)
        moved = self.table.pass_quiet_days(self.booking.today)
        for account in self.table.accounts:
            self.accounts[account.customer_ref] = account
            lines = moved.get(account.place)
            if lines is not None:
                self.days_passed(account, lines, self.booking.today)
            elif not account.quarantined:
                self.pass_days(account)
                self.table.let_go(account)
        self.prepare_openings([ref for ref in opening if ref not in self.accounts], currency)
        self.load_purchases(commands)
        self.load_suspensions(
            [order.continues for order in orders if order.continues is not None],
            [command.suspension_id for command in commands if isinstance(command, OF_SUSPENSIONS)],
        )

    def load_suspensions(self, wanted: Sequence[c.Continuation], ended: Sequence[int]) -> None:
        """Lock the suspended purchases in question, and check the proofs that orders bring."""
        if not wanted and not ended:
            return
        found = lock_suspensions(self.conn, sorted({*(one.suspension_id for one in wanted), *ended}))
        self.desk.suspensions = found
        prover = self.registry.prover
        tried = [one for one in wanted if one.suspension_id in found and one.proof and found[one.suspension_id].token]
        proven = {
            one.suspension_id
            for one in tried
            if prover is not None and prover.check(found[one.suspension_id].token, one.proof)
        }
        count_tries(self.conn, [one.suspension_id for one in tried if one.suspension_id not in proven])
        self.desk.proven = proven

    def prepare_openings(self, refs: Sequence[str], currency: str) -> None:
        """Give customers without an account an empty one to open."""
        if not refs:
            return
        ids = ledger.open_owners(self.conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency=currency)
        for ref, account_id in zip(refs, ids.tolist(), strict=True):
            self.accounts[ref] = Account(account_id, ref, self.registry.terms_rows)

    def load_purchases(self, commands: Sequence[c.Command]) -> None:
        """Facts of the purchases that commands name, and all facts of accounts where one is to be reversed or goods come back."""
        purchase_ids = {command.purchase_id for command in commands if isinstance(command, OF_PURCHASES)}
        purchase_ids |= {command.suspension_id for command in commands if isinstance(command, OF_SUSPENSIONS)}
        reversals = [command for command in commands if isinstance(command, c.ReverseFact | c.RefundPurchase)]
        ids = sorted(
            {self.accounts[command.customer].account_id for command in reversals if command.customer in self.accounts}
        )
        for fact_id, fact in (
            *each_fact(read_facts(self.conn, np.array(ids, np.int64)) if ids else None),
            *each_fact(
                read_facts_of_purchases(self.conn, np.array(sorted(purchase_ids), np.int64)) if purchase_ids else None
            ),
        ):
            if fact_id not in self.facts:
                self.remember(fact_id, fact)

    def remember(self, fact_id: int, fact: Fact) -> None:
        """Make a fact visible to the handlers of later commands of this batch."""
        self.facts[fact_id] = fact
        if fact.purchase_id:
            self.purchases.setdefault(fact.purchase_id, []).append((fact_id, fact))
        if fact.reverses_fact_id:
            self.reversed_facts.add(fact.reverses_fact_id)

    def pass_days(self, account: Account) -> None:
        """Close every day of an account that lies before the business date: online work never waits for end of day."""
        today = self.booking.today
        while account.needs_days(today):
            stop = account.next_stop(today)
            lines, statement = account.pass_days(stop)
            self.days_passed(account, lines, stop)
            if statement is not None:
                self.issued[account.account_id][int(statement[S_SEQ])] = int(statement[S_OWN_MINIMUM])
                self.booking.statements.append(
                    (account.account_id, statement, account.snapshot(), account.last_fact_id)
                )

    def days_passed(self, account: Account, lines: Lines, to: int) -> None:
        """Collect what days alone did to an account."""
        self.booking.touched[account.account_id] = account
        self.booking.post(account, self.currency(account), lines, Cause(FactKind.DAY_CLOSED, to))

    def currency(self, account: Account) -> str:
        """Currency of the account's terms."""
        return self.registry.terms[int(account.head[2])].currency

    def answer(self, command: c.Command, command_id: int, fact_ids: Iterable[int]) -> Answer:
        """Decide one command on its account and take its facts into the unit."""
        account = self.accounts.get(command.customer)
        if account is None:
            return refusal("ACCOUNT_UNKNOWN")
        desk = self.desk
        desk.command_id = command_id
        result = handle(command, account, desk)
        if result.decision is not None:
            self.booking.decide(account.account_id, command_id, result.decision)
        if result.suspended is not None:
            self.suspended.append(self.give_token(result.suspended, result.answer))
        if result.settled:
            self.settled.append((result.settled, command_id))
        if result.ended is not None:
            self.ended.append(result.ended)
        for suspension_id, state in ((result.settled, "used"), *((result.ended,) if result.ended else ())):
            if suspension_id:
                known = replace(self.desk.suspensions[suspension_id], state=state)
                self.desk.suspensions = {**self.desk.suspensions, suspension_id: known}
        booked = self.book(account, result, command_id, fact_ids)
        if booked and result.answer["outcome"] != "refused":
            result.answer["fact_id"] = booked[-1] if isinstance(command, c.Order) else booked[0]
            if len(booked) > 1:
                result.answer["fact_ids"] = booked
        return result.answer

    def give_token(self, suspended: Suspension, answer: Answer) -> Suspension:
        """A step-up is known outside by a token that nobody can guess; its sending is wished for and happens after the commit."""
        if suspended.outcome != Outcome.STEP_UP:
            return suspended
        token = secrets.token_hex(TOKEN_BYTES)
        answer["token"] = token
        body = {"token": token, "account_id": suspended.account_id, "kind": answer.get("kind", "")}
        at = from_micros(self.desk.now_us)
        wish(self.conn, kind=STEP_UP_WISH, key=f"step_up:{suspended.suspension_id}", body=body, due_at=at)
        return replace(suspended, token=token)

    def book(self, account: Account, result: Result, command_id: int, fact_ids: Iterable[int]) -> list[int]:
        """Apply a result's facts to the account and collect what they write."""
        booked = []
        for fact in result.facts:
            fact_id = next(iter(fact_ids))
            booked.append(fact_id)
            self.booking.record(fact_id, fact, command_id)
            self.remember(fact_id, fact)
            self.pending[account.account_id].append((fact_id, fact))
            if fact.kind is FactKind.FACT_REVERSED or fact.kind not in PASSED_OVER:
                self.apply(account, fact_id, fact)
            account.last_fact_id = fact_id
            self.booking.touched[account.account_id] = account
        return booked

    def apply(self, account: Account, fact_id: int, fact: Fact) -> None:
        """Move the account: on its day at once, an earlier or reversed fact by folding anew and posting the difference."""
        if fact.kind is FactKind.ACCOUNT_OPENED:
            self.booking.opened[account.account_id] = account
            lines = account.apply(event_row(fact), terms_id=fact.args[2])
        elif fact.kind is FactKind.FACT_REVERSED or fact.effective_on < self.booking.today:
            issued = self.issued[account.account_id]
            again = refold_account(self.conn, account, self.pending[account.account_id], issued, to=self.booking.today)
            lines = account.replace(again)
        else:
            lines = account.apply(event_row(fact))
        cause = Cause(int(fact.kind), fact.value_on, fact_id, fact.counterparty_id)
        self.booking.post(account, self.currency(account), lines, cause)

    def write_holds(self) -> None:
        """Bring the pending holds of the purchases touched up to date."""
        touched = {
            fact.purchase_id
            for _, fact, _ in self.booking.facts
            if fact.kind in HOLD_KINDS and (fact.kind is not FactKind.PURCHASE_CAPTURED or fact.args[0])
        }
        changes = []
        for purchase_id in sorted(touched & self.purchases.keys()):
            facts = self.purchases[purchase_id]
            view = view_purchase(facts, self.reversed_facts)
            expires_on = next((fact.args[0] for _, fact in facts if fact.kind is FactKind.PURCHASE_AUTHORISED), None)
            if view is not None and expires_on is not None:
                changes.append((purchase_id, view.account_id, view.held_minor, expires_on))
        store.change_holds(self.conn, changes)


__all__ = ["Unit"]
