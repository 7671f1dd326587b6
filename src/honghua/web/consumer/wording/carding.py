"""Words of payments with a bank card."""

from __future__ import annotations

from typing import Final

CARDING: Final[dict[str, tuple[str, str]]] = {
    "consumer.card_way": ("用银行卡支付", "Pay with a bank card"),
    "consumer.card_way_lead": ("在收单行“{acquirer}”的页面付款,不占用信用额度,没有分期息费。我们不会看到您的卡号。", "You pay on the page of the acquiring bank “{acquirer}”. No credit is used, and no instalment interest arises. We never see your card's number."),
    "consumer.card_way_price": ("银行卡支付", "With a bank card"),
    "consumer.card_way_discount": ("商家优惠 {amount},已减去", "the shop's discount of {amount} is taken off"),
    "consumer.cards_title": ("银行卡付款", "Paid with bank cards"),
    "consumer.cards_lead": ("这些付款由收单行直接与商家结算,不进入您的信用账户。", "The acquiring bank settles these with the shop itself: they are not in your credit account."),
    "consumer.cards_none": ("还没有银行卡付款。", "Nothing was paid with a bank card yet."),
    "consumer.card_title": ("银行卡付款", "Payment with a bank card"),
    "consumer.card_asked": ("等待付款", "Waiting for your payment"),
    "consumer.card_asked_more": ("请到收单行的页面付款,或在那里放弃。放弃后可以换一种支付方式。", "Please pay on the acquiring bank's page, or give up there: then you may pay in another way."),
    "consumer.card_silent": ("收单行暂时没有回应,结果未知。再试一次不会重复付款。", "The acquiring bank does not answer now, and the outcome is unknown. Trying again does not pay twice."),
    "consumer.card_paid": ("已付款", "Paid"),
    "consumer.card_paid_more": ("收单行已收款,并直接与商家结算。", "The acquiring bank has the money, and settles with the shop itself."),
    "consumer.card_declined": ("没有付款", "Not paid"),
    "consumer.card_declined_more": ("收单行没有收款。您可以换一张卡,或换一种支付方式。", "The acquiring bank took nothing. You may take another card, or pay in another way."),
    "consumer.card_different": ("收单行的答复与这笔付款不符,我们正在人工核对,不会据此记为已付款。", "What the acquiring bank says does not fit this payment. A person looks at it; nothing counts as paid by it."),
    "consumer.card_price": ("订单金额", "Price"),
    "consumer.card_discount": ("商家优惠", "The shop's discount"),
    "consumer.card_by": ("收单行", "Acquiring bank"),
    "consumer.card_card": ("银行卡", "Card"),
    "consumer.card_last_four": ("尾号 {digits}", "ending in {digits}"),
    "consumer.card_choose_again": ("重新选择支付方式", "Choose again how to pay"),
    "consumer.card_to_shop": ("回到商家", "Back to the shop"),
    "consumer.card_dispute_lead": ("不是您买的,或没有收到?可以提出争议,由银行裁定。", "Was it not you, or did nothing arrive? You may dispute it; the bank decides."),
    "consumer.card_disputed": ("争议已提交。", "Your dispute is taken."),
    "consumer.card_event_asked": ("发起付款", "payment begun"),
    "consumer.card_event_paid": ("付款成功", "paid"),
    "consumer.card_event_declined": ("没有付款", "not paid"),
    "consumer.card_event_refund_asked": ("商家发起退款", "refund asked for"),
    "consumer.card_event_refunded": ("已退回银行卡", "refunded to the card"),
    "consumer.card_event_refund_refused": ("收单行拒绝退款", "refund refused by the bank"),
    "consumer.card_event_dispute_asked": ("已提出争议", "dispute sent"),
    "consumer.card_event_dispute_open": ("银行正在处理争议", "the bank looks into the dispute"),
    "consumer.card_event_dispute_won": ("争议成立,银行退款", "dispute won: the bank gives the money back"),
    "consumer.card_event_dispute_lost": ("争议不成立", "dispute lost"),
    "consumer.card_event_different": ("收单行答复不符,人工核对", "the bank's answer did not fit; a person looks at it"),
}  # fmt: skip
