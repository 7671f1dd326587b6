"""Who may call customers' pages."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import CUSTOMERS, GATEWAYS, PUBLIC, Rights

OPEN: Final = ("consumer.landing", "consumer.shop")
OWN: Final = (
    "home", "limit", "cap", "set_cap", "bills", "statement", "repay", "repay_now", "take_back", "sources", "change_sources", "split",
    "choose_split", "plans", "plan", "settle", "days", "change_days", "purchases", "purchase", "report", "clear", "checkout",
    "choose", "part", "choose_part",
    "contract", "sign", "result", "opening", "begin_opening", "waiting", "go_on", "code", "make_code", "shop_buy",
    "shop_return", "settings", "consents", "change_consent", "data", "correct", "export", "erase", "help", "ask_help",
    "reminders", "choose_reminders",
    "payment", "payment_again", "card_pay", "cards", "card", "card_again", "card_dispute", "bureau", "object", "lenders",
    "growth", "answer_offer", "claim_coupon",
    "evidence", "bring_source", "bring_document", "ask_evidence", "withdraw_evidence",
    "complaints", "complain", "profile", "change_profile",
    "supplement", "supplement_show", "supplement_sign", "supplement_pdf",
    "face", "face_begin", "film", "send_film", "device", "device_lost", "bind_device",
    "business", "business_apply", "business_judge", "business_appeal", "business_again", "business_show", "business_contract",
    "business_sign", "business_pdf", "business_repay",
    "prove", "apply", "judge", "appeal", "apply_again", "show_agreement", "agreement", "sign_agreement", "agreement_pdf",
)  # fmt: skip
RIGHTS: Final[Rights] = {
    "payments.notice": GATEWAYS,
    **dict.fromkeys(OPEN, PUBLIC),
    **{f"consumer.{name}": CUSTOMERS for name in OWN},
}
