"""The texts that people agree to, by kind and version. A published version never changes: a new wording is a new version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ConsentKind(StrEnum):
    """Each is asked for on its own (PIPL 14, 23, 29; 征信业管理条例 18, 29), none is ticked beforehand."""

    CREDIT_SERVICE = "credit_service"
    RISK_WARNING = "risk_warning"
    PERSONAL_DATA = "personal_data"
    CREDIT_BUREAU = "credit_bureau"
    AUTOMATED_DECISION = "automated_decision"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementText:
    """One version of one text. read_seconds: how long it must have been on the screen; is_needed: without it there is no account."""

    kind: ConsentKind
    version: int
    chinese: str
    english: str
    read_seconds: int = 0
    is_needed: bool = False


TEXTS: Final = (
    AgreementText(
        kind=ConsentKind.CREDIT_SERVICE,
        version=1,
        chinese="本服务是消费信贷,由持牌机构放款:先消费,后还款。利率、费用、还款日以合同和每笔账单为准。",
        english="This is consumer credit from a licensed lender: you buy first and repay later. Rates, fees and due days are"
        " those of the contract and of each bill.",
        read_seconds=5,
        is_needed=True,
    ),
    AgreementText(
        kind=ConsentKind.RISK_WARNING,
        version=1,
        chinese="风险提示:一、容易超出自身还款能力消费;二、逾期将产生罚息并可能被催收;三、借款与逾期会记入征信,影响以后贷款。",
        english="Warning: one, it is easy to spend more than you can repay; two, being late costs penalty interest and brings"
        " collection; three, loans and delays enter your credit record and affect later loans.",
        read_seconds=8,
        is_needed=True,
    ),
    AgreementText(
        kind=ConsentKind.PERSONAL_DATA,
        version=1,
        chinese="我们为核实身份、评估额度、防范欺诈和履行合同处理您的姓名、证件号、手机号、地址与交易信息;您可随时查阅、复制、更正、删除。",
        english="We process your name, identity number, phone, address and purchases to know you, to set the limit, to prevent"
        " fraud and to keep the contract. You may read, copy, correct and delete them at any time.",
        read_seconds=5,
        is_needed=True,
    ),
    AgreementText(
        kind=ConsentKind.CREDIT_BUREAU,
        version=1,
        chinese="单独授权:允许贷款机构向金融信用信息基础数据库查询并报送您的信用信息,用途为授信审批与贷后管理。您可以拒绝,拒绝后无法开通。",
        english="A separate authorisation: the lender may ask the credit bureau about you and report to it, to approve and to"
        " manage the credit. You may refuse; then the service cannot be opened.",
        read_seconds=5,
        is_needed=True,
    ),
    AgreementText(
        kind=ConsentKind.AUTOMATED_DECISION,
        version=1,
        chinese="额度与每笔交易由系统自动评估。您有权要求说明理由,并可拒绝仅由系统作出的决定,改由人工处理。",
        english="Limits and purchases are judged automatically. You may ask for the reasons, and refuse a decision made by a"
        " machine alone: a person then decides.",
    ),
    AgreementText(
        kind=ConsentKind.MARKETING,
        version=1,
        chinese="接收优惠与新服务的消息。不同意不影响使用,可随时关闭。",
        english="Messages about offers and new services. Saying no changes nothing else, and you can switch them off at any time.",
    ),
)
