"""Who may ask: the roles, and the type of a table of rights. Each console holds its own table; `web/app.py` joins them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is allowed to do here. ANYONE needs no sign-in; PARTNER signs requests instead of signing in,
    and so does the payment GATEWAY."""

    ANYONE = "anyone"
    CUSTOMER = "customer"
    PARTNER = "partner"
    GATEWAY = "gateway"
    MERCHANT_OWNER = "merchant_owner"
    MERCHANT_STAFF = "merchant_staff"
    STRATEGIST = "strategist"
    REVIEWER = "reviewer"
    COLLECTOR = "collector"
    CARE = "care"
    OPERATIONS = "operations"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


Rights = Mapping[str, frozenset[Role]]  # name of a route → who may call it

PUBLIC: Final = frozenset({Role.ANYONE})
CUSTOMERS: Final = frozenset({Role.CUSTOMER})
PARTNERS: Final = frozenset({Role.PARTNER})
GATEWAYS: Final = frozenset({Role.GATEWAY})
SIGNING: Final = PARTNERS | GATEWAYS
MERCHANTS: Final = frozenset({Role.MERCHANT_OWNER, Role.MERCHANT_STAFF})
STAFF: Final = frozenset(
    {Role.STRATEGIST, Role.REVIEWER, Role.COLLECTOR, Role.CARE, Role.OPERATIONS, Role.AUDITOR, Role.ADMINISTRATOR}
)
DESK_READERS: Final = STAFF - {Role.ADMINISTRATOR}  # an administrator sees no business data
SIGNED_IN: Final = CUSTOMERS | MERCHANTS | STAFF
