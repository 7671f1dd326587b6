"""Words of the page of one's own profile."""

from __future__ import annotations

from typing import Final

PROFILE: Final[dict[str, tuple[str, str]]] = {
    "consumer.profile_title": ("我的画像", "My profile"),
    "consumer.profile_lead": (
        "我们用哪些标签描述您、依据是什么、用来做什么。没有用途的标签一律不保存。",
        "Which words we keep of you, from what, and what for. What has no use is not kept.",
    ),
    "consumer.profile_uses": ("用途", "What it is for"),
    "consumer.profile_off": ("关闭营销推送", "Switch offers off"),
    "consumer.profile_tags": ("标签", "Tags"),
    "consumer.profile_as_of": ("截至 {at}", "As of {at}"),
    "consumer.profile_unknown": ("未知", "not known"),
    "consumer.profile_none": ("没有保存您的标签。", "No tags of yours are kept."),
    "consumer.profile_refuse": ("删除", "Strike out"),
    "consumer.profile_allow": ("恢复", "Allow again"),
    "consumer.profile_struck": ("已删除的标签", "Struck out"),
    "consumer.profile_looks": ("谁看过", "Who looked at it"),
    "consumer.profile_refuse_done": ("已删除,以后不再保存。", "Struck out. It will not be kept again."),
    "consumer.profile_allow_done": ("已恢复,下次更新起生效。", "Allowed again from the next update on."),
    "consumer.profile_kept": (
        "这个标签是履行合同所必需的;您可以请真人复核它带来的结果。",
        "The contract needs this one. You may ask a person to look at what it led to.",
    ),
}
