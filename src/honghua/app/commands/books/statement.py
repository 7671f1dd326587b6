"""`honghua statement CUSTOMER`: an account as its owner wants to read it."""

from __future__ import annotations

import argparse

from rich.console import Console

from honghua.app import statement_view
from honghua.app.book import make_unknown_error, open_book, to_plain
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.credit import api as credit

STATEMENTS_SHOWN = 6


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `statement`."""
    parser = verbs.add_parser("statement")
    parser.add_argument("customer", help="the customer's reference")
    parser.add_argument("--number", type=int, help="one closed statement with its items instead")
    parser.add_argument("--last", type=int, default=STATEMENTS_SHOWN, help="how many closed statements (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object; amounts in minor units")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Show the account, or one of its statements."""
    if args.last < 1:
        raise BadInput("--last must be at least 1")
    with open_book(settings) as book:
        view = credit.find_account_view(book.conn, book.registry, args.customer)
        if view is None:
            raise make_unknown_error(book.conn, args.customer)
        if args.number is not None:
            detail = credit.get_statement(book.conn, book.registry, args.customer, args.number)
            shown, page = to_plain(detail), statement_view.statement_page(args.customer, detail)
        else:
            statements = credit.list_statements(book.conn, book.registry, args.customer, limit=args.last)
            shown = {"account": to_plain(view), "statements": to_plain(statements)}
            page = statement_view.account_page(view, statements)
    if args.json:
        print_json(shown)
    else:
        Console().print(page)
    return 0
