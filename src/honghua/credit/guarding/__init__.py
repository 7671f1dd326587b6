"""What binds accounts beyond their limit, read and written: caps and own shops are credit's own rows, grants are the limits room's."""

from honghua.credit.guarding.loading import CapView, find_spending_cap, is_any_guarded, load_guards, write_guards
from honghua.credit.guarding.own_shops import OwnShop, list_own_shops, say_own_shop

__all__ = [
    "CapView", "OwnShop", "find_spending_cap", "is_any_guarded", "list_own_shops", "load_guards", "say_own_shop", "write_guards",
]  # fmt: skip
