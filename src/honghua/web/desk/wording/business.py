"""Words of the page about business lines."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.nav_business": ("经营额度", "Business lines"),
    "desk.business_lead": ("小微企业主的经营额度与其消费额度并列;两者用途、额度和账目各自独立。", "Lines for small businesses beside their owners' own lines; purpose, limit and books are apart."),
    "desk.business_none": ("还没有经营额度。", "No business line yet."),
    "desk.business_of": ("用途", "Purpose"),
    "desk.purpose_business": ("经营", "business"),
    "desk.purpose_consumption": ("消费", "consumption"),
    "desk.purpose_never": ("一律不可", "never"),
    "desk.business_limit": ("额度", "Limit"),
    "desk.business_taken": ("已用和预授权", "Used and held"),
    "desk.business_owed": ("欠款", "Owed"),
    "desk.business_dpd": ("逾期天数", "Days past due"),
    "desk.business_shops": ("本人店铺", "Own shops"),
    "desk.shop_own": ("本人", "own"),
    "desk.shop_not": ("已解除", "no longer"),
    "desk.shop_end": ("不再是本人店铺", "No longer their own"),
    "desk.shop_add": ("登记本人店铺", "A shop of their own"),
    "desk.shop_ref": ("商户编号", "Merchant's reference"),
    "desk.shop_say": ("登记", "Say so"),
    "desk.shop_said": ("已登记,下一笔订单起生效。", "Noted; it counts from the next order on."),
    "desk.shop_known": ("此前已登记。", "That was said before."),
    "desk.business_goods": ("用途清单", "What pays for what"),
    "desk.business_goods_how": ("清单为自定(U级);清单外的类别只能用消费额度支付。", "The list is our own (U); what is not on it is paid for by lines for consumption alone."),
}  # fmt: skip
