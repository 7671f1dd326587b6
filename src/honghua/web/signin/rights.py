"""Who may call the pages of sign-in: those before it anybody, those after it whoever is signed in."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import CUSTOMERS, MERCHANTS, PUBLIC, SIGNED_IN, STAFF, Rights, Role

ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})

RIGHTS: Final[Rights] = {
    "signin.start": PUBLIC,
    "signin.send": PUBLIC,
    "signin.code": PUBLIC,
    "signin.check": PUBLIC,
    "signin.staff": PUBLIC,
    "signin.staff_check": PUBLIC,
    "signin.merchant": PUBLIC,
    "signin.merchant_check": PUBLIC,
    "signin.enrol": PUBLIC,
    "signin.enrol_check": PUBLIC,
    "signin.oidc": PUBLIC,
    "signin.oidc_back": PUBLIC,
    "signin.outbox": PUBLIC,  # 404 unless the site is a demonstration
    "signin.out": SIGNED_IN,
    "signin.devices": SIGNED_IN,
    "signin.device_end": SIGNED_IN,
    "signin.everywhere": SIGNED_IN,
    "signin.password": MERCHANTS | STAFF,
    "signin.password_check": MERCHANTS | STAFF,
    "signin.users": ADMINISTRATORS,
    "signin.user_add": ADMINISTRATORS,
    "signin.user_lock": ADMINISTRATORS,
    "signin.user_unlock": ADMINISTRATORS,
    "signin.user_reset": ADMINISTRATORS,
    "signin.events": ADMINISTRATORS | {Role.AUDITOR},
    "signin.freeze": CUSTOMERS,
    "signin.factor": PUBLIC,
    "signin.factor_check": PUBLIC,
    "signin.prove": CUSTOMERS,
    "signin.prove_send": CUSTOMERS,
    "signin.prove_check": CUSTOMERS,
    "signin.second": CUSTOMERS,
    "signin.second_begin": CUSTOMERS,
    "signin.second_enrol": CUSTOMERS,
    "signin.second_check": CUSTOMERS,
    "signin.second_drop": CUSTOMERS,
    "signin.second_forget": CUSTOMERS,
    "signin.bound": CUSTOMERS,
    "signin.bound_answer": CUSTOMERS,
    "signin.phone": CUSTOMERS,
    "signin.phone_send": CUSTOMERS,
    "signin.phone_code": CUSTOMERS,
    "signin.phone_check": CUSTOMERS,
}
