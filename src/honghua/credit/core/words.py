"""The words that people read for the numbers that are stored: Chinese and English."""

from __future__ import annotations

from typing import Final

from honghua.facts.kinds import FactKind

Words = tuple[str, str]

STATUS_WORDS: Final[dict[int, Words]] = {
    0: ("未开通", "not opened"),
    1: ("正常", "active"),
    2: ("冻结", "frozen"),
    3: ("已核销", "written off"),
    4: ("已关闭", "closed"),
}
CLASS_WORDS: Final[dict[int, Words]] = {
    1: ("正常", "normal"),
    2: ("关注", "attention"),
    3: ("次级", "substandard"),
    4: ("可疑", "doubtful"),
    5: ("损失", "loss"),
}
PLAN_WORDS: Final[dict[int, Words]] = {
    1: ("消费分期", "purchase"),
    2: ("账单分期", "bill"),
    3: ("个性化分期", "hardship"),
}
PAYER_WORDS: Final[dict[int, Words]] = {
    1: ("消费者", "consumer"),
    2: ("商家", "merchant"),
    3: ("平台", "platform"),
}
SOURCE_WORDS: Final[dict[int, Words]] = {
    0: ("主动还款", "by hand"),
    1: ("余额自动扣款", "auto-debit of the balance"),
    2: ("借记卡自动扣款", "auto-debit of a debit card"),
    3: ("货币基金自动扣款", "auto-debit of the money fund"),
}
FACT_WORDS: Final[dict[int, Words]] = {
    FactKind.ACCOUNT_OPENED: ("开通账户", "account opened"),
    FactKind.LIMIT_CHANGED: ("调整额度", "limit changed"),
    FactKind.TEMPORARY_LIMIT_GRANTED: ("临时额度", "temporary limit granted"),
    FactKind.PURCHASE_AUTHORISED: ("预授权", "purchase authorised"),
    FactKind.PURCHASE_CAPTURED: ("消费", "purchase"),
    FactKind.AUTHORISATION_RELEASED: ("预授权释放", "authorisation released"),
    FactKind.PURCHASE_REFUNDED: ("退款", "refund"),
    FactKind.REPAYMENT_RECEIVED: ("还款", "repayment"),
    FactKind.OVERPAYMENT_RETURNED: ("溢缴款退回", "overpayment returned"),
    FactKind.BILL_INSTALLED: ("账单分期", "bill split into instalments"),
    FactKind.PLAN_SETTLED: ("提前结清", "plan settled early"),
    FactKind.PAIR_CHANGED: ("修改还款日", "statement and due day changed"),
    FactKind.WRITTEN_OFF: ("核销", "written off"),
    FactKind.RECOVERY_RECEIVED: ("核销后收回", "recovery"),
    FactKind.HARDSHIP_AGREED: ("个性化分期", "hardship plan agreed"),
    FactKind.STATUS_SET: ("账户状态变更", "status changed"),
    FactKind.SPENDING_CAP_SET: ("设置消费上限", "own spending cap set"),
    FactKind.BOUND_LIMIT_USED: ("专享额度使用", "limit for one scene used"),
    FactKind.CHARGES_WAIVED: ("减免息费", "charges waived"),
    FactKind.FACT_REVERSED: ("冲正", "reversal"),
    FactKind.PURCHASE_REFUSED: ("消费被拒", "purchase refused"),
    FactKind.FRAUD_REPORTED: ("风险结论", "fraud reported or cleared"),
    FactKind.PURCHASE_SUSPENDED: ("消费待确认", "purchase suspended"),
    FactKind.SUSPENSION_SETTLED: ("待确认已了结", "suspension settled"),
    FactKind.DAY_CLOSED: ("日终", "day closed"),
    FactKind.ADJUSTED: ("调整", "adjustment"),
    FactKind.MERCHANT_PAID: ("商户结算付款", "paid out to the merchant"),
    FactKind.PAYOUT_RETURNED: ("商户付款退回", "payout came back"),
    FactKind.MERCHANT_PAID_AT_ONCE: ("受托支付商户款", "paid to the merchant at once"),
    FactKind.PAYMENT_AT_ONCE_RETURNED: ("受托支付退回", "payment at once came back"),
    FactKind.PAYOUT_CORRECTED: ("商户付款更正", "payout corrected to what the bank moved"),
    FactKind.SUBSIDY_CLAIMED: ("财政贴息应收", "state subsidy claimed"),
    FactKind.SUBSIDY_TAKEN_BACK: ("财政贴息冲回", "state subsidy taken back"),
    FactKind.SUBSIDY_RECEIVED: ("财政贴息到账", "state subsidy received"),
    FactKind.MERCHANT_CHARGED: ("商户服务费", "merchant service fee"),
    FactKind.CAMPAIGN_WITHHELD: ("平台活动款暂扣", "campaign money withheld"),
    FactKind.CAMPAIGN_RELEASED: ("平台活动款返还", "campaign money released"),
}


def describe_grace(days: int) -> Words:
    """The longest grace with the convention by which it is counted (ADR 0013)."""
    return (
        f"最长免息期 {days} 天(还款日减消费日的天数差)",
        f"up to {days} days without interest, counted as the difference between purchase day and due day",
    )
