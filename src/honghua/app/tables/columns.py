"""Which column of any table of transactions is which: by the map, else by well-known names; what is left out is simply absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from honghua.app.replay_map import ALIASES, JOINT, TableMap
from honghua.base.errors import BadInput

# Names in lower case, letters and digits only; the first that the file has is taken, and each column serves one purpose.
MORE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("transactionid", "txid", "txnid", "eventid", "orderid", "orderno", "uuid", "rowid"),
    "at": ("txdatetime", "transactiondatetime", "transactiontime", "transactiondate", "purchasetime", "eventtime", "createdat", "unixtime",
           "transactiondt", "txtimeseconds", "step", "datetimeutc", "ts", "timestep"),
    "customer": ("nameorig", "userid", "user", "clientid", "client", "card1", "cardnumber", "cardno", "card", "ccnumber", "accountid",
                 "payer", "payerid", "senderaccount", "senderaccountid", "sender", "senderid", "fromaccount", "accountfrom", "account",
                 "from", "originator", "originatorid", "buyer", "buyerid", "consumer", "person", "cardholder", "src"),
    "merchant": ("terminal", "merchantname", "seller", "sellerid", "vendor", "vendorid", "store", "storeid", "shopname"),
    "amount": ("transactionamt", "transactionamount", "txnamount", "amountpaid", "value", "purchasevalue", "purchaseamount", "total",
               "price", "amountusd"),
    "device": ("deviceinfo", "deviceid", "devicehash", "fingerprint", "devicetype"),
    "address": ("addr1", "ipaddress", "ip", "shippingaddress", "ipcluster"),
    "payee": ("namedest", "receiveraccount", "receiveraccountid", "receiver", "receiverid", "toaccount", "accountto", "account1",
              "recipient", "recipientid", "beneficiaryaccount", "beneficiary", "destination", "dest", "dst", "to"),
    "category": ("type", "productcd", "merchantcategory", "merchantcategorycode", "mcccode", "transactiontype", "txtype", "paymentformat",
                 "paymenttype", "producttype", "goods"),
    "region": ("state", "country", "merchantcity", "merchantstate", "receiverbanklocation", "zip", "zipcode", "transactioncity",
               "billingcountry"),
    "kind": ("eventkind",),
    "label": ("txfraud", "isfraud", "fraud", "label", "labels", "class", "fraudflag", "fraudlabel", "isfraudulent", "fraudbool",
              "islaundering"),
    "label_at": ("labelat", "reportedat", "chargebackat"),
}  # fmt: skip
ENTITY_PURPOSES: Final = ("customer", "merchant", "device", "address", "payee", "category", "region")
REQUIRED: Final = ("at", "amount")
DATE_PARTS: Final = ("year", "month", "day", "time")


@dataclass(frozen=True, slots=True)
class Found:
    """Purpose → column, and of those columns that are made of several (`A + B`) what they are made of."""

    names: dict[str, str]
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """The file's columns behind the purposes."""
        return [part for column in self.names.values() for part in self.joined.get(column, (column,))]


def plain_name(name: str) -> str:
    """A name's letters and digits in lower case."""
    return "".join(c for c in name.lower() if c.isalnum())


def find_fraud_columns(present: Sequence[str], table_map: TableMap, *, label: str | None) -> Found:
    """Purpose → column. Raises BadInput when the map names an absent column, or when time or amount is missing."""
    joined = {table_map.columns[purpose]: names for purpose, names in table_map.joined.items()}
    found: dict[str, str] = {}
    for purpose, column in {**table_map.columns, **({"label": label} if label else {})}.items():
        for part in joined.get(column, (column,)):
            if part not in present:
                text = f"the map names column {part!r} for {purpose}, but the file has: {', '.join(present)}"
                if purpose == "label" and label:
                    text = f"the label column {part!r} is not in the file, which has: {', '.join(present)}"
                raise BadInput(text, code="BAD_COLUMNS")
        found[purpose] = column
    named = (*table_map.numbers, *table_map.categories, *table_map.ignore)
    for name in named:
        if name not in present:
            raise BadInput(f"the map names column {name!r}, but the file has: {', '.join(present)}", code="BAD_COLUMNS")
    taken = {part for column in found.values() for part in joined.get(column, (column,))} | set(named)
    by_name: dict[str, str] = {}
    for name in present:
        if name not in taken:
            by_name.setdefault(plain_name(name), name)
    if "at" not in found:
        parts = time_parts(by_name)
        if parts:
            found["at"] = JOINT.join(parts)
            joined[found["at"]] = parts
            taken.update(parts)
    for purpose in MORE_NAMES:
        if purpose in found or (purpose == "label" and label is not None):
            continue
        names = (*(plain_name(alias) for alias in ALIASES.get(purpose, ())), *MORE_NAMES[purpose])
        match = next((by_name[n] for n in names if n in by_name and by_name[n] not in taken), None)
        if match is not None:
            found[purpose] = match
            taken.add(match)
    missing = [purpose for purpose in REQUIRED if purpose not in found]
    if missing:
        text = f"no column found for {', '.join(missing)}; the file has: {', '.join(present)}."
        raise BadInput(f'{text} Name them in a map: [columns] {missing[0]} = "…"', code="BAD_COLUMNS")
    return Found(found, joined)


def time_parts(by_name: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that are a time together: Year, Month, Day (and Time), or Date and Time. Empty where one column may do."""
    if all(part in by_name for part in DATE_PARTS[:3]):
        return tuple(by_name[part] for part in DATE_PARTS if part in by_name)
    if "date" in by_name and "time" in by_name:
        return by_name["date"], by_name["time"]
    return ()


__all__ = ["ENTITY_PURPOSES", "Found", "find_fraud_columns", "plain_name"]
