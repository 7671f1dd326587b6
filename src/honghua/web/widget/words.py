"""The words of the widget: 中文, English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "widget.title": ("红花支付", "Pay with Honghua"),
    "widget.pay": ("用红花支付 {amount}", "Pay {amount} with Honghua"),
    "widget.credit": ("可分期;贷款有成本,由您在红花的页面上决定。", "Also by instalments; credit costs, and you decide on Honghua's own page."),
    "widget.waits": ("请在打开的红花窗口中完成支付。", "Please finish in the window of Honghua that has opened."),
    "widget.suspended": ("还需要您确认,请看红花窗口。", "It waits for you: please look at Honghua's window."),
    "widget.refused": ("未能支付,可以再试或换一种方式。", "It could not be paid; try again or pay another way."),
    "widget.paid": ("已支付。", "Paid."),
    "widget.over": ("付款时间已过,请重新下单。", "The time to pay is over; please order again."),
}  # fmt: skip
