"""Time value of money: the spreadsheet functions, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from typing import Any

from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported, to_number
from honghua.base.errors import BadInput
from honghua.credit.core import tvm

# Arguments in the order of the spreadsheet; a trailing "when" may follow as a number or a word.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "pmt": ("rate", "nper", "pv", "fv", "when"),
    "fv": ("rate", "nper", "pmt", "pv", "when"),
    "pv": ("rate", "nper", "pmt", "fv", "when"),
    "ipmt": ("rate", "per", "nper", "pv", "fv", "when"),
    "ppmt": ("rate", "per", "nper", "pv", "fv", "when"),
    "nper": ("rate", "pmt", "pv", "fv", "when"),
    "rate": ("nper", "pmt", "pv", "fv", "when", "guess"),
    "npv": ("rate", "values"),
    "irr": ("values",),
    "mirr": ("values", "finance_rate", "reinvest_rate"),
}
OPTIONAL = {"fv": Decimal(0), "when": Decimal(0), "guess": None, "values": None}
BEGIN = {"begin": 1, "beginning": 1, "start": 1, "b": 1, "1": 1, "end": 0, "ending": 0, "e": 0, "0": 0, "finish": 0}
PRECISION = 50


def spreadsheet(case: Case) -> Mapping[str, Any]:
    """One call of a spreadsheet function, or one per element when an argument is a list."""
    fields = case.fields
    name = fields.text("function", "fn").strip().lower()
    if name not in SIGNATURES:
        raise Unsupported(f"function {name!r}; known: {', '.join(SIGNATURES)}")
    arguments = _arguments(fields, name)
    lists = [value for key, value in arguments.items() if isinstance(value, list) and key != "values"]
    if not lists:
        return Answers(value=lambda: _call(name, arguments), values=lambda: [_call(name, arguments)])
    if len({len(values) for values in lists}) != 1:
        raise BadInput("inputs.args: the lists differ in length")
    calls = [
        {key: value[k] if isinstance(value, list) and key != "values" else value for key, value in arguments.items()}
        for k in range(len(lists[0]))
    ]
    results = [_call(name, call) for call in calls]
    return Answers(value=lambda: results, values=lambda: results)


def _arguments(fields: Fields, name: str) -> dict[str, Any]:
    names = SIGNATURES[name]
    given = list(fields.list_("args")) if "args" in fields else []
    if names == ("values",) and given and not isinstance(given[0], list):
        given = [given]
    if name == "npv" and len(given) > 2:
        given = [given[0], given[1:]]
    if len(given) > len(names):
        raise BadInput(f"inputs.args has {len(given)} arguments, {name} takes {len(names)}")
    found: dict[str, Any] = dict(zip(names, given))
    named = fields.get("kwargs", "keywords")
    for key, value in (*fields.values.items(), *(Fields.of(named, "inputs.kwargs").values.items() if named else ())):
        alias = {"type": "when", "future_value": "fv", "cash_flows": "values"}.get(key, key)
        if alias in names and alias not in found:
            found[alias] = value
    missing = [key for key in names if key not in found and key not in OPTIONAL]
    if missing or ("values" in names and not isinstance(found.get("values"), list)):
        raise BadInput(f"inputs.args: {name} needs {', '.join(missing) or 'a list of values'}")
    return {key: _when(value) if key == "when" else _decimal(value, f"inputs.{key}") for key, value in found.items()}


def _call(name: str, arguments: Mapping[str, Any]) -> Decimal:
    get = dict(arguments)
    begin = bool(get.pop("when", False))
    get.pop("guess", None)
    if name == "npv":
        return tvm.npv(get["rate"], get["values"])
    if name == "irr":
        return tvm.irr(get["values"])
    if name == "mirr":
        return tvm.mirr(get["values"], get["finance_rate"], get["reinvest_rate"])
    functions: dict[str, Callable[..., Decimal]] = {
        "pmt": tvm.pmt, "fv": tvm.fv, "pv": tvm.pv, "ipmt": tvm.ipmt, "ppmt": tvm.ppmt,
        "nper": tvm.nper, "rate": tvm.rate,
    }  # fmt: skip
    if name not in ("fv", "rate") and "fv" in get:
        get["future"] = get.pop("fv")
    names = [key for key in SIGNATURES[name] if key not in ("when", "guess") and (key != "fv" or name == "rate")]
    named = {"future": get["future"]} if "future" in get else {}
    return functions[name](*(get.get(key, OPTIONAL.get(key)) for key in names), begin=begin, **named)


def _when(value: Any) -> Any:
    if isinstance(value, list):
        return [_when(item) for item in value]
    word = str(value).strip().lower()
    if word not in BEGIN:
        raise BadInput(f"inputs.when {value!r} is neither begin nor end")
    return BEGIN[word]


def _decimal(value: Any, place: str) -> Any:
    """A Decimal, or a list of them for a list."""
    if isinstance(value, list):
        return [_one(item, f"{place}[{k}]") for k, item in enumerate(value)]
    return _one(value, place)


def _one(value: Any, place: str) -> Decimal:
    if isinstance(value, list):
        raise BadInput(f"{place} is a list inside a list")
    exact = to_number(value, place)
    with localcontext(prec=PRECISION):
        return Decimal(exact.numerator) / Decimal(exact.denominator)
