"""What a campaign covers, and what it brought: no database, no clock."""

from honghua.merchants.core.campaigns import Asked, Campaign, Draft, check_draft, covers
from honghua.merchants.core.uplift import Arm, Uplift, estimate_uplift

__all__ = ["Arm", "Asked", "Campaign", "Draft", "Uplift", "check_draft", "covers", "estimate_uplift"]
