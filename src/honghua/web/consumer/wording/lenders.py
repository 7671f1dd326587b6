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
    "consumer.supplement_title": ("出资机构补充协议", "Supplement: who lends"),
    "consumer.supplement_lead": ("签署之后,下列机构可以与我们共同出资;额度、息费和还款都不变。", "Once it is signed, these lenders may lend together with us; limit, costs and repayment stay the same."),
    "consumer.supplement_offer": ("您的合同没有写明下列机构,它们目前不能为您出资:{names}。您可以阅读并签署补充协议;不签署不影响使用。", "Your contract does not name these lenders, so they may not lend to you: {names}. You may read and sign a supplement; nothing changes if you do not."),
    "consumer.supplement_comma": ("、", ", "),
    "consumer.supplement_open": ("阅读补充协议", "Read the supplement"),
    "consumer.supplement_agree": ("我已阅读,同意上列机构共同出资", "I have read it and agree that these lenders lend together"),
    "consumer.supplement_sign": ("签署补充协议", "Sign the supplement"),
    "consumer.supplement_leave": ("暂不签署", "Not now"),
    "consumer.supplement_signed": ("补充协议已签署。", "The supplement is signed."),
    "consumer.supplement_none": ("没有需要签署的补充协议。", "There is no supplement to sign."),
    "consumer.lenders_notices": ("债权转让通知", "Notices of transfer"),
    "consumer.lenders_notices_none": ("没有债权转让通知。", "No part changed hands."),
}  # fmt: skip
