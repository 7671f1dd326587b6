"""The keys of a site, apart from everything that routes stand on: verbs that only seal or open load nothing of the web."""

from __future__ import annotations

from dataclasses import dataclass, field

from honghua.customers.api import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """From the environment or the state folder, never from the code. session_key: signs what a browser carries. Rotating: the newest
    of `field_keys` encrypts, all of them decrypt; by number. index_key: for blind indexes of what is encrypted, on top of those of
    earlier_index_keys."""

    session_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    field_keys: dict[int, bytes] = field(repr=False)
    earlier_index_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def vault(self) -> Vault:
        """What seals and opens personal data and other people's secrets."""
        return Vault(self.field_keys, self.index_key, self.earlier_index_keys)
