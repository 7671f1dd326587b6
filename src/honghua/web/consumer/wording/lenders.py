"""Words of the page that names a customer's lenders."""

from __future__ import annotations

from typing import Final

LENDERS: Final[dict[str, tuple[str, str]]] = {
    "consumer.lenders_title": ("谁借钱给我", "Who lends to me"),
    "consumer.lenders_lead": ("您签署的合同写明的出资机构、各家在您账户中的未偿本金,以及债权转让通知。", "The lenders that your contracts name, what each has out in your account, and notices of parts that changed hands."),
    "consumer.lenders_who": ("出资机构", "Lenders"),
    "consumer.lenders_ours": ("您的合同方", "your contract is with it"),
    "consumer.lenders_named": ("合同已载明", "named in your contract"),
    "consumer.lenders_reporter": ("征信报送机构 {code}", "reports to the credit bureau as {code}"),
    "consumer.lenders_out": ("其出资的未偿本金", "principal it has out"),
    "consumer.lenders_alone": ("没有其他机构出资:合同没有写明的机构不能出资。", "Nobody else lends: whom your contract does not name may not."),
    "consumer.lenders_same": ("无论由谁出资,您的应还金额、还款日和还款方式都相同,只需还给我们。", "Whoever lends, what you owe, your days and your ways to pay are the same, and you pay us."),
    "consumer.lenders_notices": ("债权转让通知", "Notices of transfer"),
    "consumer.lenders_notices_none": ("没有债权转让通知。", "No part changed hands."),
}  # fmt: skip
