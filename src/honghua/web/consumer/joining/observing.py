"""What a browser tells of how an application was typed and walked. It is somebody else's word: whatever cannot be is left out."""

from __future__ import annotations

import json
from typing import Final

from fastapi import Request

from honghua.base.errors import BadInput
from honghua.credit.journey import api as journey
from honghua.fraud.screening.api import PAGES, TYPED, Session
from honghua.web.signin.bounds import name_network

SECONDS_MAX: Final = 86_400.0
MS_MAX: Final = 60_000.0
COUNT_MAX: Final = 10_000.0
BOUNDS: Final = (MS_MAX,) * 4 + (COUNT_MAX,) * 2


def read_observed(request: Request, told: str) -> journey.Observed:
    """The network of a request, as it is counted, and the behaviour told beside it where it can be somebody's."""
    host = request.client.host if request.client is not None else ""
    network = name_network(host)
    known = "" if network == "?" else network
    try:
        body = json.loads(told) if told else {}
        typing = _bound(body["typing"], BOUNDS, TYPED)
        page_s = _bound(body["page_s"], (SECONDS_MAX,) * PAGES, PAGES)
        path = tuple(int(page) for page in body["path"])
        Session(at_s=0, typing=typing, path=path, page_s=page_s)  # refuses what cannot be
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, BadInput):
        return journey.Observed(network=known)
    return journey.Observed(network=known, typing=typing, path=path, page_s=page_s)


def _bound(values: list[float], most: tuple[float, ...], count: int) -> tuple[float, ...]:
    if len(values) != count:
        raise BadInput(f"{count} numbers are told")
    return tuple(min(float(value), top) for value, top in zip(values, most, strict=True))
