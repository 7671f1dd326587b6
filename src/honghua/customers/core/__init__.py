"""Door of the pure part: personal fields and their masks, the texts that people agree to."""

from __future__ import annotations

from honghua.customers.core.agreements import TEXTS, AgreementText, ConsentKind
from honghua.customers.core.complaints import (
    COMPLAINT_RULES,
    ComplaintRules,
    Stage,
    find_due,
)
from honghua.customers.core.contract_text import ContractText, CostRow
from honghua.customers.core.duties import (
    DUTIES,
    Duty,
    Listed,
    Party,
    PartyKind,
    build_duty_matrix,
    build_white_list,
)
from honghua.customers.core.identity import (
    ID_RULES,
    PROVINCES,
    IdReading,
    IdRules,
    count_age,
    find_check_digit,
    read_id_number,
)
from honghua.customers.core.personal import (
    Field,
    Part,
    mask,
    mask_name,
    mask_phone,
    mask_text,
    normalise,
)
from honghua.customers.core.proofs import (
    SHARING_RULES,
    ProofAnswer,
    ProofKind,
    ProofVerdict,
    Said,
    SharingRules,
    judge_answers,
)
from honghua.customers.core.reminding import REMINDER_TERMS, ReminderChannel, ReminderChoice, ReminderTerms
from honghua.customers.core.suitability import (
    SUITABILITY_RULES,
    Profile,
    SuitabilityRules,
    check_suitability,
    is_offered_often,
    is_over_indebted,
)

__all__ = [
    "COMPLAINT_RULES",
    "DUTIES",
    "ID_RULES",
    "PROVINCES",
    "REMINDER_TERMS",
    "SHARING_RULES",
    "SUITABILITY_RULES",
    "TEXTS",
    "AgreementText",
    "ComplaintRules",
    "ConsentKind",
    "ContractText",
    "CostRow",
    "Duty",
    "Field",
    "IdReading",
    "IdRules",
    "Listed",
    "Part",
    "Party",
    "PartyKind",
    "Profile",
    "ProofAnswer",
    "ProofKind",
    "ProofVerdict",
    "ReminderChannel",
    "ReminderChoice",
    "ReminderTerms",
    "Said",
    "SharingRules",
    "Stage",
    "SuitabilityRules",
    "build_duty_matrix",
    "build_white_list",
    "check_suitability",
    "count_age",
    "find_check_digit",
    "find_due",
    "is_offered_often",
    "is_over_indebted",
    "judge_answers",
    "mask",
    "mask_name",
    "mask_phone",
    "mask_text",
    "normalise",
    "read_id_number",
]
