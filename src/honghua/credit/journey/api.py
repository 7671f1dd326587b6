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
from honghua.credit.journey.following import Followed, follow_books
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
from honghua.credit.journey.products import BUSINESS_TERMS
from honghua.credit.journey.reapplying import begin_again, list_earlier
from honghua.credit.journey.screening.looking import (
    PURPOSE,
    SCORER_FILE,
    SEGMENT,
    Observed,
    describe_again,
    find_scored,
    forget_sessions,
    replay_screen,
)
from honghua.credit.journey.servicing import Contacting, contact, monitor, repay, write_off
from honghua.credit.journey.setting import LENDER, Approval, Approver, JourneySite
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
from honghua.credit.journey.supplementing import (
    Supplement,
    is_supplement,
    list_supplements,
    show_supplement,
    sign_supplement,
    write_supplement,
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
from honghua.credit.journey.watching import Watched, watch_contracts

__all__ = [
    "BUSINESS_TERMS",
    "LENDER",
    "PURPOSE",
    "REASON_WORDS",
    "SCORER_FILE",
    "SEGMENT",
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
    "Followed",
    "Gathered",
    "JourneySite",
    "JourneyState",
    "LimitsApprover",
    "Moment",
    "Observed",
    "RiskHook",
    "RiskVerdict",
    "StartingApprover",
    "Step",
    "StepOutcome",
    "StepRefusal",
    "StepRow",
    "Supplement",
    "Taken",
    "Taking",
    "TrialBalance",
    "Verdict",
    "Watched",
    "WriteOffEvidence",
    "appeal",
    "apply_for_credit",
    "approve",
    "begin_again",
    "begin_contract",
    "book",
    "compute_trial_balance",
    "contact",
    "describe_again",
    "describe_applicant",
    "document_key",
    "draw",
    "explain",
    "find_account_contract",
    "find_scored",
    "follow_books",
    "forget_sessions",
    "get_account",
    "get_contract",
    "give_back",
    "is_supplement",
    "list_contacts",
    "list_contracts",
    "list_earlier",
    "list_next",
    "list_steps",
    "list_supplements",
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
    "replay_screen",
    "say_any",
    "say_reason",
    "settle_appeal",
    "show_contract",
    "show_supplement",
    "sign_contract",
    "sign_supplement",
    "take_step",
    "watch_contracts",
    "write_contract",
    "write_off",
    "write_supplement",
]
