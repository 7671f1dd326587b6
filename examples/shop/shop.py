"""A bookshop that takes Honghua: it knows the public API and nothing else. Run it by `python shop.py ADDRESS KEY SECRET`."""

from __future__ import annotations

import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from honghua_client import Honghua

GOODS = {"three-body": ("三体", 9_900), "dream": ("红楼梦", 12_800), "mountains": ("山海经", 4_500)}
OURS = {"merchant": "书店", "category": "books", "currency": "CNY"}
PAGE = "<!doctype html><html lang=zh><meta charset=utf-8><title>书店</title><h1>书店</h1>{}"
GOOD = "<form method=post action=/buy><button name=good value={0}>{1} ¥{2}.{3:02}</button></form>"
PAY = "<script src={0}/widget/checkout.js data-checkout={1} data-then=/order?id={1}></script><p><a href={2}>去付款</a></p>"


class Shop(BaseHTTPRequestHandler):
    """Three books, a button each; the money is Honghua's business."""

    api: Honghua

    def do_GET(self) -> None:
        """The goods; or an order, with Honghua's button until it is paid. Whether it is says the API, not the browser."""
        path, _, number = self.path.partition("?id=")
        if path != "/order":
            goods = [GOOD.format(key, name, *divmod(price, 100)) for key, (name, price) in GOODS.items()]
            return self._say("".join(goods))
        order = self.api.checkout(number)
        pay = "" if order["state"] == "paid" else PAY.format(self.api.address, order["checkout_id"], order["url"])
        return self._say(f"<p>{order['checkout_id']}: {order['state']}</p>{pay}<a href=/>←</a>")

    def do_POST(self) -> None:
        """A click on a book opens a checkout; the order's name is the key, so two clicks on one order open one."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        (title, price), order = GOODS[form["good"][0]], form.get("order", [secrets.token_hex(6)])[0]
        checkout = self.api.open_checkout(key=order, order=order, title=title, amount_minor=price, **OURS)
        self._say("", location=f"/order?id={checkout['checkout_id']}")

    def _say(self, text: str, *, location: str = "") -> None:
        self.send_response(303 if location else 200)
        self.send_header("Location" if location else "Content-Type", location or "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.format(text).encode() if text else b"")


if __name__ == "__main__":
    with Honghua(sys.argv[1], sys.argv[2], sys.argv[3]) as Shop.api:
        ThreadingHTTPServer(("127.0.0.1", 8080), Shop).serve_forever()
