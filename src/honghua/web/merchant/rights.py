"""Who may call the merchants' routes: everybody of a shop reads and refunds, owners alone spend money on campaigns."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import MERCHANTS, Rights, Role

OWNERS: Final = frozenset({Role.MERCHANT_OWNER})

RIGHTS: Final[Rights] = {
    "merchant.home": MERCHANTS,
    "merchant.orders": MERCHANTS,
    "merchant.order": MERCHANTS,
    "merchant.refund": MERCHANTS,
    "merchant.settlements": MERCHANTS,
    "merchant.settlement": MERCHANTS,
    "merchant.settlement_file": MERCHANTS,
    "merchant.campaigns": MERCHANTS,
    "merchant.campaign": MERCHANTS,
    "merchant.campaign_form": OWNERS,
    "merchant.campaign_start": OWNERS,
    "merchant.campaign_act": OWNERS,
}
