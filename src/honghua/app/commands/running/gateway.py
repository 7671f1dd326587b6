"""`honghua gateway`: counterparties that are none: a payment gateway, a bank that pays merchants out, one that debits customers,
one who knows what became of orders, a bureau, an identity service, who vouches for what customers say, and one that acquires card payments.

It serves those whose secrets the settings name. No money moves, nobody is known; the payment gateway says so on every page.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Sequence
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from honghua.app.doors.outside.fake_cards import FakeCards
from honghua.app.doors.outside.fake_vouchers import FakeVouchers
from honghua.app.doors.outside.fakes import FakeServices
from honghua.app.doors.paying import seconds_of
from honghua.app.settings import Settings
from honghua.base.clock import Clock, SystemClock
from honghua.base.errors import BadInput
from honghua.bureau.api import FakeBureau
from honghua.credit.jobs import FakeBank
from honghua.customers.api import FakeBusinessRegister, FakeIdentityProvider
from honghua.customers.materials.api import FakeDocumentReader, FakeMaterialSource
from honghua.funding.api import FakeLenderBank
from honghua.merchants.api import FakeEvidenceSource, FakePayoutBank, bank_day
from honghua.web.cards.fake import FakeAcquirer
from honghua.web.payments.fake import FakeGatewayApp, Faults

PORT: Final = 8090
SEED: Final = 5
SECRETS: Final = (
    "PAYMENT",
    "PAYOUT",
    "DEBIT",
    "EVIDENCE",
    "BUREAU",
    "IDENTITY",
    "LENDERS",
    "MATERIALS",
    "DOCUMENTS",
    "REGISTER",
    "CARDS",
)

VOUCHERS: Final = {
    "material": "who keeps evidence", "document": "who reads documents", "register": "the register of businesses",
    "card": "the bank that acquires card payments",
}  # fmt: skip


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `gateway`."""
    parser = verbs.add_parser("gateway")
    parser.add_argument("--port", type=int, default=PORT, help="0 = any that is free (%(default)s)")
    parser.add_argument("--repeats", type=int, default=0, help="payments: send each notice so many times more")
    parser.add_argument("--lost", type=int, default=0, help="payments: lose so many first notices")
    parser.add_argument("--shuffled", action="store_true", help="payments: send later notices first")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of what the bank, the bureau and the identity service do (%(default)s)"
    )
    parser.add_argument(
        "--bank-fault", action="append", default=[], metavar="NAME=CHANCE",
        help="what the bank does wrong, e.g. timeout_after=0.2; more than once",
    )  # fmt: skip
    parser.add_argument(
        "--debit-fault", action="append", default=[], metavar="NAME=CHANCE", help="the same for the bank that debits"
    )
    for name, what in VOUCHERS.items():
        parser.add_argument(
            f"--{name}-fault", action="append", default=[], metavar="NAME=CHANCE", help=f"the same for {what}"
        )
    parser.add_argument(
        "--disputes", choices=("won", "lost"), default="", help="how disputes of cards end, once they are asked about"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted; the secrets are those of the other side."""
    if not 0 <= args.port < 1 << 16 or min(args.repeats, args.lost) < 0:
        raise BadInput("a port below 65536, and counts that are not negative")
    routes = [*_payments(args, settings), *_services(args, settings)]
    if not routes:
        names = ", ".join(f"HONGHUA_{word}_SECRET" for word in SECRETS)
        raise BadInput(f"set a secret that both sides share: one of {names}")
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", args.port))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}  (a fake: no money moves)", flush=True)
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off"))
        asyncio.run(server.serve(sockets=[listening]))
    return 0


def _payments(args: argparse.Namespace, settings: Settings) -> list[BaseRoute]:
    if not settings.payments.secret:
        return []
    faults = Faults(repeats=args.repeats, lost=args.lost, is_shuffled=args.shuffled)
    fake = FakeGatewayApp(secret=settings.payments.secret, now_s=seconds_of(SystemClock()), faults=faults)
    return list(fake.app.routes)


def _services(args: argparse.Namespace, settings: Settings) -> list[BaseRoute]:
    told, clock = settings.services, SystemClock()
    secrets = {
        "payouts": told.payouts.secret,
        "debits": told.debits.secret,
        "evidence": told.evidence.secret,
        "bureau": told.bureau.secret,
        "identity": told.identity.secret,
        "lenders": told.lenders.secret,
        "materials": told.materials.secret,
        "documents": told.documents.secret,
        "register": told.register.secret,
        "cards": told.cards.secret,
    }
    fake = FakeServices(
        secrets={name: secret for name, secret in secrets.items() if secret}, now_s=seconds_of(clock),
        today=lambda: bank_day(clock.now()), bank=FakePayoutBank(args.seed, faults=read_faults(args.bank_fault)),
        bureau=FakeBureau(args.seed, lambda: bank_day(clock.now())), identity=FakeIdentityProvider(args.seed),
        debits=FakeBank(args.seed, faults=read_faults(args.debit_fault)), evidence=FakeEvidenceSource(args.seed),
        lenders=FakeLenderBank(args.seed, bank_day(clock.now())), vouchers=make_vouchers(args, clock),
        cards=FakeCards(
            bank=FakeAcquirer(args.seed, faults=read_faults(args.card_fault)), disputes_end=args.disputes
        ),
    )  # fmt: skip
    return list(fake.routes)


def make_vouchers(args: argparse.Namespace, clock: Clock) -> FakeVouchers:
    """Whoever vouches for what customers say."""
    return FakeVouchers(
        materials=FakeMaterialSource(args.seed, lambda: bank_day(clock.now()), faults=read_faults(args.material_fault)),
        documents=FakeDocumentReader(args.seed, faults=read_faults(args.document_fault)),
        register=FakeBusinessRegister(args.seed, faults=read_faults(args.register_fault)),
    )


def read_faults(told: Sequence[str]) -> dict[str, float]:
    """Chances by name."""
    try:
        return {name: float(chance) for name, _, chance in (one.partition("=") for one in told)}
    except ValueError as error:
        raise BadInput("a fault is NAME=CHANCE, e.g. timeout_after=0.2") from error


__all__ = ["register", "run"]
