"""Words of evidence that a person looks at."""

from __future__ import annotations

from typing import Final

from honghua.customers.core import MATERIAL_WORDS

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.nav_evidence": ("资料核对", "Evidence"),
    "desk.evidence_lead": ("客户自愿提供、带有疑似伪造痕迹的资料。核对前不会使用;只有客户同意“人工查看”的才能打开,每次查看都有记录。", "What customers brought of their own accord and that bears a sign of forgery. It is not used before a person has looked; it opens only where its owner agreed that people read it, and each look is written down."),
    "desk.evidence_none": ("没有等待核对的资料。", "Nothing waits."),
    "desk.evidence_marks": ("痕迹", "Signs"),
    "desk.evidence_from": ("来自 {provider},{at}", "from {provider}, {at}"),
    "desk.evidence_read": ("查看内容(记录在案)", "Read it (written down)"),
    "desk.evidence_closed": ("客户没有同意由人工查看内容,只能凭痕迹判断或拒绝。", "Its owner did not agree that people read it: judge by the signs, or refuse."),
    "desk.evidence_accept": ("采用", "Accept"),
    "desk.evidence_refuse": ("不采用并删除", "Refuse and delete"),
    "desk.evidence_done_accept": ("已采用,额度已重新评估。", "Accepted; the limit was decided on again."),
    "desk.evidence_done_refuse": ("已拒绝并删除。", "Refused and deleted."),
    **{f"desk.evidence_value_{name}": words for name, words in MATERIAL_WORDS.items()},
}  # fmt: skip
