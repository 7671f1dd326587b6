"""All routes of the desk. The runner of its tasks lives as long as the application."""

from __future__ import annotations

from fastapi import APIRouter

from honghua.web.desk import books, business, closing, customers, home, materials, portfolio, running, webhooks
from honghua.web.desk.complaints import pages as complaints
from honghua.web.desk.giving import pages as giving
from honghua.web.desk.human import routes as human
from honghua.web.desk.lab import routes as lab
from honghua.web.desk.lenders import pages as lenders
from honghua.web.desk.orders import pages as orders
from honghua.web.desk.profiles import pages as profiles
from honghua.web.desk.prudence import routes as prudence
from honghua.web.desk.records import pages as records
from honghua.web.desk.risk import decisions, feed, lists, policies, reviews, rings, writing
from honghua.web.desk.temporary import pages as temporary

router = APIRouter()
# A page that names its part beats one with a number in the same place: writing before policies.
for part in (
    home,
    feed,
    decisions,
    rings,
    reviews,
    lists,
    writing,
    policies,
    running,
    customers,
    profiles,
    records,
    books,
    business,
    closing,
    portfolio,
    materials,
    prudence,
    lenders,
    giving,
    temporary,
    human,
    complaints,
    orders,
    lab,
    webhooks,
):
    router.include_router(part.router)

__all__ = ["router"]
