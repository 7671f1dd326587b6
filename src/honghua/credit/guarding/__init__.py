"""What binds accounts beyond their limit: caps, own shops and the cap of a person are credit's own, grants are the limits room's."""

from honghua.credit.guarding.loading import CapView, find_spending_cap, is_any_guarded, load_guards, write_guards
from honghua.credit.guarding.other_lines import StoredLines, read_others
from honghua.credit.guarding.own_shops import OwnShop, list_own_shops, say_own_shop

__all__ = [
    "CapView", "OwnShop", "StoredLines", "find_spending_cap", "is_any_guarded", "list_own_shops", "load_guards", "read_others",
    "say_own_shop", "write_guards",
]  # fmt: skip
