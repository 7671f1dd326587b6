"""Every reason code that a rule may name: what the customer reads, what the agent sees, and the statement of an adverse action.

A code stands here before a policy can use it. Texts never tell a fraudster which signal was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """`zh`, `en`: for the customer; `agent_zh`, `agent_en`: for our people; `adverse_zh`, `adverse_en`: the principal reason as an
    adverse-action notice states it, empty where the code never says no or less."""

    zh: str
    en: str
    agent_zh: str
    agent_en: str
    adverse_zh: str = ""
    adverse_en: str = ""

    @property
    def is_adverse(self) -> bool:
        """Whether it may stand in an adverse-action notice."""
        return bool(self.adverse_zh and self.adverse_en)


REASONS: Final[dict[str, Reason]] = {
    "INPUT_MISSING": Reason(
        "系统暂时无法完成核验,请稍后再试。",
        "We could not complete our checks. Please try again later.",
        "必需的判断数据缺失,属系统故障,请报修。",
        "A required value was missing: a fault of ours, please report it.",
        "无法核实申请所需信息",
        "Unable to verify information needed for the decision",
    ),
    "PURPOSE_REFUSED": Reason(
        "信用额度只能用于购物消费,不能取现、转账或还贷。",
        "Credit is for purchases only: no cash, transfers or loan repayments.",
        "交易类别不是消费。",
        "The transaction is not a purchase.",
        "信用用途不符合规定",
        "Purpose of credit not eligible",
    ),
    "ACCOUNT_NOT_ACTIVE": Reason(
        "您的账户目前不能用于消费,仍可还款。",
        "Your account can't be used for purchases now; you can still repay.",
        "账户状态不是正常。",
        "The account's status is not active.",
        "账户状态不允许新的信用支付",
        "Account status does not allow new credit",
    ),
    "OVERDUE": Reason(
        "您有逾期未还的账单,还清后即可继续使用。",
        "A bill is overdue. Once it is repaid you can buy on credit again.",
        "存在逾期账单。",
        "A statement is past due.",
        "存在逾期欠款",
        "Delinquent credit obligation with us",
    ),
    "AMOUNT_INVALID": Reason(
        "金额必须大于零且在允许范围内。",
        "The amount must be above zero and within the allowed range.",
        "金额超出单笔允许范围。",
        "The amount is outside the allowed range of one purchase.",
        "申请金额超出允许范围",
        "Amount requested is outside the allowed range",
    ),
    "LIMIT_SHORT": Reason(
        "可用额度不足以支付这笔订单。",
        "Your available limit does not cover this order.",
        "可用额度不足。",
        "The available limit is too small.",
        "可用额度不足",
        "Amount requested exceeds the available credit limit",
    ),
    "LIMIT_PARTLY": Reason(
        "这笔订单可以部分使用信用支付,其余请用其他方式。",
        "Part of this order can be paid on credit; please pay the rest otherwise.",
        "按可用额度部分批准。",
        "Approved up to the available limit.",
        "可用额度不足以全额批准",
        "Available credit limit does not cover the whole amount",
    ),
    "ORDER_LIMIT": Reason(
        "已为这笔订单提供临时额度。",
        "We granted extra limit for this order only.",
        "本单临时额度。",
        "Temporary limit for this order.",
        "本单临时额度低于申请额度",
        "Extra limit granted is below the amount requested",
    ),
    "TRUSTED": Reason("已批准。", "Approved.", "在信任名单上。", "On an allow list."),
    "LOW_RISK": Reason("已批准。", "Approved.", "风险低。", "Low risk."),
    "DENY_LIST": Reason(
        "这笔支付目前无法完成。如有疑问请联系客服。",
        "This payment can't be completed now. Please contact us if you have questions.",
        "命中拒绝名单。",
        "On a deny list.",
        "账户或商家不符合使用条件",
        "Account or merchant not eligible for credit use",
    ),
    "MERCHANT_BLOCKED": Reason(
        "该商家目前不支持信用支付,请使用其他支付方式。",
        "This merchant does not take credit now. Please pay another way.",
        "商家被停用信用支付。",
        "Credit is switched off for this merchant.",
        "该商家不支持信用支付",
        "Merchant not eligible for credit payment",
    ),
    "RISK_REFUSED": Reason(
        "为保护您的资金安全,这笔支付未能通过。",
        "To protect your money this payment was not approved.",
        "综合风险分很高。",
        "The fused risk score is very high.",
        "交易特征与异常用途相符",
        "Transaction characteristics indicate unusual use of credit",
    ),
    "RISK_STEP_UP": Reason(
        "为确认是您本人操作,请完成身份验证。",
        "Please confirm that it is you.",
        "风险分偏高,需要验证本人。",
        "The risk score is raised: verify the customer.",
    ),
    "RISK_REVIEW": Reason(
        "这笔支付正在核对,我们会尽快通知您结果。",
        "This payment is being checked; we will tell you soon.",
        "风险分偏高,请人工核对。",
        "The risk score is raised: a person looks.",
    ),
    "CROWD_RISK": Reason(
        "为保护您的资金安全,这笔支付未能通过。",
        "To protect your money this payment was not approved.",
        "疑似团伙聚集:共用商家、设备或收款方。",
        "Dense or bursty group sharing shops, devices or payees.",
        "交易特征与异常用途相符",
        "Transaction characteristics indicate unusual use of credit",
    ),
    "RHYTHM_RISK": Reason(
        "为确认是您本人操作,请完成身份验证。",
        "Please confirm that it is you.",
        "与本人历史相比时序异常。",
        "Unusual against the customer's own history.",
        "交易特征与账户历史不符",
        "Transaction is inconsistent with the account's history",
    ),
    "MERCHANT_RISK": Reason(
        "该商家目前不支持信用支付,请使用其他支付方式。",
        "This merchant does not take credit now. Please pay another way.",
        "商家疑似套现:买家集中、退款回路或时段异常。",
        "Merchant suspected of cash-out: buyer concentration, refund loops or hours.",
        "该商家不支持信用支付",
        "Merchant not eligible for credit payment",
    ),
    "CASH_OUT": Reason(
        "信用额度只能用于真实消费,这笔支付未能通过。",
        "Credit is for real purchases only; this payment was not approved.",
        "疑似套现。",
        "Suspected cash-out.",
        "信用用途不符合规定",
        "Purpose of credit not eligible",
    ),
    "DRAIN_AFTER_RAISE": Reason(
        "这笔支付正在核对,我们会尽快通知您结果。",
        "This payment is being checked; we will tell you soon.",
        "提额后迅速用尽额度。",
        "The limit is drained right after a raise.",
        "额度使用模式异常",
        "Unusual pattern of limit use",
    ),
    "TELECOM_FRAUD": Reason(
        "这笔付款有被骗风险。请先停一停,核实对方身份;如有疑问请拨打96110。",
        "This payment may be a scam. Please pause and check who is asking; in doubt call 96110.",
        "疑似电信网络诈骗受害,延时并提示。",
        "The customer may be a victim of telecom fraud: delay and warn.",
    ),
    "TAKEOVER_RISK": Reason(
        "为确认是您本人操作,请完成身份验证。",
        "Please confirm that it is you.",
        "疑似账户被盗用:新设备、新地址或异地。",
        "Suspected account takeover: new device, address or region.",
        "无法确认为本人操作",
        "Unable to verify identity",
    ),
    "SCORE_MISSING": Reason(
        "这笔支付正在核对,我们会尽快通知您结果。",
        "This payment is being checked; we will tell you soon.",
        "没有风险分,请人工核对。",
        "No risk score: a person looks.",
        "无法核实申请所需信息",
        "Unable to verify information needed for the decision",
    ),
    "VELOCITY": Reason(
        "短时间内支付次数过多,请稍后再试。",
        "Too many payments in a short time. Please try again later.",
        "短时间内交易过密。",
        "Too many transactions in a short window.",
        "短时间内申请次数过多",
        "Too many recent transactions",
    ),
    "EXPERIMENT": Reason(
        "为确认是您本人操作,请完成身份验证。",
        "Please confirm that it is you.",
        "实验组规则。",
        "A rule of an experiment's arm.",
        "交易特征与账户历史不符",
        "Transaction is inconsistent with the account's history",
    ),
    "AGE_OUTSIDE": Reason(
        "您的年龄不在本产品的服务范围内。",
        "Your age is outside what this product serves.",
        "年龄不在产品准入范围内。",
        "The applicant's age is outside the product's range.",
        "年龄不符合产品要求",
        "Age does not meet the product's requirements",
    ),
    "STUDENT_BARRED": Reason(
        "本产品不面向在校学生。",
        "This product is not offered to students.",
        "在校学生不得授信。",
        "Students are not granted this credit.",
        "产品不面向在校学生",
        "Product not offered to students",
    ),
    "OVER_INDEBTED": Reason(
        "为避免您的负债过重,我们暂不提供新的授信。",
        "So that your debts don't grow too heavy, we offer no new credit now.",
        "在过度负债名单上。",
        "On the list of those over-indebted.",
        "现有负债过高",
        "Existing debts are too high",
    ),
    "IDENTITY_UNSURE": Reason(
        "暂时无法核实您的身份,请重新认证或联系人工客服。",
        "We could not verify your identity. Please try again or ask for a person.",
        "身份核验未通过或缺失。",
        "The identity check failed or is missing.",
        "无法核实身份",
        "Unable to verify identity",
    ),
    "IDENTITY_REVIEW": Reason(
        "您的申请正在人工核实身份,结果会通知您。",
        "A person is checking your identity; we will tell you.",
        "身份核验分偏低。",
        "The identity check is weak.",
        "无法核实身份",
        "Unable to verify identity",
    ),
    "PERSON_CAP": Reason(
        "您在本机构的授信已达到个人上限。",
        "Your credit with us has reached the most that one person may have.",
        "单户授信余额已达法定上限。",
        "The statutory cap of one person's balance is reached.",
        "授信总额已达上限",
        "Total credit has reached the cap",
    ),
    "APPLICATION_FRAUD": Reason(
        "您的申请暂未通过,您可以申请人工复核。",
        "Your application was not approved. You may ask for a person to look.",
        "申请欺诈分过高。",
        "The application fraud score is too high.",
        "无法核实申请所需信息",
        "Unable to verify information needed for the decision",
    ),
    "FRAUD_REVIEW": Reason(
        "您的申请正在人工审核,结果会通知您。",
        "A person is looking at your application; we will tell you.",
        "申请欺诈分偏高。",
        "The application fraud score is raised.",
        "无法核实申请所需信息",
        "Unable to verify information needed for the decision",
    ),
    "LATE_HERE": Reason(
        "您在本机构有过较长时间的逾期,暂不能授信。",
        "You were long overdue with us; we can't grant credit now.",
        "24个月内在本机构逾期超过30天。",
        "More than 30 days past due with us within 24 months.",
        "在本机构存在逾期记录",
        "Delinquent obligations with us",
    ),
    "BUREAU_ADVERSE": Reason(
        "您的征信报告中有较严重的逾期记录。",
        "Your credit report shows serious arrears.",
        "征信24个月最差状态达到4及以上。",
        "Worst status of 24 months in the bureau is 4 or more.",
        "征信存在严重逾期",
        "Serious delinquency on the credit report",
    ),
    "LENDERS_TOO_MANY": Reason(
        "您同时在多家机构有借款,为避免负债过重,本次未通过。",
        "You borrow from many lenders at once; so as not to add to it, this was not approved.",
        "多头借贷:在借机构数过多。",
        "Multi-lending: too many lenders at once.",
        "在多家机构有未结清借款",
        "Too many obligations with other lenders",
    ),
    "LENDERS_REVIEW": Reason(
        "您的申请正在人工审核,结果会通知您。",
        "A person is looking at your application; we will tell you.",
        "在借机构与近期查询均偏多。",
        "Several lenders and many recent inquiries.",
        "在多家机构有未结清借款",
        "Too many obligations with other lenders",
    ),
    "WILLINGNESS_LOW": Reason(
        "综合您的信用记录,本次未通过;按时还款会改善结果。",
        "On your credit record this was not approved; paying on time will improve it.",
        "还款意愿分低于门槛。",
        "The willingness score is below the cut-off.",
        "信用记录不足或不佳",
        "Insufficient or unfavourable credit history",
    ),
    "ABILITY_LOW": Reason(
        "综合您的收入与负债,本次未通过;补充收入证明可再次申请。",
        "On your income and debts this was not approved; with more evidence of income you may apply again.",
        "还款能力分低于门槛。",
        "The ability score is below the cut-off.",
        "收入不足以覆盖债务",
        "Income insufficient for the obligations",
    ),
    "SCORES_REVIEW": Reason(
        "您的申请正在人工审核,结果会通知您。",
        "A person is looking at your application; we will tell you.",
        "意愿与能力分相互矛盾。",
        "Willingness and ability disagree.",
        "收入不足以覆盖债务",
        "Income insufficient for the obligations",
    ),
    "NOTHING_AFFORDABLE": Reason(
        "扣除现有月供后,您的收入暂不足以承担新的授信。",
        "After your present instalments your income does not carry new credit now.",
        "收入扣除月供后无可负担额度。",
        "Nothing is affordable after present debt service.",
        "月供占收入比例过高",
        "Debt service too high for the income",
    ),
    "START_LOW": Reason(
        "首次授信从较低额度开始,按时还款后可逐步提高。",
        "The first limit starts low and grows as you pay on time.",
        "薄数据客户低额度起步。",
        "Thin data: the limit starts low.",
        "信用记录较短",
        "Limited credit experience",
    ),
    "ASKED_LITTLE": Reason(
        "已按您申请的额度授信。",
        "The limit is what you asked for.",
        "申请额度不高于起步额度。",
        "The amount asked for is within the start limit.",
    ),
    "INCOME_LIMIT": Reason(
        "额度按您的收入与负债确定,低于申请额度。",
        "The limit follows your income and debts; it is lower than asked.",
        "按可负担金额核定额度。",
        "The limit is set by what is affordable.",
        "收入不足以支持申请额度",
        "Income insufficient for the amount requested",
    ),
}
