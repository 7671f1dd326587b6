"""A small made-up book for the tests: purchases, repayments told late, and what is known of people – as files and as a dictionary."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honghua.lab.factory.dictionary import Dictionary, parse_dictionary
from honghua.lab.factory.stream import Stream, load_stream

DAY_US = 86_400_000_000
START_US = 1_700_000_000_000_000
DAYS = 150
PEOPLE = 160
TEXT = """
name = "town"
timezone = "Asia/Shanghai"
[entities]
customer = { en = "customer", zh = "客户" }
merchant = { en = "shop", zh = "商户" }
device = { en = "device", zh = "设备" }
[grammar]
windows = ["1d", "7d", "30d", "90d", "ever"]
trends = [["7d", "30d"], ["30d", "90d"]]
pairs = [["customer", "merchant"]]
peers = [["customer", "merchant"]]
[clock]
night = { where = [["hour", "<", 6]], en = "at night", zh = "夜间" }
weekend = { where = [["weekday", ">=", 5]], en = "at the weekend", zh = "周末" }
[tables.purchases]
en = "purchases"
zh = "消费"
kind = 1
file = "purchases.parquet"
time = "bought_at"
entities = { customer = "who", merchant = "shop", device = "phone" }
[tables.purchases.numbers]
amount = { column = "price", scale = 100, en = "amount", zh = "金额", bands = [5000, 20000] }
items = { column = "items", en = "items", zh = "件数" }
[tables.purchases.categories.goods]
column = "goods"
en = "goods"
zh = "品类"
closed = ["health"]
[tables.purchases.categories.goods.groups]
food = { words = ["rice", "fruit"], en = "food", zh = "食品" }
fun = { words = ["game", "film"], en = "fun", zh = "娱乐" }
health = ["drug"]
[tables.repayments]
en = "repayments"
zh = "还款"
kind = 4
file = "repayments.csv"
time = "paid_at"
delay = "2d"
entities = { customer = "who" }
[tables.repayments.numbers]
amount = { column = "paid_minor", en = "amount", zh = "金额" }
[tables.people]
en = "people"
zh = "资料"
kind = 9
file = "people.parquet"
always_known = true
entities = { customer = "who" }
[tables.people.numbers]
debt = { column = "debt", en = "debt elsewhere", zh = "负债" }
age = { column = "age", protected = true, en = "age", zh = "年龄" }
[[across]]
over = "repayments"
under = "purchases"
en = "repaid of what was bought"
zh = "还款与消费之比"
"""


def dictionary() -> Dictionary:
    """The dictionary of the town."""
    return parse_dictionary(TEXT)


def write_town(folder: Path, *, seed: int, people: int = PEOPLE, days: int = DAYS) -> None:
    """Its files: some two purchases a day and person, more at night for the careless, repayments once a month."""
    rng = np.random.default_rng(seed)
    n = people * days // 2
    who = rng.integers(0, people, n)
    careless = np.arange(people) % 4 == 0
    day = rng.integers(0, days, n)
    hour = np.where(
        careless[who] & (rng.random(n) < 0.5), rng.integers(16, 22, n), rng.integers(0, 24, n)
    )  # UTC; night in the zone
    at = START_US + day * DAY_US + hour * 3_600_000_000 + rng.integers(0, 3600, n) * 1_000_000
    goods = rng.choice(["rice", "fruit", "game", "film", "drug", "other"], n)
    price = np.round(np.exp(rng.normal(4, 1, n)), 2)
    purchases = {
        "who": [f"p{k}" for k in who], "shop": rng.integers(1, 40, n), "phone": [f"d{k // 2}" for k in who],
        "bought_at": pa.array(at, pa.timestamp("us", tz="UTC")), "price": price, "goods": pa.array(goods).dictionary_encode(),
        "items": pa.array(rng.integers(1, 9, n), mask=rng.random(n) < 0.1),
    }  # fmt: skip
    pq.write_table(pa.table(purchases), folder / "purchases.parquet")
    lines = ["who,paid_at,paid_minor"]
    for person in range(people):
        for month in range(days // 30):
            paid = np.datetime64(START_US + (month * 30 + int(rng.integers(0, 28))) * DAY_US, "us")
            lines.append(f"p{person},{paid.astype('datetime64[s]')},{int(rng.integers(1_000, 90_000))}")
    (folder / "repayments.csv").write_text("\n".join(lines) + "\n")
    known = {
        "who": [f"p{k}" for k in range(people)],
        "debt": rng.integers(0, 10**6, people),
        "age": rng.integers(18, 70, people),
    }
    pq.write_table(pa.table(known), folder / "people.parquet")


@lru_cache(maxsize=2)
def town(seed: int = 1) -> Stream:
    """The stream of a town, read from files that are gone."""
    with TemporaryDirectory() as folder:
        write_town(Path(folder), seed=seed)
        return load_stream(dictionary(), Path(folder), named=("customer", "merchant"))
