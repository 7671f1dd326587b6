"""The journey's door: begin a contract, take its twelve steps, appeal and settle, look at it.

Each step's function does all: is it its turn, the hook's look, the deed, the row. For callers whose books are elsewhere (a desk behind a
queue) `look_at_step` and `record_step` are the two halves. conn is outside a transaction unless a function says otherwise.
"""

from __future__ import annotations

from honghua.credit.core.journey import (
    REASON_WORDS,
    JourneyState,
    RiskVerdict,
    Step,
    StepOutcome,
    Verdict,
    list_next,
    may_overrule,
    say_reason,
)
from honghua.credit.journey.approving import LimitsApprover, StartingApprover, describe_applicant
from honghua.credit.journey.asking import Done, Moment, RiskHook
from honghua.credit.journey.books import (
    Books,
    Claim,
    TrialBalance,
    compute_trial_balance,
    get_account,
    read_claim,
)
from honghua.credit.journey.coverage import Coverage, measure_coverage
from honghua.credit.journey.evidence import CountedEvidence, Gathered, WriteOffEvidence
from honghua.credit.journey.explaining import Explained, explain, say_any
from honghua.credit.journey.opening import (
    apply_for_credit,
    approve,
    document_key,
    offer_credit,
    prove_identity,
    show_contract,
    sign_contract,
    write_contract,
)
from honghua.credit.journey.reapplying import begin_again, list_earlier
from honghua.credit.journey.servicing import Contacting, contact, monitor, repay, write_off
from honghua.credit.journey.setting import Approval, Approver, JourneySite
from honghua.credit.journey.store import (
    SYSTEM,
    ContactRow,
    Contract,
    StepRow,
    find_account_contract,
    list_contacts,
    list_contracts,
    list_steps,
    list_waiting,
)
from honghua.credit.journey.taking import (
    Cleared,
    StepRefusal,
    Taken,
    Taking,
    appeal,
    begin_contract,
    get_contract,
    look_at_step,
    read_state,
    record_step,
    refuse_referred,
    settle_appeal,
    take_step,
)
from honghua.credit.journey.using import book, draw, give_back, pay_out

__all__ = [
    "REASON_WORDS",
    "SYSTEM",
    "Approval",
    "Approver",
    "Books",
    "Claim",
    "Cleared",
    "ContactRow",
    "Contacting",
    "Contract",
    "CountedEvidence",
    "Coverage",
    "Done",
    "Explained",
    "Gathered",
    "JourneySite",
    "JourneyState",
    "LimitsApprover",
    "Moment",
    "RiskHook",
    "RiskVerdict",
    "StartingApprover",
    "Step",
    "StepOutcome",
    "StepRefusal",
    "StepRow",
    "Taken",
    "Taking",
    "TrialBalance",
    "Verdict",
    "WriteOffEvidence",
    "appeal",
    "apply_for_credit",
    "approve",
    "begin_again",
    "begin_contract",
    "book",
    "compute_trial_balance",
    "contact",
    "describe_applicant",
    "document_key",
    "draw",
    "explain",
    "find_account_contract",
    "get_account",
    "get_contract",
    "give_back",
    "list_contacts",
    "list_contracts",
    "list_earlier",
    "list_next",
    "list_steps",
    "list_waiting",
    "look_at_step",
    "may_overrule",
    "measure_coverage",
    "monitor",
    "offer_credit",
    "pay_out",
    "prove_identity",
    "read_claim",
    "read_state",
    "record_step",
    "refuse_referred",
    "repay",
    "say_any",
    "say_reason",
    "settle_appeal",
    "show_contract",
    "sign_contract",
    "take_step",
    "write_contract",
    "write_off",
]
