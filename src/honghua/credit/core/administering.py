"""Open, limits, days, status, write-off: what the lender and the customer settle about the account itself."""

from __future__ import annotations

from honghua.base.dates import NO_DAY, add_months, to_day
from honghua.credit.core.account import Account
from honghua.credit.core.commands import (
    ChangeLimit,
    ChangePair,
    EndTemporaryLimit,
    GrantTemporaryLimit,
    LimitCause,
    OpenAccount,
    SetStatus,
    WriteOff,
)
from honghua.credit.core.desk import Desk, Result, check_live, check_person, is_amount, iso
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import (
    H_CHARGED_OFF,
    H_HELD,
    H_LIMIT,
    H_NEXT_CUT_DAY,
    H_OVERDUE_SINCE,
    H_PAIR_CHANGED,
    H_TEMPORARY,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_FROZEN,
)  # fmt: skip
from honghua.credit.core.lines.purposes import purpose_of
from honghua.credit.core.prudence.evidence import ENDS_WAITING, Needs
from honghua.credit.core.prudence.growth import OPENINGS, RAISES
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import ProductTerms, find_newest
from honghua.facts.kinds import Fact, FactKind
from honghua.ledger.core import CLAIM


def open_account(command: OpenAccount, account: Account, desk: Desk) -> Result:
    """Open the account under the named terms (None = the newest for what the reference is for)."""
    if account.exists:
        return Result(refusal("ACCOUNT_EXISTS", account_id=account.account_id))
    purpose = purpose_of(command.customer)
    terms_id = find_newest(desk.terms, purpose) if command.terms is None else desk.terms_ids.get(command.terms)
    if terms_id is None:
        return Result(refusal("TERMS_UNKNOWN", offered=sorted(desk.terms_ids)))
    terms = desk.terms[terms_id]
    if terms.purpose != purpose:
        return Result(refusal("PURPOSE_OTHER"))
    if desk.stops.is_stopped(OPENINGS):
        return Result(refusal("GROWTH_STOPPED"))
    if not is_amount(command.limit_minor, terms.limit_minor_max):
        return Result(refusal("LIMIT_TOO_HIGH", limit_minor_max=terms.limit_minor_max))
    pair = command.pair or terms.pairs[0]
    if pair not in terms.pairs:
        return Result(refusal("PAIR_NOT_OFFERED", offered=[list(p) for p in terms.pairs]))
    if command.limit_minor > desk.find_room(command.customer, terms):
        return Result(refusal("PERSON_CAP"))
    fact = Fact(
        FactKind.ACCOUNT_OPENED, account.account_id, desk.today, desk.today, command.limit_minor, (*pair, terms_id),
        reference=command.customer,
    )  # fmt: skip
    return Result(
        {"outcome": "done", "account_id": account.account_id, "limit_minor": command.limit_minor, "pair": list(pair)},
        (fact,),
    )


def change_pair(command: ChangePair, account: Account, desk: Desk) -> Result:
    """Another pair of days from the next cycle on; once in `pair_change_months`, account in order (R-013)."""
    problem = check_live(account)
    terms: ProductTerms | None = None
    if problem is None:
        terms = desk.terms_of(account)
        changed = int(account.head[H_PAIR_CHANGED])
        if int(account.head[H_OVERDUE_SINCE]):
            problem = refusal("OVERDUE")
        elif (command.cut_day, command.due_day) not in terms.change_pairs:
            problem = refusal("PAIR_NOT_OFFERED", offered=[list(p) for p in terms.change_pairs])
        elif int(account.head[H_NEXT_CUT_DAY]):
            problem = refusal("PAIR_CHANGE_PENDING")
        elif changed != NO_DAY and desk.today < add_months(changed, terms.pair_change_months):
            problem = refusal("PAIR_CHANGED_RECENTLY", possible_on=iso(add_months(changed, terms.pair_change_months)))
    if problem is not None:
        return Result(problem)
    fact = Fact(
        FactKind.PAIR_CHANGED, account.account_id, desk.today, desk.today, 0, (command.cut_day, command.due_day)
    )
    return Result({"outcome": "done", "pair": [command.cut_day, command.due_day]}, (fact,))


def change_limit(command: ChangeLimit, account: Account, desk: Desk) -> Result:
    """Set the fixed limit; not while a temporary limit runs (rules.md §1)."""
    problem = check_live(account)
    if problem is None and int(account.head[H_TEMPORARY]):
        problem = refusal("LIMIT_FIXED_WHILE_TEMPORARY")
    if problem is None and not 0 <= command.limit_minor <= desk.terms_of(account).limit_minor_max:
        problem = refusal("LIMIT_TOO_HIGH")
    raised = command.limit_minor - int(account.head[H_LIMIT])
    if problem is None and raised > 0 and desk.stops.is_stopped(RAISES):
        problem = refusal("GROWTH_STOPPED")
    if problem is None and raised > 0:
        problem = check_person(account, desk, command.limit_minor)
    if problem is not None:
        return Result(problem)
    fact = Fact(
        FactKind.LIMIT_CHANGED, account.account_id, desk.today, desk.today, command.limit_minor, (raised,), detail=told(command.cause)
    )  # fmt: skip
    return Result({"outcome": "done", "limit_minor": command.limit_minor}, (fact,))


def grant_temporary(command: GrantTemporaryLimit, account: Account, desk: Desk) -> Result:
    """Add a temporary limit; one at a time, for `temporary_days` unless said otherwise."""
    problem = check_live(account)
    if problem is None and int(account.head[H_TEMPORARY]):
        problem = refusal("LIMIT_FIXED_WHILE_TEMPORARY")
    if problem is None and not is_amount(command.amount_minor, desk.terms_of(account).limit_minor_max):
        problem = refusal("AMOUNT_INVALID")
    if problem is None and int(account.head[H_LIMIT]) + command.amount_minor > desk.terms_of(account).limit_minor_max:
        problem = refusal("LIMIT_TOO_HIGH")  # the cap of a person is on both together (rules.md §3)
    if problem is None and desk.stops.is_stopped(RAISES):
        problem = refusal("GROWTH_STOPPED")
    if problem is None:
        problem = check_person(account, desk, int(account.head[H_LIMIT]) + command.amount_minor)
    if problem is not None:
        return Result(problem)
    until = desk.today + desk.terms_of(account).temporary_days if command.until is None else to_day(command.until)
    if until < desk.today:
        return Result(refusal("DATE_INVALID"))
    fact = Fact(
        FactKind.TEMPORARY_LIMIT_GRANTED, account.account_id, desk.today, desk.today, command.amount_minor, (until,),
        detail=told(command.cause),
    )  # fmt: skip
    return Result({"outcome": "done", "temporary_minor": command.amount_minor, "until": iso(until)}, (fact,))


def end_temporary(command: EndTemporaryLimit, account: Account, desk: Desk) -> Result:
    """End the temporary limit today: a grant of nothing. What stands above the fixed limit stays owed and cannot be used again."""
    problem = check_live(account)
    ended = int(account.head[H_TEMPORARY])
    if problem is None and not ended:
        problem = refusal("NO_TEMPORARY_LIMIT")
    if problem is not None:
        return Result(problem)
    fact = Fact(
        FactKind.TEMPORARY_LIMIT_GRANTED, account.account_id, desk.today, desk.today, 0, (desk.today,), detail=told(command.cause)
    )  # fmt: skip
    return Result({"outcome": "done", "ended_minor": ended}, (fact,))


def told(cause: LimitCause | None) -> dict[str, object] | None:
    """Why a limit moves, as its fact carries it."""
    return None if cause is None else cause.detail()


def set_status(command: SetStatus, account: Account, desk: Desk) -> Result:
    """Freeze, unfreeze or close; closing needs an account with nothing owed either way."""
    problem = check_live(account)
    if problem is None and command.status not in (STATUS_ACTIVE, STATUS_FROZEN, STATUS_CLOSED):
        problem = refusal("ACCOUNT_NOT_ACTIVE")
    if problem is None and command.status == STATUS_CLOSED and (account.balance[:8].any() or int(account.head[H_HELD])):
        problem = refusal("OPEN_BALANCE")
    if problem is not None:
        return Result(problem)
    fact = Fact(FactKind.STATUS_SET, account.account_id, desk.today, desk.today, 0, (command.status,))
    return Result({"outcome": "done", "status": command.status}, (fact,))


def write_off(command: WriteOff, account: Account, desk: Desk) -> Result:
    """Write a claim off on complete evidence: documents, days past due and collection attempts by the claim's size."""
    problem = check_live(account)
    if problem is None and int(account.head[H_HELD]):
        problem = refusal("OPEN_BALANCE")
    claim = int(account.balance[CLAIM].sum())
    if problem is None and claim == 0:
        problem = refusal("NOTHING_OWED")
    if problem is None:
        days, attempts = (0, 0) if command.ended_by in ENDS_WAITING else evidence_needed(desk.terms_of(account), claim)
        dpd = int(days_past_due(account.head))
        if not command.evidence or not command.approved_by or dpd < days or command.attempts < attempts:
            problem = refusal(
                "EVIDENCE_INCOMPLETE", days_past_due=dpd, days_needed=days, attempts_needed=attempts, documents=len(command.evidence)
            )  # fmt: skip
    if problem is not None:
        return Result(problem)
    fact = Fact(
        FactKind.WRITTEN_OFF, account.account_id, desk.today, desk.today, claim,
        detail={"evidence": list(command.evidence), "attempts": command.attempts, "approved_by": command.approved_by,
                "ended_by": command.ended_by},
    )  # fmt: skip
    return Result(
        {"outcome": "done", "written_off_minor": claim, "earlier_claim_minor": int(account.head[H_CHARGED_OFF])},
        (fact,),
    )


def evidence_needed(terms: ProductTerms, claim_minor: int) -> tuple[int, int]:
    """(days past due, collection attempts) that a claim of this size needs."""
    return Needs(bands=terms.write_off_bands).of_claim(claim_minor)


__all__ = ["change_limit", "change_pair", "end_temporary", "grant_temporary", "open_account", "set_status", "write_off"]
