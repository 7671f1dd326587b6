"""The customers room's door: register, read and correct persons; consents; the rights that people have over what is known of them.

Every function works inside the caller's transaction. A `Vault` is made of the keys that the site was given.
"""

from __future__ import annotations

from honghua.customers.consents import (
    Said,
    Standing,
    find_missing,
    is_consented,
    list_standings,
    list_texts,
    publish_texts,
    say,
)
from honghua.customers.persons import (
    Access,
    Origin,
    Purpose,
    Version,
    find_by_national_id,
    find_by_phone,
    get_person,
    list_access,
    list_versions,
    make_reference,
    register,
    reveal,
    show_masked,
    write_fields,
)
from honghua.customers.rights import (
    ANSWER_WITHIN,
    RETENTION_YEARS,
    RightKind,
    close_request,
    erase_person,
    export_person,
    list_requests,
    make_request,
)
from honghua.customers.store import AccessRow, PersonRow
from honghua.customers.store_consents import ConsentRow, RequestRow
from honghua.customers.vault import Vault, read_key_number

__all__ = [
    "ANSWER_WITHIN",
    "RETENTION_YEARS",
    "Access",
    "AccessRow",
    "ConsentRow",
    "Origin",
    "PersonRow",
    "Purpose",
    "RequestRow",
    "RightKind",
    "Said",
    "Standing",
    "Vault",
    "Version",
    "close_request",
    "erase_person",
    "export_person",
    "find_by_national_id",
    "find_by_phone",
    "find_missing",
    "get_person",
    "is_consented",
    "list_access",
    "list_requests",
    "list_standings",
    "list_texts",
    "list_versions",
    "make_reference",
    "make_request",
    "publish_texts",
    "read_key_number",
    "register",
    "reveal",
    "say",
    "show_masked",
    "write_fields",
]
