"""All words of customers' pages."""

from __future__ import annotations

from typing import Final

from honghua.web.consumer.wording.account import ACCOUNT
from honghua.web.consumer.wording.bureau import BUREAU
from honghua.web.consumer.wording.business import BUSINESS
from honghua.web.consumer.wording.buying import BUYING
from honghua.web.consumer.wording.carding import CARDING
from honghua.web.consumer.wording.complaining import COMPLAINING
from honghua.web.consumer.wording.evidence import EVIDENCE
from honghua.web.consumer.wording.facing import FACING
from honghua.web.consumer.wording.growing import GROWING
from honghua.web.consumer.wording.joining import JOINING
from honghua.web.consumer.wording.lenders import LENDERS
from honghua.web.consumer.wording.own import OWN
from honghua.web.consumer.wording.profiles import PROFILE

WORDS: Final[dict[str, tuple[str, str]]] = {
    **ACCOUNT,
    **BUYING,
    **OWN,
    **BUREAU,
    **LENDERS,
    **GROWING,
    **JOINING,
    **EVIDENCE,
    **COMPLAINING,
    **BUSINESS,
    **FACING,
    **PROFILE,
    **CARDING,
}
