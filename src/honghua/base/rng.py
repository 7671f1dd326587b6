"""Seeded randomness: a seed and some labels name a stream, so a run repeats and its parts do not disturb each other."""

from __future__ import annotations

import hashlib

import numpy as np

Label = str | int

_HASH_BYTES = 32


def stable_hash(*labels: Label) -> int:
    """256-bit hash of the labels, the same in every process and release, unlike `hash`.

    Kind and length are hashed too: 1 differs from "1", and ("ab",) from ("a", "b").
    """
    digest = hashlib.blake2b(digest_size=_HASH_BYTES, person=b"honghua-rng")
    for label in labels:
        kind, body = (b"i", str(int(label)).encode()) if isinstance(label, int) else (b"s", label.encode())
        digest.update(kind + len(body).to_bytes(8, "big") + body)
    return int.from_bytes(digest.digest(), "big")


def derive_rng(seed: int, *labels: Label) -> np.random.Generator:
    """The generator of the stream that (seed, *labels) names; no other stream is touched by drawing from it."""
    return np.random.Generator(np.random.PCG64DXSM(stable_hash(seed, *labels)))
