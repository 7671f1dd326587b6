"""What joint lending needs done by the clock: partners' books compared with ours, day by day."""

from __future__ import annotations

from honghua.funding.port import PartnerSystem
from honghua.funding.reconciling import reconcile_all

__all__ = ["PartnerSystem", "reconcile_all"]
