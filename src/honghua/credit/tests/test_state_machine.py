"""Every command in any order, late ones and reversals too, on the pure core; the model must agree after each."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from honghua.base.dates import to_day
from honghua.credit.core import commands as c
from honghua.credit.core.tests.compare import state_differences, statement_differences
from honghua.credit.core.tests.memory import MemoryBook
from honghua.credit.tests.machine import FIRST_DAY, CreditRules
from honghua.ledger.core.chart import Component

C = Component


class MemoryMachine(CreditRules):
    """Runs the pure core."""

    steps = 0  # of all runs

    def start(self) -> None:
        self.book = MemoryBook(terms=self.terms, today=to_day(FIRST_DAY))

    def submit(self, command: c.Command) -> None:
        self.heed(command, self.book.execute(command))

    def move_days(self, days: int) -> None:
        self.book.pass_days(days)
        self.oracle.pass_days(days)

    @invariant()
    def state_is_what_the_model_says(self) -> None:
        MemoryMachine.steps += 1
        for customer, told in self.oracle.told.items():
            if told.life.status == "none":
                continue
            account = self.book.account(customer)
            differences = state_differences(account, told) + statement_differences(self.book.statements[customer], told)
            assert not differences, f"{customer} on {self.oracle.today}: " + "; ".join(differences)
            balance = account.balance
            assert int(balance.sum()) == 0
            assert int(balance[C.LIMIT_GRANTED : C.LIMIT_OVER + 1].sum()) == 0
            assert min(balance[:6].min(), balance[C.LIMIT_AVAILABLE], balance[C.LIMIT_HELD], balance[C.LIMIT_USED]) >= 0
            assert self.book.ledger[customer].tolist() == balance.tolist()


def test_any_commands_in_any_order():
    run_state_machine_as_test(MemoryMachine, settings=settings(max_examples=40, stateful_step_count=50))


@pytest.mark.slow
def test_a_hundred_thousand_steps():
    MemoryMachine.steps = 0
    run_state_machine_as_test(MemoryMachine, settings=settings(max_examples=2_700, stateful_step_count=50))
    assert MemoryMachine.steps >= 100_000
