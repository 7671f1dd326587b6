"""What binds accounts beyond their limit, read and written: spending caps are credit's own rows, grants are the limits room's."""

from honghua.credit.guarding.loading import CapView, find_spending_cap, is_any_guarded, load_guards, write_guards

__all__ = ["CapView", "find_spending_cap", "is_any_guarded", "load_guards", "write_guards"]
