"""Part door of followed profiles: the windows in memory, the follower of the books, and its snapshots."""

from __future__ import annotations

from honghua.lab.following.following import ProfileFollower, ProfileReport
from honghua.lab.following.live import Profile, Profiles

__all__ = ["Profile", "ProfileFollower", "ProfileReport", "Profiles"]
