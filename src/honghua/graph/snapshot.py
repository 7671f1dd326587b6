"""Arrays in a folder: one raw file each and a manifest with shapes and digests, written last; mapped back at once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken

Arrays = dict[str, NDArray[Any]]
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
CHUNK_BYTES: Final = 1 << 26
DTYPES: Final = ("int64", "int32")


def save_arrays(folder: Path, arrays: Arrays) -> dict[str, Any]:
    """Write the arrays and then their manifest, which is returned; a folder without one holds nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    files = {}
    for name, array in arrays.items():
        beside = folder / f"{name}.raw.part"  # a graph may be mapped to the file of before, even this one
        with beside.open("wb") as file:
            array.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / f"{name}.raw")
        files[name] = {"dtype": str(array.dtype), "shape": list(array.shape), "digest": digest_of(array)}
    manifest = {"format": FORMAT, "arrays": files}
    waiting = folder / (MANIFEST + ".part")
    waiting.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    waiting.replace(folder / MANIFEST)
    return manifest


def load_arrays(folder: Path, *, names: tuple[str, ...], verify: bool) -> Arrays:
    """The arrays of a folder, mapped copy-on-write: changes stay in memory. verify reads everything and compares digests.

    Raises BadInput when the folder does not hold these names, IntegrityBroken when files do not fit their manifest.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInput(f"{folder} holds no snapshot", code="GRAPH_MISSING")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT or set(manifest["arrays"]) != set(names):
        raise BadInput(f"{folder} holds a snapshot of another kind", code="GRAPH_FORMAT")
    arrays: Arrays = {}
    for name, about in manifest["arrays"].items():
        file, shape, dtype = folder / f"{name}.raw", tuple(about["shape"]), about["dtype"]
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize if dtype in DTYPES else -1
        if not file.is_file() or file.stat().st_size != size:
            raise IntegrityBroken(f"{file} is not as long as its manifest says", code="GRAPH_DAMAGED")
        arrays[name] = np.asarray(np.memmap(file, dtype=dtype, mode="c", shape=shape))
        if verify and digest_of(arrays[name]) != about["digest"]:
            raise IntegrityBroken(f"{file} is not what was saved", code="GRAPH_DAMAGED")
    return arrays


def digest_of(array: NDArray[Any]) -> str:
    """Digest of an array's bytes, read in pieces."""
    digest = hashlib.blake2b(digest_size=16)
    flat = array.reshape(-1)
    step = max(1, CHUNK_BYTES // array.itemsize)
    for start in range(0, flat.size, step):
        digest.update(np.ascontiguousarray(flat[start : start + step]).data)
    return digest.hexdigest()


def digest_of_all(arrays: Arrays) -> str:
    """Digest of many arrays with their names."""
    text = "".join(f"{name}:{digest_of(array)};" for name, array in sorted(arrays.items()))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
