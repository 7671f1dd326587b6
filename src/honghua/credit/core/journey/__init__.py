"""Door of the journey's pure part: which step may follow which, what a risk hook says, how a debtor may be spoken to."""

from __future__ import annotations

from honghua.credit.core.journey.contacting import (
    CONTACT_RULES,
    Channel,
    ContactDone,
    ContactRules,
    ContactWish,
    check_contact,
)
from honghua.credit.core.journey.machine import (
    STARTS,
    JourneyState,
    Move,
    advance,
    find_illegal,
    fold,
    list_next,
)
from honghua.credit.core.journey.monitoring import (
    WATCH_RULES,
    Looked,
    WatchRules,
    judge_watch,
)
from honghua.credit.core.journey.reapplying import REAPPLY_RULES, EarlierNo, ReapplyRule, find_wait
from honghua.credit.core.journey.reasons import REASON_WORDS, may_overrule, say_reason
from honghua.credit.core.journey.screening import OnTrial, ScreenRules, choose_screen, judge_score
from honghua.credit.core.journey.verdicts import PASS, RiskVerdict, Verdict, join_verdicts
from honghua.facts.steps import STEP_FACTS, Step, StepOutcome, name_fact

__all__ = [
    "CONTACT_RULES",
    "PASS",
    "REAPPLY_RULES",
    "REASON_WORDS",
    "STARTS",
    "STEP_FACTS",
    "WATCH_RULES",
    "Channel",
    "ContactDone",
    "ContactRules",
    "ContactWish",
    "EarlierNo",
    "JourneyState",
    "Looked",
    "Move",
    "OnTrial",
    "ReapplyRule",
    "RiskVerdict",
    "ScreenRules",
    "Step",
    "StepOutcome",
    "Verdict",
    "WatchRules",
    "advance",
    "check_contact",
    "choose_screen",
    "find_illegal",
    "find_wait",
    "fold",
    "join_verdicts",
    "judge_score",
    "judge_watch",
    "list_next",
    "may_overrule",
    "name_fact",
    "say_reason",
]
