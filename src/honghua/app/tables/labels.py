"""Which rows were fraud, and when that became known: any way of writing yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.tables.file import as_texts
from honghua.base.errors import BadInput

FRAUD_TEXTS: Final = ("1", "true", "yes", "y", "t", "fraud", "fraudulent", "bad", "positive", "illicit", "是", "欺诈")
CLEAR_TEXTS: Final = (
    "0", "false", "no", "n", "f", "clear", "legit", "legitimate", "genuine", "normal", "good", "negative", "licit", "notfraud", "not fraud",
    "non-fraud", "nonfraud", "-1", "否", "正常",
)  # fmt: skip
WHOLE: Final = re.compile(r"^([+-]?\d+)\.0*$")  # 1.0 is 1
ODD_SHOWN: Final = 5


def read_labels(column: pa.Array, table_map: TableMap, notices: list[str]) -> NDArray[np.int8]:
    """int8[n]: 1 fraud, 0 clear, −1 unknown. The map's [labels] fraud, clear, unlabelled override what is known by itself.

    BadInput when no value means either.
    """
    told: dict[str, Sequence[Any]] = dict(table_map.labels)
    unknown = texts_of(told.get("unlabelled", ()))
    named = texts_of(told.get("fraud", ())) | texts_of(told.get("clear", ())) | unknown
    fraud = texts_of(told["fraud"]) if "fraud" in told else set(FRAUD_TEXTS) - named
    clear = texts_of(told["clear"]) if "clear" in told else set(CLEAR_TEXTS) - named
    coded = pc.utf8_lower(as_texts(column)).dictionary_encode()
    words = [WHOLE.sub(r"\1", word) for word in coded.dictionary.to_pylist()]
    if not (set(words) & (fraud | clear)):
        shown = ", ".join(repr(w) for w in words[:ODD_SHOWN])
        text = f"the labels are {shown} …: say which mean what, in the map: [labels] fraud = […], clear = […]"
        raise BadInput(text if words else "the label column is empty", code="BAD_LABELS")
    meaning = [-1 if w in unknown else 1 if w in fraud else 0 if w in clear else -1 for w in words]
    codes = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    labels: NDArray[np.int8] = np.append(np.array(meaning, np.int8), np.int8(-1))[codes]
    other = int((labels < 0).sum())
    if other:
        odd = [w for w, m in zip(words, meaning, strict=True) if m < 0][:ODD_SHOWN]
        notices.append(f"{other:,} rows have no label{f' (values such as {odd})' if odd else ''}")
    return labels


def texts_of(values: Sequence[Any]) -> set[str]:
    """Values of a map as texts of a column: 1, 1.0, true and "1" as the file's column says them."""
    found = set()
    for value in values:
        whole = isinstance(value, float) and value.is_integer()
        found.add(str(int(value) if whole else value).strip().lower())
    return found


def usual_delay(delays_us: NDArray[np.int64]) -> int:
    """Nineteen frauds in twenty are told within this, microseconds."""
    return int(np.quantile(delays_us, 0.95)) if len(delays_us) else 0


__all__ = ["read_labels", "usual_delay"]
