"""Values in words a person can read: what was counted, about whom, over which window."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

WINDOW: Final = re.compile(r"_(\d+[mhd])$")
WORDS: Final = {
    "amount_z": "amount against the own habit, in deviations", "amount_ratio": "log of amount over the own usual amount",
    "over_max": "log of amount over the highest before", "gap_z": "gap to the last event against the own rhythm, in deviations",
    "hourly": "events in the last hour or so", "burst": "last hour against the own day, log ratio",
    "surge": "last day against the own month, log ratio",
    "hour_odd": "unusual hour of the day for it", "equal": "same amount in a row", "round_share": "share of round amounts",
    "newcomers": "share of first-time counterparts", "odd_buyers": "how unusual amounts are for those who deal with it",
    "refunds": "refunds against purchases", "credit_share": "share on credit", "seen": "events before", "spread": "spread of amounts",
    "fraud_fast": "frauds among the last few known", "fraud_slow": "frauds among the last known",
    "fraud_rate": "known fraud rate, smoothed",
    "labels": "known outcomes", "fraud_streak": "known frauds in a row", "fraud_age": "days since the last known fraud",
    "clear_age": "days since the last known good one", "streak_age": "days since the first fraud in a row",
    "fraud_amount": "log of amount over its known frauds' amounts", "near_fraud": "fraud rate of whom it dealt with",
    "count": "events", "sum": "amount", "mean": "mean amount", "max": "highest amount", "std": "spread of amounts",
    "age": "seconds since first seen",
    "since_raise_days": "days since the limit was raised", "drawn_of_raise": "spent since the raise, as part of it",
    "of_available": "amount as part of what is available", "of_limit": "amount as part of the limit",
    "amount_log": "log of the amount", "amount_round": "round amount", "hour_of_day": "hour of the day",
    "peel_density": "density of the group around the customer", "lockstep": "buyers in lockstep",
    "linked_group": "buyers tied by shared things",
    "under_round": "how far under a round amount", "drained_raise": "a fresh limit drained", "rush": "last week's part of the month",
    "turns": "purchases for each who deals with it", "alike": "spread of amounts against their mean",
    "refunded_part": "refunded part of what was paid", "sent": "amount sent to payees", "sent_count": "transfers",
    "credit_sum": "amount on credit", "credit_of_limit": "spent on credit as part of the limit",
    **{f"trail_{name}": f"odd events lately: {said}" for name, said in (
        ("drain", "most of what is available is spent"), ("big", "unusually large"), ("fresh", "by new customers"),
        ("new_device", "from a new device"), ("new_address", "from a new address"), ("new_payee", "to a first-time payee"),
        ("new_merchant", "by first-time buyers"), ("under_round", "just under a round amount"), ("round", "round amounts"),
        ("series", "in series"), ("hour", "at unusual hours"), ("refund", "after refunds"), ("odd", "of any kind"),
        ("busy", "with others that are suddenly busy"), ("company", "with others that have odd ones"),
    )},
}  # fmt: skip


@lru_cache(maxsize=4096)
def say(name: str) -> str:
    """A value's name in words; its window at the end."""
    body = name.removeprefix("graph_").removeprefix("number_").removeprefix("level_")
    window = WINDOW.search(body)
    body = WINDOW.sub("", body)
    if "_trail_" in body:
        body = body.removesuffix("_mean")
    who = ""
    for entity in ("customer_merchant", "customer_category", "customer_payee", "merchant_category", "customer", "merchant", "device",
                   "address", "payee", "category", "region"):  # fmt: skip
        if body.startswith(f"{entity}_"):
            who, body = entity.replace("_", " at ") + ": ", body[len(entity) + 1 :]
            break
    said = WORDS.get(body, body.replace("_", " "))
    return f"{who}{said}" + (f" in {window[1]}" if window else "")


__all__ = ["say"]
