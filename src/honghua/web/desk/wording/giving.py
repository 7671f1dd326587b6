"""Words of what the desk gives by hand."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.nav_givings": ("额度券与提额", "Coupons, offers"),
    "desk.givings_lead": (
        "一人提出,另一人批准;在风险评定的上限之内发放,客户领取或同意后才生效。",
        "One person asks, another decides. It is given within what risk approved, and binds when the customer takes it or says yes.",
    ),
    "desk.givings_waiting": ("等待另一人批准", "Waits for another person"),
    "desk.givings_waiting_none": ("没有等待批准的申请。", "Nothing waits."),
    "desk.giving_ask": ("提出申请", "Ask for it"),
    "desk.giving_asked": ("已提出第 {id} 号申请,等待另一人批准。", "Asked, as number {id}: another person decides."),
    "desk.giving_kind": ("发放什么", "What"),
    "desk.giving_coupon": ("场景额度券", "a coupon with a limit for a scene"),
    "desk.giving_raise": ("提高固定额度的邀约", "an offer of a higher limit"),
    "desk.giving_customers": ("客户", "Customers"),
    "desk.giving_customers_hint": ("每行一位,最多 {n} 位", "one a line, at most {n}"),
    "desk.giving_amount": ("金额", "Amount"),
    "desk.giving_amount_hint": ("额度券:券面额度;提额:新的固定额度", "coupon: what it is worth; offer: the new limit"),
    "desk.giving_coupon_only": ("仅额度券填写", "Coupons only"),
    "desk.giving_name": ("场景名称", "Name of the scene"),
    "desk.giving_until_on": ("最后一天", "Last day"),
    "desk.giving_until": ("至 {day}", "until {day}"),
    "desk.giving_scope": ("限于:", "for:"),
    "desk.giving_more": ("另有 {n} 位", "and {n} more"),
    "desk.giving_categories": ("商品类目(每行一个)", "Goods categories, one a line"),
    "desk.giving_merchants": ("商家(每行一个)", "Shops, one a line"),
    "desk.giving_grant": ("批准", "Grant"),
    "desk.giving_refuse": ("驳回", "Refuse"),
    "desk.giving_granted": ("已发放给 {n} 位客户。", "Given to {n} customer.|Given to {n} customers."),
    "desk.giving_refused": ("已驳回。", "Refused."),
    "desk.givings_decided": ("最近的决定", "Decided of late"),
    "desk.givings_decided_none": ("还没有决定过。", "Nothing was decided yet."),
    "desk.giving_state_granted": ("已批准", "granted"),
    "desk.giving_state_refused": ("已驳回", "refused"),
    "desk.giving_reached": ("{of} 位中 {n} 位已获得。", "{n} of {of} have it."),
}
