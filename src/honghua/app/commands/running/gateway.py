"""`honghua gateway`: a payment gateway that is none, to try payments by hand with. It says on every page that no money moves."""

from __future__ import annotations

import argparse
import asyncio
import socket
from typing import Final

import uvicorn

from honghua.app.doors.paying import seconds_of
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.web.payments.fake import FakeGatewayApp, Faults

PORT: Final = 8090


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `gateway`."""
    parser = verbs.add_parser(
        "gateway", help="a fake payment gateway on this machine, that also fails when it is told to"
    )
    parser.add_argument("--port", type=int, default=PORT, help="0 = any that is free (%(default)s)")
    parser.add_argument("--repeats", type=int, default=0, help="send each notice so many times more")
    parser.add_argument("--lost", type=int, default=0, help="lose so many first notices")
    parser.add_argument("--shuffled", action="store_true", help="send later notices first")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted; the secret is HONGHUA_PAYMENT_SECRET, as on the other side."""
    if not settings.payments.secret:
        raise BadInput("set HONGHUA_PAYMENT_URL=http://127.0.0.1:PORT and HONGHUA_PAYMENT_SECRET for both sides")
    if not 0 <= args.port < 1 << 16 or min(args.repeats, args.lost) < 0:
        raise BadInput("a port below 65536, and counts that are not negative")
    faults = Faults(repeats=args.repeats, lost=args.lost, is_shuffled=args.shuffled)
    fake = FakeGatewayApp(secret=settings.payments.secret, now_s=seconds_of(SystemClock()), faults=faults)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", args.port))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}  (a fake: no money moves)", flush=True)
        server = uvicorn.Server(uvicorn.Config(fake.app, log_level="warning", lifespan="off"))
        asyncio.run(server.serve(sockets=[listening]))
    return 0


__all__ = ["register", "run"]
