"""Which column of any table of transactions is which: by the map, else by well-known names; what is left out is simply absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from honghua.app.replay_map import ALIASES, TableMap
from honghua.base.errors import BadInput

# Names in lower case without "_", "-", " " and "."; the first that the file has is taken, and each column serves one purpose.
MORE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("transactionid", "txid", "txnid", "eventid", "orderid", "uuid", "rowid"),
    "at": ("txdatetime", "transactiondatetime", "transactiontime", "transactiondate", "eventtime", "createdat", "unixtime", "transactiondt",
           "txtimeseconds", "step", "datetimeutc", "ts", "timestep"),
    "customer": ("nameorig", "userid", "user", "clientid", "client", "card1", "cardnumber", "card", "account", "accountid", "payer",
                 "payerid", "sender", "senderid", "senderaccount", "fromaccount", "accountfrom",
                 "from", "originator", "buyer", "buyerid", "consumer",
                 "person", "cardholder", "src"),
    "merchant": ("terminal", "merchantname", "seller", "sellerid", "vendor", "vendorid", "store", "storeid", "shopname"),
    "amount": ("transactionamt", "transactionamount", "txnamount", "value", "amountpaid", "purchasevalue", "total", "price"),
    "device": ("deviceinfo", "deviceid", "devicehash", "devicetype", "fingerprint"),
    "address": ("addr1", "ipaddress", "ip", "shippingaddress", "street", "ipcluster"),
    "payee": ("namedest", "receiver", "receiverid", "receiveraccount", "toaccount", "accountto", "recipient", "recipientid", "beneficiary",
              "destination", "dest", "dst", "to"),
    "category": ("type", "productcd", "merchantcategory", "merchantcategorycode", "transactiontype", "txtype", "producttype", "goods"),
    "region": ("state", "country", "zip", "zipcode", "merchantstate", "merchantcity", "transactioncity", "billingcountry"),
    "kind": ("eventkind",),
    "label": ("txfraud", "isfraud", "fraud", "label", "labels", "class", "fraudflag", "fraudlabel", "isfraudulent", "fraudbool"),
    "label_at": ("labelat", "reportedat", "chargebackat"),
}  # fmt: skip
ENTITY_PURPOSES: Final = ("customer", "merchant", "device", "address", "payee", "category", "region")
REQUIRED: Final = ("at", "amount")


def plain_name(name: str) -> str:
    """A name without case and separators."""
    return "".join(c for c in name.lower() if c not in "_-. ")


def find_fraud_columns(present: Sequence[str], table_map: TableMap, *, label: str | None) -> dict[str, str]:
    """Purpose → column. Raises BadInput when the map names an absent column, or when time, amount or anybody who acts is missing."""
    found: dict[str, str] = {}
    for purpose, column in {**table_map.columns, **({"label": label} if label else {})}.items():
        if column not in present:
            text = f"the map names column {column!r} for {purpose}, but the file has: {', '.join(present)}"
            if purpose == "label" and label:
                text = f"the label column {column!r} is not in the file, which has: {', '.join(present)}"
            raise BadInput(text, code="BAD_COLUMNS")
        found[purpose] = column
    taken = {*found.values(), *table_map.numbers, *table_map.categories}
    for name in (*table_map.numbers, *table_map.categories):
        if name not in present:
            raise BadInput(f"the map names column {name!r}, but the file has: {', '.join(present)}", code="BAD_COLUMNS")
    by_name: dict[str, str] = {}
    for name in present:
        by_name.setdefault(plain_name(name), name)
    for purpose in MORE_NAMES:
        if purpose in found:
            continue
        names = (*(plain_name(alias) for alias in ALIASES.get(purpose, ())), *MORE_NAMES[purpose])
        match = next((by_name[n] for n in names if n in by_name and by_name[n] not in taken), None)
        if match is not None and (purpose != "label" or label is None):
            found[purpose] = match
            taken.add(match)
    missing = [purpose for purpose in REQUIRED if purpose not in found]
    if missing:
        text = f"no column found for {', '.join(missing)}; the file has: {', '.join(present)}."
        raise BadInput(f'{text} Name them in a map: [columns] {missing[0]} = "…"', code="BAD_COLUMNS")
    return found


__all__ = ["ENTITY_PURPOSES", "find_fraud_columns"]
