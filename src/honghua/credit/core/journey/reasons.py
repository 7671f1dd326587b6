"""Why a step was refused or waits for a person: a stable code, both sentences, and whether a person may overrule it.

What the law or the customer's own word forbids is not ours to overrule: a review can only open the step for another try.
"""

from __future__ import annotations

from typing import Final

# code: (Chinese, English, may a person overrule it)
REASON_WORDS: Final[dict[str, tuple[str, str, bool]]] = {
    # the machine
    "STEP_OUT_OF_ORDER": ("这一步还没有轮到。", "It is not this step's turn.", False),
    "STEP_CLOSED": ("这一步已被拒绝,请先申诉。", "This step was refused; appeal first.", False),
    "STEP_DONE": ("这一步已完成。", "This step is done.", False),
    "STEP_WAITS_FOR_PERSON": ("这一步正在等待人工处理。", "A person is looking at this step.", False),
    "NOTHING_REFUSED": ("没有可以申诉的拒绝。", "There is no refusal to appeal against.", False),
    "NOTHING_APPEALED": ("没有待处理的申诉。", "There is no appeal to answer.", False),
    "PERSON_NEEDED": ("这一步只能由人工决定。", "Only a person may decide this.", False),
    "CONTRACT_STOPPED": ("合同停在一项未解决的拒绝上。", "The contract stands still at a refusal.", False),
    "CONTRACT_UNSIGNED": ("合同尚未签署。", "The contract is not signed yet.", False),
    "CONTRACT_WRITTEN_OFF": ("欠款已核销,不能再用款。", "The debt was written off; nothing more can be drawn.", False),
    "SUBJECT_MISSING": ("没有写明是哪一笔订单。", "Which purchase this is about was not said.", False),
    "PURCHASE_NOT_DRAWN": ("这笔订单没有支用记录。", "This purchase was never drawn.", False),
    "NOTHING_BOOKED": ("没有已入账的债务。", "Nothing was ever booked.", False),
    "NOT_IN_ARREARS": ("账户没有逾期,不能催收或核销。", "Nothing is overdue: nobody may be chased, nothing written off.", False),
    "NEVER_CONTACTED": ("未经催收不能核销。", "Nobody was ever contacted: nothing may be written off.", False),
    # 1 marketing
    "OPTED_OUT": ("您没有同意接收营销信息,我们不会发送。", "You have not agreed to offers, so none is made.", False),
    "OFFERED_OFTEN": ("近期已向您发送过足够多的信息。", "You have had enough offers of late.", False),
    "UNSUITABLE_STUDENT": ("我们不向学生提供消费信贷。", "We do not offer credit to students.", False),
    "UNSUITABLE_AGE": ("申请人须年满十八周岁。", "One must be of age to borrow.", False),
    "UNSUITABLE_OVER_INDEBTED": ("您目前的负债已经较高,不适合再增加借款。", "You owe much already: more credit would not suit you.", False),
    "SUITABILITY_UNKNOWN": ("尚不了解您的情况,暂不能提供信贷。", "Too little is known to say whether credit suits you.", True),
    # 2 proofing
    "IDENTITY_NUMBER_WRONG": ("身份证号码有误。", "The identity number is not right.", False),
    "IDENTITY_FOUR_FACTOR": ("姓名、证件、手机号与银行卡不一致。", "Name, number, phone and card do not belong together.", True),
    "IDENTITY_LIVENESS": ("未通过活体检测。", "The liveness check did not pass.", True),
    "IDENTITY_FACE": ("人脸与证件不符。", "The face does not match the identity.", True),
    "IDENTITY_CONFLICT": ("核验结果前后不一,转人工核实。", "Two answers about your identity differ; a person will look.", True),
    "IDENTITY_UNANSWERED": ("核验机构暂无答复,转人工核实。", "The identity service did not answer; a person will look.", True),
    "IDENTITY_TAKEN": ("该证件已属于另一位客户,转人工核实。", "This identity belongs to another customer; a person will look.", True),
    "IDENTITY_SHARED": ("联系方式或设备被多人使用,转人工核实。", "Your phone, card, device or address is shared; a person looks.", True),
    # 3 application
    "CONSENT_MISSING": ("缺少必要的授权,或授权已撤回。", "A needed consent is missing or was withdrawn.", False),
    "APPLICATION_OPEN": ("您已有一笔申请在处理中。", "You have an application under way already.", False),
    "APPLICATION_COOLING": ("距上次未通过的申请时间较短。", "The last application was refused not long ago.", False),
    "APPLICATIONS_MANY": ("一年内未通过的申请次数已达上限。", "As many applications as may be were refused within a year.", False),
    "CONTRACT_OPEN": ("当前申请仍可继续或正在由人工处理,不能重新申请。", "This application has not ended: none can follow.", False),
    "IDENTITY_UNPROVEN": ("请先完成身份核验。", "Please prove your identity first.", False),
    "APPLICATION_GANG_LIKE": ("申请方式与团伙申请相似,转人工核实。", "It was applied in the way of a gang; a person will look.", True),
    "APPLICATION_GANG": ("申请方式与团伙申请高度相似,暂不受理。", "It was applied so much in the way of a gang that it is refused.", True),
    # 4 approval
    "APPROVAL_REFUSED": ("综合评估后暂不能为您授信。", "After assessment no credit can be granted now.", True),
    "APPROVAL_REVIEW": ("您的申请需要人工审批。", "A person will decide on your application.", True),
    "AUTOMATION_REFUSED": ("您已要求由人工作出决定。", "You asked that a person decide.", True),
    # 5 contract
    "CONTRACT_UNREAD": ("合同阅读时间不足。", "The contract was not read for long enough.", False),
    "CONTRACT_OTHER": ("签署的内容与展示的不一致。", "What was signed is not what was shown.", False),
    "PRICE_ABOVE_CAP": ("批准的价格高于签约日适用的上限,需重新审批。", "The approved price is above this day's cap.", False),
    "SIGNATURE_BROKEN": ("合同签名校验失败。", "The contract's signature does not verify.", False),
    # 6 drawdown … 8 booking
    "PURCHASE_REFUSED": ("这笔订单未通过交易审核。", "This purchase was not approved.", True),
    "PURCHASE_WAITS": ("这笔订单需要验证或人工审核。", "This purchase waits for proof or for a person.", True),
    "SCAN_RISK_ROSE": ("放款前复查发现风险上升,暂停放款。", "The scan before payout found more risk; nothing is paid out.", True),
    "SCAN_EXPIRED": ("授信审批已过有效期,需重新审批。", "The approval is too old; it must be made anew.", True),
    "PAYOUT_FAILED": ("付款未成功,资金未划出。", "The payout failed; no money has left.", True),
    "PAYOUT_UNKNOWN": ("付款结果未知,正在与银行核对。", "The payout's fate is unknown; the bank is being asked.", True),
    "BOOKING_UNBALANCED": ("账务试算不平,转人工核对。", "The books of this contract do not balance; a person will look.", False),
    "BOOKS_REFUSED": ("账务系统未接受这一步。", "The books did not accept this step.", True),
    # 9 repayment, 10 monitoring
    "ALLOCATION_WRONG": ("还款分配核对不符,转人工核对。", "The repayment was not spread as the rule says; a person will look.", False),
    # 11 collection
    "CONTACT_QUIET_HOURS": ("22:00 至次日 8:00 不得催收。", "Nobody is contacted between 22:00 and 8:00.", False),
    "CONTACT_CALLS_SPENT": ("今日有效通话次数已达上限。", "The debtor was spoken to often enough today.", False),
    "CONTACT_TRIES_SPENT": ("今日拨打次数已达上限。", "The debtor was called often enough today.", False),
    "CONTACT_VISITS_SPENT": ("今日上门次数已达上限。", "The debtor was visited today already.", False),
    "CONTACT_VISITOR_ALONE": ("上门须两人以上。", "A visit needs two people.", False),
    "CONTACT_THIRD_PERSON": ("只能联系债务人本人。", "Only the debtor may be contacted.", False),
    # 12 write-off
    "EVIDENCE_INCOMPLETE": ("核销证据不完整。", "The evidence for a write-off is incomplete.", False),
}  # fmt: skip


def may_overrule(code: str) -> bool:
    """Whether a reviewer may set a reason aside; what is not known here may not be."""
    return code in REASON_WORDS and REASON_WORDS[code][2]


def say_reason(code: str) -> tuple[str, str]:
    """(Chinese, English) for a reason; codes of the books' own refusals have their sentences there."""
    zh, en, _ = REASON_WORDS.get(code, ("这一步未通过。", "This step did not pass.", False))
    return zh, en
