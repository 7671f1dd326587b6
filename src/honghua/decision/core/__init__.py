"""Door of the pure part: outcomes, the words of a policy, bundles and how they judge, and the first policy kept for its records."""

from honghua.decision.core.backtest import (
    Gate,
    Part,
    Tally,
    check_gate,
    compute_reference,
    compute_report,
    empty_tally,
    tally_part,
)
from honghua.decision.core.brake import BrakeChange
from honghua.decision.core.compile import (
    NO_DIGESTS,
    Bundle,
    Digests,
    codes_of,
    compile_bundle,
    differing,
    explain,
    judge,
    judge_batch,
    judge_twin,
    verdict_at,
)
from honghua.decision.core.docket import record_batch
from honghua.decision.core.engine_inputs import (
    ACCOUNT_INPUTS,
    LIVE_SCHEMA,
    PURCHASES,
    SCORE_INPUTS,
    Attempt,
    EventMaker,
    Keys,
    engine_vocabulary,
)
from honghua.decision.core.experiment import HOLDOUT, HOLDOUT_WORD, compute_shares, make_salt
from honghua.decision.core.guarding import find_leaks
from honghua.decision.core.judging import Group, Judge, Prepared
from honghua.decision.core.language.saying import say_expression, say_outcome
from honghua.decision.core.language.telling import Trace
from honghua.decision.core.outcomes import LETS_BUY, Lane, Outcome, Verdict, Verdicts
from honghua.decision.core.policies import POLICIES
from honghua.decision.core.policy import FEATURES, WITHIN_LIMIT, evaluate
from honghua.decision.core.problems import PolicyProblem, PolicyProblems
from honghua.decision.core.reasons import REASONS, Reason
from honghua.decision.core.records import DecisionRow, JudgedColumns
from honghua.decision.core.slots.placing import CREDIT, CREDIT_INPUT, CREDIT_WORD, SLOTS
from honghua.decision.core.vocabulary import (
    ARM_PREFIX,
    LIST_PREFIX,
    Input,
    Kind,
    Vocabulary,
    read_vocabulary,
    vocabulary_bytes,
)

__all__ = [
    "ACCOUNT_INPUTS",
    "ARM_PREFIX",
    "CREDIT",
    "CREDIT_INPUT",
    "CREDIT_WORD",
    "FEATURES",
    "HOLDOUT",
    "HOLDOUT_WORD",
    "LETS_BUY",
    "LIST_PREFIX",
    "LIVE_SCHEMA",
    "NO_DIGESTS",
    "POLICIES",
    "PURCHASES",
    "REASONS",
    "SCORE_INPUTS",
    "SLOTS",
    "WITHIN_LIMIT",
    "Attempt",
    "BrakeChange",
    "Bundle",
    "DecisionRow",
    "Digests",
    "EventMaker",
    "Gate",
    "Group",
    "Input",
    "Judge",
    "JudgedColumns",
    "Keys",
    "Kind",
    "Lane",
    "Outcome",
    "Part",
    "PolicyProblem",
    "PolicyProblems",
    "Prepared",
    "Reason",
    "Tally",
    "Trace",
    "Verdict",
    "Verdicts",
    "Vocabulary",
    "check_gate",
    "codes_of",
    "compile_bundle",
    "compute_reference",
    "compute_report",
    "compute_shares",
    "differing",
    "empty_tally",
    "engine_vocabulary",
    "evaluate",
    "explain",
    "find_leaks",
    "judge",
    "judge_batch",
    "judge_twin",
    "make_salt",
    "read_vocabulary",
    "record_batch",
    "say_expression",
    "say_outcome",
    "tally_part",
    "verdict_at",
    "vocabulary_bytes",
]
