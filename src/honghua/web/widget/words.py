"""The words of the widget: 中文, English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "widget.title": ("{brand}支付", "Pay with {brand}"),
    "widget.pay": ("用{brand}支付 {amount}", "Pay {amount} with {brand}"),
    "widget.credit": ("可分期;贷款有成本,由您在{brand}的页面上决定。", "Also by instalments; credit costs, and you decide on {brand}'s own page."),
    "widget.waits": ("请在打开的{brand}窗口中完成支付。", "Please finish in the window of {brand} that has opened."),
    "widget.suspended": ("还需要您确认,请看{brand}窗口。", "It waits for you: please look at {brand}'s window."),
    "widget.refused": ("未能支付,可以再试或换一种方式。", "It could not be paid; try again or pay another way."),
    "widget.paid": ("已支付。", "Paid."),
    "widget.over": ("付款时间已过,请重新下单。", "The time to pay is over; please order again."),
}  # fmt: skip
