"""What `honghua lab profile` does: one look at a customer's profile, written down."""

from __future__ import annotations

import argparse

from honghua.app.book import open_book
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.customers import api as customers
from honghua.lab.profiles import api as profiles
from honghua.store.database import run_unit


def run_profile(args: argparse.Namespace, settings: Settings) -> int:
    """Tell the tags that the purpose may see; exit 1 where none are kept."""
    known = sorted({purpose for use in profiles.find_uses() for purpose in use.purposes})
    if args.purpose not in known:
        raise BadInput(f"profiles are kept for {', '.join(known)}", code="PROFILE_PURPOSE")
    access, now = customers.Access(args.by, customers.Purpose(args.purpose)), SystemClock().now()
    with open_book(settings) as book:
        row, tags = run_unit(book.conn, lambda conn: profiles.look_at_profile(conn, args.customer, access, now=now))
    told = [
        {
            "tag": tag.name, "words": tag.words, "group": tag.group, "uses": tag.uses, "definition": tag.definition,
            "evidence": [{"variable": words, "value": value} for words, value in tag.evidence],
        } for tag in tags
    ]  # fmt: skip
    as_of = None if row is None else row.as_of.isoformat()
    if args.json:
        print_json({"customer": args.customer, "purpose": args.purpose, "as_of": as_of, "tags": told})
    else:
        print(f"as of {as_of}" if row else "no profile is kept that this purpose may see")
        for tag in tags:
            print(f"{tag.name:28} {tag.words[1]}: {tag.definition}")
    return 0 if row else 1


__all__ = ["run_profile"]
