"""Who may do what at the desk. An auditor reads all of it and changes nothing; an administrator sees no business data."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import DESK_READERS, Rights, Role

ALL: Final = DESK_READERS
RISK: Final = frozenset({Role.STRATEGIST, Role.REVIEWER, Role.OPERATIONS, Role.AUDITOR})
DIGGING: Final = frozenset({Role.STRATEGIST, Role.REVIEWER, Role.AUDITOR})
BOOKS: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.COLLECTOR, Role.CARE, Role.AUDITOR})
KEEPING: Final = frozenset({Role.OPERATIONS, Role.AUDITOR})
FIGURES: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.COLLECTOR, Role.AUDITOR})
ACTING: Final = DESK_READERS - {Role.AUDITOR}
STRATEGISTS: Final = frozenset({Role.STRATEGIST})
REVIEWERS: Final = frozenset({Role.REVIEWER})
LISTERS: Final = frozenset({Role.STRATEGIST, Role.REVIEWER})
OPERATORS: Final = frozenset({Role.OPERATIONS})
STEERING: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS})
LOOKING: Final = STEERING | {Role.AUDITOR}
HELPING: Final = BOOKS
GATHERING: Final = frozenset({Role.OPERATIONS, Role.COLLECTOR})
APPROVING: Final = STEERING | {Role.COLLECTOR}
HUMAN: Final = frozenset({Role.REVIEWER, Role.CARE, Role.OPERATIONS, Role.AUDITOR})
LAB: Final = frozenset({Role.STRATEGIST, Role.OPERATIONS, Role.AUDITOR})
TALKERS: Final = frozenset({Role.CARE, Role.COLLECTOR, Role.REVIEWER})
AUDITORS: Final = frozenset({Role.AUDITOR})
PROFILERS: Final = frozenset({Role.CARE, Role.REVIEWER})  # whose purposes lab/tags/data/uses.toml names

RIGHTS: Final[Rights] = {
    "desk.home": ALL,
    "desk.alert_seen": ACTING,
    "desk.feed": RISK,
    "desk.feed_news": RISK,
    "desk.feed_live": RISK,
    "desk.decision": ALL,
    "desk.decision_replay": RISK - {Role.AUDITOR},
    "desk.decision_graph": RISK,
    "desk.rings": DIGGING,
    "desk.around": DIGGING,
    "desk.around_graph": DIGGING,
    "desk.reviews": DIGGING,
    "desk.review": DIGGING,
    "desk.review_claim": REVIEWERS,
    "desk.review_decide": REVIEWERS,
    "desk.lists": RISK,
    "desk.list_add": LISTERS,
    "desk.list_add_many": LISTERS,
    "desk.list_remove": LISTERS,
    "desk.list_upload": LISTERS,
    "desk.policy": RISK,
    "desk.policy_history": RISK,
    "desk.release": RISK,
    "desk.release_review": STRATEGISTS,
    "desk.release_activate": STRATEGISTS,
    "desk.rollback": STRATEGISTS,
    "desk.suppress": STRATEGISTS,
    "desk.lift": STRATEGISTS,
    "desk.reopen": STRATEGISTS,
    "desk.experiment": STRATEGISTS,
    "desk.experiment_stop": STRATEGISTS,
    "desk.write": STRATEGISTS,
    "desk.write_check": STRATEGISTS,
    "desk.backtest": STRATEGISTS,
    "desk.propose": STRATEGISTS,
    "desk.task": RISK,
    "desk.customers": ALL,
    "desk.customer": ALL,
    "desk.customer_reveal": TALKERS,
    "desk.profile": PROFILERS,
    "desk.profile_look": PROFILERS,
    "desk.records": AUDITORS,
    "desk.records_look": AUDITORS,  # it writes one thing: who looked, and why
    "desk.books": BOOKS,
    "desk.owner": BOOKS,
    "desk.check_books": OPERATORS,
    "desk.closing": KEEPING,
    "desk.close_day": OPERATORS,
    "desk.quarantine_release": OPERATORS,
    "desk.job_retry": OPERATORS,
    "desk.business": BOOKS,
    "desk.own_shop": OPERATORS,
    "desk.webhooks": KEEPING,
    "desk.webhook_replay": OPERATORS,
    "desk.portfolio": FIGURES,
    "desk.portfolio_csv": FIGURES,
    "desk.prudence": LOOKING,
    "desk.prudence_lift": STEERING,
    "desk.losses": LOOKING,
    "desk.lenders": LOOKING,
    "desk.lender_act": OPERATORS,
    "desk.lender_breach": OPERATORS,
    "desk.transfer_ask": OPERATORS,
    "desk.transfer_decide": STEERING,
    "desk.stress": LOOKING,
    "desk.stress_run": STEERING,
    "desk.reliefs": HELPING,
    "desk.lab": LAB,
    "desk.lab_run": LAB,
    "desk.lab_models": LAB,
    "desk.lab_strategy": LAB,
    "desk.lab_artefact": LAB,
    "desk.lab_page": LAB,
    "desk.lab_answer": STRATEGISTS,
    "desk.journeys": HUMAN,
    "desk.journey": HUMAN,
    "desk.journey_answer": REVIEWERS,
    "desk.complaints": HUMAN,
    "desk.complaint": HUMAN,
    "desk.complaint_read": frozenset({Role.CARE, Role.REVIEWER}),
    "desk.complaint_longer": frozenset({Role.CARE}),
    "desk.complaint_answer": frozenset({Role.CARE}),
    "desk.orders": RISK,
    "desk.order": RISK,
    "desk.order_decide": REVIEWERS,
    "desk.evidence": DIGGING,
    "desk.evidence_read": REVIEWERS,
    "desk.evidence_settle": REVIEWERS,
    "desk.payments": KEEPING | {Role.CARE},
    "desk.payment_ask": OPERATORS | {Role.CARE},
    "desk.payment_decide": OPERATORS,
    "desk.givings": LOOKING,
    "desk.giving_ask": STEERING,
    "desk.giving_decide": STEERING,
    "desk.temporary": LOOKING,
    "desk.temporary_answer": STEERING,
    "desk.relief_ask": frozenset({Role.CARE}),
    "desk.relief_decide": STEERING,
    "desk.packs": HELPING,
    "desk.pack": HELPING,
    "desk.pack_begin": GATHERING,
    "desk.pack_add": GATHERING,
    "desk.pack_approve": APPROVING,
    "desk.pack_write_off": OPERATORS,
    "desk.pack_abandon": OPERATORS,
}
