"""All settings in one frozen record, built once from the environment; nothing else reads the environment."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from honghua.base.errors import BadInput
from honghua.store.settings import StoreSettings

ROOT_STATE_DIR = Path("/var/lib/honghua")
DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
URL_PREFIXES = ("postgresql://", "postgres://")
READING_SECONDS = 10
READING_SECONDS_MAX = 120
OWN_HOSTS = frozenset({"127.0.0.1", "localhost"})
SECRET_CHARS_MIN = 32


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Keys as the environment gives them, in base64url; "" = make them and keep them in the state folder."""

    session_key: str = field(default="", repr=False)
    index_key: str = field(default="", repr=False)
    field_keys: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An identity provider that vouches for users; no issuer = none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """Where short messages are posted to; no url = no gateway."""

    url: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    """The payment gateway by which customers repay by hand; no url = none."""

    url: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """A counterparty that is spoken to over HTTP with a secret that both share; no url = none. name: in reports and in the books."""

    name: str = ""
    url: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OutsideSettings:
    """Counterparties of the operator's, each by an address or a folder; whatever is missing is honestly not there."""

    payouts: ServiceSettings = ServiceSettings()
    debits: ServiceSettings = ServiceSettings()
    evidence: ServiceSettings = ServiceSettings()
    bureau: ServiceSettings = ServiceSettings()
    identity: ServiceSettings = ServiceSettings()
    faces: ServiceSettings = ServiceSettings()
    lenders: ServiceSettings = ServiceSettings()
    materials: ServiceSettings = ServiceSettings()
    documents: ServiceSettings = ServiceSettings()
    register: ServiceSettings = ServiceSettings()
    cards: ServiceSettings = ServiceSettings()
    filing_folder: str = ""
    partners_folder: str = ""
    funding_routes: str = ""


@dataclass(frozen=True, slots=True)
class LanguageSettings:
    """A language model behind an OpenAI-compatible address; no url = none, and all works without. Prices: 1e-6 of the currency of the
    contract for a million tokens read and written; 0 = not counted."""

    url: str = ""
    model: str = ""
    key: str = field(default="", repr=False)
    price_in_micro: int = 0
    price_out_micro: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the whole program was told. `store`: see StoreSettings. reading_seconds: how long a contract must have been on the screen.
    proxies: addresses whose word about who asks is believed, as uvicorn takes them. merchants_registered_only: shops that were never
    admitted sell nothing on credit. lender_file: see `app.lender`; "" = as shipped.
    limit_slice: a file like limits/response/data/slice.toml; "" = no limit is moved by lot."""

    store: StoreSettings
    keys: KeySettings = KeySettings()
    oidc: OidcSettings = OidcSettings()
    sms: SmsSettings = SmsSettings()
    payments: PaymentSettings = PaymentSettings()
    language: LanguageSettings = LanguageSettings()
    services: OutsideSettings = OutsideSettings()
    reading_seconds: int = READING_SECONDS
    proxies: str = ""
    merchants_registered_only: bool = False
    lender_file: str = ""
    limit_slice: str = ""


def find_state_dir(environment: Mapping[str, str], *, is_root: bool) -> Path:
    """HONGHUA_STATE_DIR, else /var/lib/honghua for root, else $XDG_STATE_HOME/honghua or ~/.local/state/honghua."""
    if chosen := environment.get("HONGHUA_STATE_DIR"):
        return Path(chosen).expanduser().absolute()
    if is_root:
        return ROOT_STATE_DIR
    base = environment.get("XDG_STATE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "honghua"


def load_settings(*, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (or from `environment`); raises BadInput when one makes no sense.

    HONGHUA_STATE_DIR      folder of the embedded database
    HONGHUA_DATABASE_URL   postgresql://… of the operator's server, instead of the embedded one
    HONGHUA_SESSION_KEY    32 bytes in base64url: signs what a browser carries; made and kept in the state folder when absent
    HONGHUA_INDEX_KEY      the same, for blind indexes of what is encrypted; change: add one ("1:key,2:key"), `honghua privacy reindex`
    HONGHUA_FIELD_KEYS     "1:key,2:key": encrypt what is personal; the highest number seals, all open; see docs/SECURITY.md
    HONGHUA_READING_SECONDS  how long a contract must have been on the screen before it can be agreed to (0 … 120)
    HONGHUA_PROXIES        addresses or networks of the proxies in front of us, with commas: they may say who asks and how
    HONGHUA_LENDER_FILE    who lends, under which brand, on what terms: see app/lender.py
    HONGHUA_MERCHANTS_REGISTERED_ONLY  1: shops that are not in the register of merchants sell nothing on credit; 0 (usual): they may
    HONGHUA_SMS_URL, HONGHUA_SMS_TOKEN   the operator's gateway for short messages: takes POST {"key", "to", "text"}
    HONGHUA_PAYMENT_URL, HONGHUA_PAYMENT_SECRET   the payment gateway by which customers repay by hand; see web/payments/gateway.py
    HONGHUA_PAYOUT_URL, HONGHUA_PAYOUT_SECRET, HONGHUA_PAYOUT_NAME        the bank that pays merchants out (name: "payout bank")
    HONGHUA_DEBIT_URL, HONGHUA_DEBIT_SECRET, HONGHUA_DEBIT_NAME           the bank that customers' bills are debited by ("debit bank")
    HONGHUA_EVIDENCE_URL, HONGHUA_EVIDENCE_SECRET, HONGHUA_EVIDENCE_NAME  who knows what became of orders ("order evidence")
    HONGHUA_BUREAU_URL, HONGHUA_BUREAU_SECRET, HONGHUA_BUREAU_NAME        who is asked about people's debts ("bureau")
    HONGHUA_IDENTITY_URL, HONGHUA_IDENTITY_SECRET, HONGHUA_IDENTITY_NAME  who says who people are ("identity service"); app/doors/outside
    HONGHUA_LENDERS_URL, HONGHUA_LENDERS_SECRET, HONGHUA_LENDERS_NAME     the bank through which lenders pay each other ("lenders' bank")
    HONGHUA_MATERIALS_URL, HONGHUA_MATERIALS_SECRET, HONGHUA_MATERIALS_NAME  who keeps evidence that customers bring ("evidence source")
    HONGHUA_DOCUMENTS_URL, HONGHUA_DOCUMENTS_SECRET, HONGHUA_DOCUMENTS_NAME  who reads documents that customers bring ("document reader")
    HONGHUA_REGISTER_URL, HONGHUA_REGISTER_SECRET, HONGHUA_REGISTER_NAME  who knows businesses ("register of businesses")
    HONGHUA_CARDS_URL, HONGHUA_CARDS_SECRET, HONGHUA_CARDS_NAME           the bank that acquires card payments ("acquiring bank")
    HONGHUA_FILING_FOLDER    where the credit bureau's monthly files are put (out/) and its receipts found (in/)
    HONGHUA_PARTNERS_FOLDER  a folder a lender, of its code: what happened to its loans (out/) and its own books (in/), a file a day
    HONGHUA_FUNDING_ROUTES   file of the routings: which purchases are lent together with whom; see funding/data/routes.toml
    HONGHUA_LIMIT_SLICE      file of the slice whose limits are moved by lot, like limits/response/data/slice.toml; none = nobody's
    HONGHUA_LANGUAGE_URL, HONGHUA_LANGUAGE_MODEL, HONGHUA_LANGUAGE_KEY   a language model (OpenAI-compatible) that drafts words for the lab
    HONGHUA_LANGUAGE_PRICES  "in,out": what a million tokens cost, in 1e-6 of the contract's currency
    HONGHUA_FACES_URL, HONGHUA_FACES_SECRET, HONGHUA_FACES_NAME  who looks at films of faces ("face service"); without: the identity service
    HONGHUA_OIDC_ISSUER, HONGHUA_OIDC_CLIENT_ID, HONGHUA_OIDC_CLIENT_SECRET   an identity provider for staff
    """
    given = os.environ if environment is None else environment
    url = given.get("HONGHUA_DATABASE_URL") or None
    if url is not None and not url.startswith(URL_PREFIXES):
        raise BadInput("HONGHUA_DATABASE_URL must start with postgresql://")
    try:
        state_dir = find_state_dir(given, is_root=os.geteuid() == 0)
    except RuntimeError as error:
        raise BadInput("no home directory: set HONGHUA_STATE_DIR") from error
    return Settings(
        store=StoreSettings(state_dir=state_dir, database_url=url),
        keys=_read_keys(given),
        oidc=_read_oidc(given),
        sms=_read_sms(given),
        payments=_read_payments(given),
        language=_read_language(given),
        services=_read_services(given),
        proxies=_read_proxies(given.get("HONGHUA_PROXIES", "")),
        lender_file=given.get("HONGHUA_LENDER_FILE", ""),
        limit_slice=given.get("HONGHUA_LIMIT_SLICE", ""),
        merchants_registered_only=_read_switch(given, "HONGHUA_MERCHANTS_REGISTERED_ONLY"),
        reading_seconds=_read_seconds(given.get("HONGHUA_READING_SECONDS", "")),
    )


def _read_keys(given: Mapping[str, str]) -> KeySettings:
    names = ("HONGHUA_SESSION_KEY", "HONGHUA_INDEX_KEY", "HONGHUA_FIELD_KEYS")
    return KeySettings(*(given.get(name, "") for name in names))


def _read_switch(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "")
    if text not in ("", "0", "1"):
        raise BadInput(f"{name} is 0 or 1")
    return text == "1"


def _read_seconds(text: str) -> int:
    if not text:
        return READING_SECONDS
    if not text.isascii() or not text.isdigit() or int(text) > READING_SECONDS_MAX:
        raise BadInput(f"HONGHUA_READING_SECONDS is 0 … {READING_SECONDS_MAX}")
    return int(text)


def _require_safe(name: str, url: str) -> None:
    """What is sent there carries codes or money: over TLS, or never off this machine. Its host counts, not how the text begins."""
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OWN_HOSTS)
    except ValueError:
        is_safe = False
    if url and not is_safe:
        raise BadInput(f"{name} is an https address, or one of this machine")


def _read_sms(given: Mapping[str, str]) -> SmsSettings:
    found = SmsSettings(given.get("HONGHUA_SMS_URL", ""), given.get("HONGHUA_SMS_TOKEN", ""))
    _require_safe("HONGHUA_SMS_URL", found.url)
    return found


def _read_payments(given: Mapping[str, str]) -> PaymentSettings:
    found = PaymentSettings(given.get("HONGHUA_PAYMENT_URL", ""), given.get("HONGHUA_PAYMENT_SECRET", ""))
    _require_safe("HONGHUA_PAYMENT_URL", found.url)
    if found.url and len(found.secret) < SECRET_CHARS_MIN:
        raise BadInput(f"HONGHUA_PAYMENT_SECRET has at least {SECRET_CHARS_MIN} characters")
    return found


def _read_services(given: Mapping[str, str]) -> OutsideSettings:
    return OutsideSettings(
        payouts=_read_service(given, "PAYOUT", "payout bank"),
        debits=_read_service(given, "DEBIT", "debit bank"),
        evidence=_read_service(given, "EVIDENCE", "order evidence"),
        bureau=_read_service(given, "BUREAU", "bureau"),
        identity=_read_service(given, "IDENTITY", "identity service"),
        faces=_read_service(given, "FACES", "face service"),
        lenders=_read_service(given, "LENDERS", "lenders' bank"),
        materials=_read_service(given, "MATERIALS", "evidence source"),
        documents=_read_service(given, "DOCUMENTS", "document reader"),
        register=_read_service(given, "REGISTER", "register of businesses"),
        cards=_read_service(given, "CARDS", "acquiring bank"),
        filing_folder=given.get("HONGHUA_FILING_FOLDER", ""),
        partners_folder=given.get("HONGHUA_PARTNERS_FOLDER", ""),
        funding_routes=given.get("HONGHUA_FUNDING_ROUTES", ""),
    )


def _read_service(given: Mapping[str, str], word: str, name: str) -> ServiceSettings:
    url, secret = given.get(f"HONGHUA_{word}_URL", ""), given.get(f"HONGHUA_{word}_SECRET", "")
    _require_safe(f"HONGHUA_{word}_URL", url)
    if url and len(secret) < SECRET_CHARS_MIN:
        raise BadInput(f"HONGHUA_{word}_SECRET has at least {SECRET_CHARS_MIN} characters")
    return ServiceSettings(given.get(f"HONGHUA_{word}_NAME", "") or name, url, secret)


def _read_language(given: Mapping[str, str]) -> LanguageSettings:
    url, model = given.get("HONGHUA_LANGUAGE_URL", ""), given.get("HONGHUA_LANGUAGE_MODEL", "")
    _require_safe("HONGHUA_LANGUAGE_URL", url)
    if url and not model:
        raise BadInput("HONGHUA_LANGUAGE_URL needs HONGHUA_LANGUAGE_MODEL")
    prices = [part.strip() for part in given.get("HONGHUA_LANGUAGE_PRICES", "0,0").split(",")]
    if len(prices) != 2 or not all(part.isascii() and part.isdigit() for part in prices):
        raise BadInput('HONGHUA_LANGUAGE_PRICES is "in,out", whole numbers')
    return LanguageSettings(url, model, given.get("HONGHUA_LANGUAGE_KEY", ""), int(prices[0]), int(prices[1]))


def _read_proxies(text: str) -> str:
    """Addresses and networks, never "*": whoever may say who asks may be anybody."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            raise BadInput(f"HONGHUA_PROXIES: {part!r} is no address or network") from error
    return ",".join(parts)


def _read_oidc(given: Mapping[str, str]) -> OidcSettings:
    names = ("HONGHUA_OIDC_ISSUER", "HONGHUA_OIDC_CLIENT_ID", "HONGHUA_OIDC_CLIENT_SECRET")
    found = OidcSettings(*(given.get(name, "") for name in names))
    if found.issuer and not (found.issuer.startswith("https://") and found.client_id):
        raise BadInput("HONGHUA_OIDC_ISSUER is an https address and needs HONGHUA_OIDC_CLIENT_ID")
    return found


def with_database(settings: Settings, name: str) -> Settings:
    """The same settings for another database on the same server; BadInput for a name that is none."""
    if not DATABASE_NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a database: small letters, digits and _, at most 63", code="BAD_NAME")
    url = settings.store.database_url
    if url is not None:
        parts = urlsplit(url)
        # A name in the query part (…?dbname=x) would win over ours.
        query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key != "dbname"])
        url = f"{parts.scheme}://{parts.netloc}/" + (f"?{query}" if query else "")
    return replace(settings, store=replace(settings.store, database_url=url, database_name=name))
