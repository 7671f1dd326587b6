"""A token bucket: how fast one caller may go on, and how long to wait when too fast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate_per_s` tokens a second flow in, up to `burst`. `now_s` of any steady clock."""

    rate_per_s: int
    burst: int
    tokens: float = -1.0  # full at the first call
    seen_s: float = 0.0

    def take(self, now_s: float, cost: int) -> float:
        """0 when `cost` tokens were taken, else the seconds until they will be there; then none was taken.

        A cost above the burst takes all there is when the bucket is full: it must be possible at some time.
        """
        if self.tokens < 0:
            self.tokens = float(self.burst)
        else:
            self.tokens = min(float(self.burst), self.tokens + (now_s - self.seen_s) * self.rate_per_s)
        self.seen_s = now_s
        wanted = min(cost, self.burst)
        if self.tokens >= wanted:
            self.tokens -= wanted
            return 0.0
        return (wanted - self.tokens) / self.rate_per_s


__all__ = ["Bucket"]
