"""A bookshop that takes Honghua: it knows the public API and nothing else. Run it by `python shop.py ADDRESS KEY SECRET`."""

from __future__ import annotations

import html
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from honghua_client import Honghua, Problem

GOODS = {"three-body": ("三体", 9_900), "dream": ("红楼梦", 12_800), "mountains": ("山海经", 4_500)}
PAGE = "<!doctype html><html lang=zh><meta charset=utf-8><title>书店</title><h1>书店</h1>{}"
GOOD = "<form method=post action=/buy><button name=good value={0}>{1} ¥{2}.{3:02}</button></form>"


class Shop(BaseHTTPRequestHandler):
    """Three books, a button each; the money is Honghua's business."""

    api: Honghua
    merchant = "书店"

    def do_GET(self) -> None:
        """The goods, or what became of an order."""
        parts = urlsplit(self.path)
        if parts.path == "/order":
            checkout = self.api.checkout(parse_qs(parts.query)["id"][0])
            return self.say(f"<p>{html.escape(checkout['order'])}: {checkout['state']}</p><a href=/>←</a>")
        return self.say(
            "".join(GOOD.format(name, title, *divmod(price, 100)) for name, (title, price) in GOODS.items())
        )

    def do_POST(self) -> None:
        """Open a checkout and send the customer there. The order's name is the key: two clicks on one order open one checkout."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        title, price = GOODS[form["good"][0]]
        order = form.get("order", [f"order-{secrets.token_hex(6)}"])[0]
        try:
            checkout = self.api.open_checkout(
                key=order, merchant=self.merchant, order=order, category="books", amount_minor=price, currency="CNY", title=title
            )  # fmt: skip
        except Problem as problem:
            return self.say(f"<p>{html.escape(problem.detail)}</p>", status=502)
        self.send_response(303)
        self.send_header("Location", checkout["url"])
        self.send_header("Honghua-Checkout", checkout["checkout_id"])
        self.end_headers()
        return None

    def say(self, text: str, *, status: int = 200) -> None:
        """A page."""
        body = PAGE.format(text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def open_shop(api: Honghua, *, port: int) -> ThreadingHTTPServer:
    """A shop that serves until it is shut down."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("OpenShop", (Shop,), {"api": api}))


if __name__ == "__main__":
    where, key_id, secret = sys.argv[1:4]
    with Honghua(where, key_id, secret) as honghua:
        print("http://127.0.0.1:8080")
        open_shop(honghua, port=8080).serve_forever()
