"""Words of the page of a customer's profile."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.profile_title": ("客户画像", "Profile of"),
    "desk.profile_lead": (
        "只显示所选目的需要的标签;每次查看都会连同目的记录下来,客户本人可以看到。",
        "Only tags that the purpose needs. Each look is written down with its purpose, and the customer can read that.",
    ),
    "desk.profile_ask": ("查看目的", "For what purpose?"),
    "desk.profile_show": ("查看", "Look"),
    "desk.profile_tags": ("标签", "Tags"),
    "desk.profile_as_of": ("截至 {at}", "As of {at}"),
    "desk.profile_group": ("类别", "Group"),
    "desk.profile_tag": ("标签", "Tag"),
    "desk.profile_evidence": ("依据", "What speaks for it"),
    "desk.profile_definition": ("定义", "Definition"),
    "desk.profile_unknown": ("未知", "not known"),
    "desk.profile_none": ("没有该目的可看的标签。", "No tags are kept that this purpose may see."),
    "desk.profile_logged": ("本次查看已记录。", "This look was written down."),
    "desk.see_profile": ("查看画像", "See the profile"),
}
