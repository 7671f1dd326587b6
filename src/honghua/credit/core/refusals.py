"""Every way the credit room says no: a stable code, and a sentence that a customer understands, in Chinese and English."""

from __future__ import annotations

from typing import Final

from honghua.decision.core import REASONS

REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "KEY_MISSING": ("这次请求缺少幂等编号,未作任何处理。", "This request carries no idempotency key; nothing was done."),
    "KEY_REUSED": ("同一编号已用于另一笔不同的请求,本次未处理。", "This key was already used for a different request; nothing was done."),
    "ACCOUNT_UNKNOWN": ("没有找到您的信用账户,请先开通。", "We found no credit account for you. Please open one first."),
    "ACCOUNT_EXISTS": ("您已开通信用账户,无需重复开通。", "You already have a credit account."),
    "ACCOUNT_NOT_ACTIVE": ("您的账户目前不能用于消费,仍可还款。", "Your account can't be used for purchases now; you can still repay."),
    "ACCOUNT_QUARANTINED": ("您的账户正在人工核对,请稍后再试或联系客服。", "Your account is being checked by a person. Please try later."),
    "AMOUNT_INVALID": ("金额必须大于零且在允许范围内。", "The amount must be above zero and within the allowed range."),
    "CURRENCY_UNKNOWN": ("不支持这种货币。", "This currency is not supported."),
    "DATE_INVALID": ("日期不在允许范围内:不能晚于今天,也不能早于开户日。", "The date must not lie in the future or before the account opened."),
    "TIME_INVALID": ("消费时间无效:不能在未来,也不能过早。", "The time of the event lies in the future or too far back."),
    "SCENE_INVALID": ("设备或地址等信息过长或包含无效字符。", "A device, address, payee or region is too long or not printable."),
    "LABEL_INVALID": ("风险结论的来源无效。", "The source of this report is not a known one."),
    "LABELLED_ALREADY": ("这笔消费已有相同的风险结论。", "This purchase has that label already."),
    "NOT_APPROVED": ("这笔订单暂时不能用信用支付,您可以换一种支付方式。", "This order can't be paid on credit now. You can pay in another way."),
    "LESS_OFFERED": ("这笔订单可用信用支付其中一部分。", "Part of this order can be paid on credit."),
    "STEP_UP_NEEDED": ("为保护您的账户,请先完成身份验证。", "To protect your account, please confirm that it's you."),
    "DELAYED": ("这笔付款有被骗风险,已为您暂缓;请与家人核实,到时再确认。", "This payment may be a scam. It is held back for a while; check with somebody you trust, then confirm."),
    "IN_REVIEW": ("这笔订单正在人工审核,结果会通知您。", "A person is looking at this order; we will tell you."),
    "SUSPENSION_UNKNOWN": ("没有找到待确认的订单,或内容与原订单不一致。", "There is no such suspended order, or it differs from the first one."),
    "SUSPENSION_EXPIRED": ("确认时间已过,请重新下单。", "The time to go on with this order is over. Please order again."),
    "SUSPENSION_DONE": ("这笔待确认的订单已处理。", "This suspended order was settled before."),
    "PROOF_WRONG": ("验证未通过,请重试。", "That was not the right proof. Please try again."),
    "CONFIRM_NEEDED": ("请阅读风险提示后再次确认。", "Please read the warning and confirm."),
    "REVIEW_REFUSED": ("人工审核未通过这笔订单。", "The review did not approve this order."),
    "SUSPENSION_OPEN": ("待确认的订单尚未过期。", "The time to go on with this order is not over yet."),
    "NOT_CLAIMED": ("请先领取这笔审核任务。", "Claim this review before you decide it."),
    "TERMS_UNKNOWN": ("没有这个产品条款版本。", "There are no product terms of this name."),
    "PURPOSE_REFUSED": ("这笔订单不属于该额度的用途:消费额度只能用于购物消费,经营额度只能用于经营采购,都不能取现、转账或还贷。", "This order is not what the limit is for: consumption or goods of the trade; never cash, transfers or loan repayments."),
    "PURPOSE_OTHER": ("产品用途与账户用途不一致,不能开通。", "This product is for another purpose than this account."),
    "BUSINESS_LINE_NEEDED": ("这是经营采购,只能用经营额度支付;您还没有经营额度,可以申请,或换一种方式付款。", "These are goods of a trade: only a business line pays for them, and you have none. Apply for one, or pay another way."),
    "CONSUMPTION_LINE_NEEDED": ("这是个人消费,只能用消费额度支付;您还没有消费额度,可以开通,或换一种方式付款。", "These are goods of a household: only a consumption limit pays for them, and you have none. Open one, or pay another way."),
    "OWN_SHOP": ("额度不能用于在本人经营的店铺下单。", "Credit can't be used at a shop of one's own."),
    "ORDER_MISSING": ("每笔信用支付必须对应真实订单、商家和商品类别。", "Each credit purchase needs its order, merchant and goods category."),
    "LIMIT_SHORT": ("可用额度不足以支付这笔订单。", "Your available limit does not cover this order."),
    "OVERDUE": ("您有逾期未还的账单,还清后即可继续使用。", "A bill is overdue. Once it is repaid you can buy on credit again."),
    "PURCHASE_UNKNOWN": ("没有找到这笔消费。", "We can't find this purchase."),
    "HOLD_GONE": ("这笔预授权已完成、撤销或过期。", "This authorisation was already used, cancelled or has expired."),
    "CAPTURE_EXCEEDS_HOLD": ("扣款金额超过了预授权金额。", "The amount is larger than what was authorised."),
    "REFUND_EXCEEDS_PURCHASE": ("退款金额超过这笔消费未退的金额。", "The refund is larger than what remains of this purchase."),
    "PERIODS_NOT_OFFERED": ("没有这个分期期数,请选择页面上列出的期数。", "This number of instalments is not offered. Please choose a listed one."),
    "PAYER_INVALID": ("分期费用只能由消费者、商家或平台其中一方承担。", "Exactly one party pays the fee: you, the merchant or the platform."),
    "QUOTE_CHANGED": ("费用与您确认的不一致,请重新确认后再提交。", "The cost differs from the one you confirmed. Please confirm again."),
    "BILL_WINDOW_CLOSED": ("账单分期只能在出账日至还款日之间办理。", "A bill can be split only between its statement day and its due day."),
    "BILL_AMOUNT_EXCEEDED": ("分期金额超过账单中可分期的部分。", "The amount exceeds what can be split on this bill."),
    "PLAN_UNKNOWN": ("没有找到这个分期,或它已结清。", "We can't find this plan, or it is already settled."),
    "SETTLEMENT_AMOUNT_WRONG": ("提前结清金额已变化,请按最新金额确认。", "The settlement amount changed. Please confirm the new one."),
    "OVERPAYMENT_SHORT": ("可退回的余额不足。", "There is not that much of your own money to return."),
    "PAIR_NOT_OFFERED": ("没有这组出账日和还款日。", "This pair of statement day and due day is not offered."),
    "PAIR_CHANGED_RECENTLY": ("还款日一年内只能修改一次。", "The due day can be changed once in twelve months."),
    "PAIR_CHANGE_PENDING": ("您已有一次尚未生效的修改。", "A change is already waiting to take effect."),
    "LIMIT_FIXED_WHILE_TEMPORARY": ("临时额度有效期间不能调整固定额度。", "The fixed limit can't be changed while a temporary limit runs."),
    "NO_TEMPORARY_LIMIT": ("当前没有生效的临时额度。", "No temporary limit is running."),
    "SPENDING_CAP": ("超出您为自己设定的本月消费上限。", "This goes beyond the cap that you set for yourself this month."),
    "SPENDING_CAP_NONE": ("您没有设置消费上限。", "You have set no spending cap."),
    "LIMIT_TOO_HIGH": ("额度超过允许的上限。", "The limit exceeds what is allowed."),
    "PERSON_CAP": ("您在本机构的授信合计已达到个人上限,消费额度和经营额度一并计算。", "Your credit with us has reached the most that one person may have, both lines counted together."),
    "EVIDENCE_INCOMPLETE": ("核销证据不完整。", "The evidence for a write-off is incomplete."),
    "GROWTH_STOPPED": ("目前暂停新增授信,稍后会恢复。", "New credit is paused at the moment. Please try again later."),
    "TWO_PERSONS_NEEDED": ("减免须由一人申请、另一人批准,并附证明材料。", "Relief is asked by one person and approved by another, with evidence."),
    "GROUND_UNKNOWN": ("没有这个减免原因。", "This is no ground for relief."),
    "RELIEF_EXCEEDS_CHARGES": ("减免金额超过未付的利息、罚息和费用。", "The relief is larger than the unpaid interest, penalty and fees."),
    "RELIEF_USED_UP": ("十二个月内的减免次数已用完。", "The number of reliefs in twelve months is used up."),
    "NOTHING_OWED": ("没有需要处理的欠款。", "Nothing is owed."),
    "NOT_WRITTEN_OFF": ("该账户没有已核销的欠款。", "This account has no written-off debt."),
    "CLAIM_EXCEEDED": ("金额超过剩余债权。", "The amount exceeds the remaining claim."),
    "NOT_OVERDUE": ("账户没有逾期,无需办理个性化分期。", "The account is not overdue; a hardship plan is not needed."),
    "FACT_UNKNOWN": ("没有找到要撤销的记录。", "We can't find the record to reverse."),
    "NOT_REVERSIBLE": ("这类记录不能撤销,或已被撤销。", "This record can't be reversed, or was reversed before."),
    "SOURCES_INVALID": ("扣款方式过多、重复或不完整,请调整后再保存。", "Too many payment sources, one named twice, or one incomplete. Please change the list."),
    "OPEN_BALANCE": ("账户仍有欠款、余额或未完成的预授权,暂不能关闭。", "The account still has debt, money of yours or an open hold."),
}  # fmt: skip


def refusal(code: str, **extra: object) -> dict[str, object]:
    """The answer that says no: stable code, both sentences, and what else helps the caller. A policy's codes have their sentences in decision."""
    said = REFUSALS.get(code)
    if said is None:
        reason = REASONS.get(code)
        said = (reason.zh, reason.en) if reason is not None else REFUSALS["NOT_APPROVED"]
    zh, en = said
    return {"outcome": "refused", "code": code, "sentence": zh, "sentence_en": en, **extra}
