"""One batch of commands in one transaction: load and lock, let days pass, decide in order, book. The shell around pure handlers."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros
from honghua.base.dates import from_day
from honghua.credit import store
from honghua.credit.booking import Booking, Cause
from honghua.credit.core import commands as c
from honghua.credit.core.account import Account, AccountBroken, Lines, event_row
from honghua.credit.core.deciding import RULE_INPUTS, refuse
from honghua.credit.core.desk import Answer, DecisionDraft, Desk, Result, Suspension, view_purchase
from honghua.credit.core.dispatch import handle
from honghua.credit.core.layout import S_OWN_MINIMUM, S_SEQ
from honghua.credit.core.refusals import refusal
from honghua.credit.guarding import load_guards, write_guards
from honghua.credit.plain.buying import FactIds, PlainRun
from honghua.credit.plain.opening import lock_accounts
from honghua.credit.plain.orders import Survey, is_plain
from honghua.credit.plain.table import AccountTable
from honghua.credit.proving import STEP_UP_WISH, TOKEN_BYTES
from honghua.credit.refold import each_fact, refold_account
from honghua.credit.registry import Registry
from honghua.credit.store_suspensions import count_tries, lock_suspensions, write_suspensions
from honghua.credit.viewing.stops import StoredStops
from honghua.decision.core import WITHIN_LIMIT, Outcome
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.commands import save_commands
from honghua.store.facts import FACT_SEQUENCE, read_facts, read_facts_of_purchases
from honghua.store.ids import allocate_each
from honghua.store.server.overlapping import overlapped
from honghua.store.wishes import wish

Ints = NDArray[np.int64]
UNSENSED = (-1, None)
COMMAND_SEQUENCE = "store_command_id"
PLAIN_FROM = 1  # plain purchases in a unit: columns cost no more than handlers even for one
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
    last_fact_id: int = 0  # of the book when our turn came, told where an engine judges
    accounts: dict[str, Account] = field(default_factory=dict)
    purchases: Purchases = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    reversed_facts: set[int] = field(default_factory=set)
    pending: dict[int, list[tuple[int, Fact]]] = field(default_factory=lambda: defaultdict(list))
    issued: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    suspended: list[Suspension] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)  # suspension, the command that went on with it
    ended: list[tuple[int, str]] = field(default_factory=list)  # suspension, its state from here on
    wishes: list[dict[str, Any]] = field(default_factory=list)  # what the outside shall be asked for after the commit
    command_ids: list[int] = field(default_factory=list)
    # Row among those sensed together, with value day and fee, by place in the batch.
    rows: dict[int, tuple[int, tuple[int, int]]] = field(default_factory=dict)
    sensed_to: int = 0
    plainly: bool = False  # whether enough of the commands are plain purchases
    stirred: set[str] = field(default_factory=set)  # customers of whom there are other commands
    bought: PlainRun | None = None  # the plain purchases among those sensed together
    table: AccountTable = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.booking.today, 0, self.registry.terms, self.registry.terms_ids, self.registry.merchants,
            self.registry.categories, self.purchases, self.facts, self.reversed_facts, now_us=self.booking.happened_at,
            stops=StoredStops(self.conn),
        )  # fmt: skip

    def run(self, commands: Sequence[c.Command], hashes: Sequence[bytes]) -> list[Answer]:
        """Answer commands with new keys, in order, and write everything."""
        risk = self.registry.risk
        if risk is not None:
            risk.begin(self.conn, self.last_fact_id)
            self.desk.decider = risk
        else:
            self.desk.exclusions = self.registry.learn_exclusions(self.conn)
        self.load(commands)
        answers = self.decide(commands, allocate_each(self.conn, self.count_numbers(len(commands))))
        with overlapped(self.conn):
            if risk is not None:
                risk.end(self.conn, self.booking.facts, self.desk.now_us, last_fact_id=self.booking.last_fact_id())
            self.write(self.conn, [command.key for command in commands], hashes, answers)
        return answers

    def count_numbers(self, commands: int) -> dict[str, int]:
        """How many numbers of each kind so many commands need at most, once their accounts are loaded."""
        return {
            COMMAND_SEQUENCE: commands, FACT_SEQUENCE: FACTS_PER_COMMAND * commands,
            ledger.ENTRY_SEQUENCE: self.booking.count_entries() + FACTS_PER_COMMAND * commands,
        }  # fmt: skip

    def decide(self, commands: Sequence[c.Command], numbers: Sequence[Ints]) -> list[Answer]:
        """Answer commands whose accounts are loaded, in order; what that changes is collected. numbers: as `count_numbers` asks."""
        command_ids, fact_ids, self.booking.entry_ids = numbers
        self.command_ids = command_ids.tolist()
        answers = self.answer_all(commands, self.command_ids, FactIds(fact_ids))
        self.table.take(self.booking.touched.values())
        return answers

    def write(
        self, conn: psycopg.Connection, keys: Sequence[str], hashes: Sequence[bytes], answers: Sequence[Answer]
    ) -> None:
        """Write everything that was collected, in the caller's transaction; the engine's records are written beside it."""
        self.table.store(conn)
        self.booking.write(conn, self.registry.bundle_ids)
        self.write_holds(conn)
        write_suspensions(conn, self.suspended, self.settled, self.ended)
        write_guards(conn, self.desk.guards, self.booking.facts, now_us=self.desk.now_us)
        for one in self.wishes:
            wish(conn, **one)
        save_commands(conn, keys, hashes, [msgspec.json.encode(answer) for answer in answers], self.command_ids)

    def answer_all(self, commands: Sequence[c.Command], command_ids: Sequence[int], fact_ids: FactIds) -> list[Answer]:
        """Every command in its turn: plain purchases as many at once as stand together, the rest one by one."""
        answers: list[Answer] = []
        self.stirred = {command.customer for command in commands if not is_plain(command)} | self.desk.guards.customers
        plain = sum(command.customer not in self.stirred for command in commands) if len(commands) >= PLAIN_FROM else 0
        self.plainly = plain >= PLAIN_FROM and len(self.currencies()) == 1
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
            self.look_after(command.customer)
        self.close_run()
        return answers

    def look_after(self, customer: str) -> None:
        """A handler was at work: see whether the account still is a row of the table."""
        account = self.accounts.get(customer)
        place = self.table.let_go(account) if account is not None else -1
        if account is not None and place >= 0:
            self.booking.touched[account.account_id] = account
            if self.bought is not None:
                self.bought.forsake(place)

    def find(self, customer: str) -> Account | None:
        """The customer's working account, if there is one."""
        account = self.accounts.get(customer)
        if account is None:
            account = self.table.find(customer)
            if account is not None:
                self.accounts[customer] = account
        return account

    def survey(self, commands: Sequence[c.Command], command_ids: Sequence[int], spot: int) -> None:
        """Look at the orders that stand together from here on, all at once: one pass over the engine's state, one over the rules."""
        risk = self.registry.risk
        if risk is None and not self.plainly:
            return
        self.close_run()
        survey = Survey(self.table, self.desk, self.find)
        self.sensed_to = survey.gather(commands, spot)
        self.rows = {}
        if not survey.spots:
            return
        orders = survey.columns(command_ids)
        approved = WITHIN_LIMIT.approves(orders.inputs[:, :RULE_INPUTS])  # the account's own rules bind every policy
        if risk is None:
            self.rows = {place: (-1, checked) for place, checked in zip(survey.spots, survey.checked, strict=True)}
            approved &= ~survey.find_barred()
        else:
            approved &= risk.sense(orders)
            self.rows = {place: (k, survey.checked[k]) for k, place in enumerate(survey.spots)}
        if self.plainly:
            self.bought = PlainRun(survey, orders, approved, self.table, self.stirred)

    def close_run(self) -> None:
        """Collect what was booked of the plain purchases that stood together."""
        if self.bought is not None:
            self.bought.close(self.booking, *self.currencies())
            self.bought = None

    def book_plain(self, spot: int, fact_ids: FactIds) -> list[Answer]:
        """Answers to the plain purchases that could be booked from here on; none where the next one is not plain."""
        if self.bought is None:
            return []
        rows = self.bought.book(spot, fact_ids, self.booking.today)
        if rows.stop == rows.start:
            return []
        if self.registry.risk is not None:
            self.registry.risk.hear(rows)
        else:
            self.booking.decisions += self.bought.decisions(rows)
        return self.bought.answers(rows)

    def currencies(self) -> set[str]:
        """Of all versions of the terms."""
        return {terms.currency for terms in self.registry.terms.values()}

    def load(self, commands: Sequence[c.Command]) -> None:
        """Look up names, lock accounts in one order, let their days pass, read the purchases in question."""
        opening = sorted({command.customer for command in commands if isinstance(command, c.OpenAccount)})
        refs = {command.customer for command in commands}
        orders = [command for command in commands if isinstance(command, c.Order)]
        currency = self.registry.newest_terms.currency
        self.registry.learn_merchants(self.conn, (order.merchant for order in orders), currency)
        self.registry.learn_categories(self.conn, (order.category for order in orders))
        known = self.registry.accounts
        ids = np.array(sorted({known[ref] for ref in refs if ref in known}), np.int64)
        rows = lock_accounts(self.conn, ids, self.registry.find_strangers(refs))
        known.update(zip(rows.refs, rows.ids.tolist(), strict=True))
        who = dict(zip(rows.ids.tolist(), rows.refs, strict=True))
        self.desk.guards = load_guards(self.conn, who, commands, today=self.booking.today)
        self.desk.guards.rules = self.registry.cap_rules
        self.desk.guards.others.find_here = self.find
        named = {
            command.terms for command in commands if isinstance(command, c.OpenAccount) and command.terms is not None
        }
        self.registry.learn_terms(self.conn, names=named)
        terms_rows = self.registry.learn_terms_of(self.conn, rows)
        self.desk.terms_ids = self.registry.terms_ids
        self.table = AccountTable(rows, terms_rows, self.booking.today)
        self.reach_today()
        self.prepare_openings([ref for ref in opening if self.find(ref) is None], currency)
        self.load_purchases(commands)
        self.load_suspensions(
            [order.continues for order in orders if order.continues is not None],
            [command.suspension_id for command in commands if isinstance(command, OF_SUSPENSIONS)],
        )

    def reach_today(self) -> None:
        """Let days pass for all accounts, in their order."""
        table, today = self.table, self.booking.today
        moved = table.pass_quiet_days(today)
        for ref, why in table.broken.items():
            self.quarantine(ref, why)
        late = sorted({*moved, *table.late(today).tolist()})
        for ref in [*table.alone, *(table.refs[k] for k in late)]:
            account = self.find(ref)
            assert account is not None, "it was loaded"
            if account.place in moved:
                self.days_passed(account, moved[account.place], today)
            elif not account.quarantined:
                mark = self.booking.mark()
                try:
                    self.pass_days(account)
                except AccountBroken as broken:
                    self.booking.back_to(mark)
                    self.quarantine(ref, str(broken))
                table.let_go(account)

    def quarantine(self, customer: str, why: str) -> None:
        """An account that its own kernel refuses waits for a person, as its row was found; nobody else waits for it."""
        account = self.find(customer)
        assert account is not None, "it was loaded"
        store.quarantine(self.conn, account.account_id, day=from_day(self.booking.today), error=why)
        account.quarantined = True
        self.booking.touched.pop(account.account_id, None)
        if account.place >= 0:
            self.table.touched[account.place] = False
            self.table.quarantined[account.place] = True
            if self.bought is not None:
                self.bought.forsake(account.place)
        account.place = -1

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
        found = [self.find(command.customer) for command in reversals]
        ids = sorted({account.account_id for account in found if account is not None})
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

    def answer(self, command: c.Command, command_id: int, fact_ids: FactIds) -> Answer:
        """Decide one command on its account and take its facts into the unit."""
        account = self.find(command.customer)
        if account is None:
            return refusal("ACCOUNT_UNKNOWN")
        self.desk.command_id = command_id
        if account.quarantined and self.desk.checked is not None:  # it broke after it was looked at
            return self.decline(command, account, fact_ids)
        mark = self.booking.mark()
        try:
            return self.book_answer(command, account, handle(command, account, self.desk), fact_ids)
        except AccountBroken as broken:
            self.booking.back_to(mark)
            self.quarantine(command.customer, str(broken))
            return self.decline(command, account, fact_ids)

    def decline(self, command: c.Command, account: Account, fact_ids: FactIds) -> Answer:
        """What is said of a broken account. A purchase that was sensed leaves its fact: the engine has learnt of it."""
        if self.desk.row < 0 or self.registry.risk is None:
            return refusal("ACCOUNT_QUARANTINED")
        assert isinstance(command, c.Order), "only orders are sensed"
        self.registry.risk.hear(slice(self.desk.row, self.desk.row + 1))
        draft = DecisionDraft(int(Outcome.REFUSE), "", (), by_engine=True)
        result = refuse(command, account, self.desk, draft, code="ACCOUNT_QUARANTINED")
        self.book(account, result, self.desk.command_id, fact_ids)
        del self.booking.touched[account.account_id]
        return result.answer

    def book_answer(self, command: c.Command, account: Account, result: Result, fact_ids: FactIds) -> Answer:
        """Take what a command came to into the unit."""
        command_id = self.desk.command_id
        booked = self.book(account, result, command_id, fact_ids)
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
        self.wishes.append({
            "kind": STEP_UP_WISH, "key": f"step_up:{suspended.suspension_id}", "body": body, "due_at": at,
        })  # fmt: skip
        return replace(suspended, token=token)

    def book(self, account: Account, result: Result, command_id: int, fact_ids: FactIds) -> list[int]:
        """Apply a result's facts to the account and collect what they write."""
        booked = []
        for fact in result.facts:
            fact_id = int(fact_ids.take(1)[0])
            booked.append(fact_id)
            self.booking.record(fact_id, fact, command_id)
            self.remember(fact_id, fact)
            self.desk.guards.hear(fact_id, fact)
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

    def write_holds(self, conn: psycopg.Connection) -> None:
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
        store.change_holds(conn, changes)


__all__ = ["Unit"]
