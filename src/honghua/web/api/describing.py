"""The OpenAPI page as people read it: the same description, section by section, without a foreign script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

METHODS: Final = ("get", "post", "put", "delete")
REF: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter or a member of a body: its name, where it stands, what it takes, whether it must be there, what it means."""

    name: str
    place: str
    kind: str
    is_needed: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. anchor: within the page; answers: (status, what it means, what it holds)."""

    anchor: str
    method: str
    path: str
    about: str
    lines: tuple[Line, ...]
    answers: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Routes of one tag."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One record that bodies and answers hold."""

    name: str
    about: str
    lines: tuple[Line, ...]


def list_sections(page: Mapping[str, Any]) -> list[Section]:
    """Every route of the description, under its first tag, in the order of the description."""
    found: dict[str, list[Operation]] = {}
    for path, item in page["paths"].items():
        for method in METHODS:
            if method in item:
                operation = read_operation(page, path, method, item[method])
                found.setdefault((item[method].get("tags") or ["other"])[0], []).append(operation)
    return [Section(name, tuple(operations)) for name, operations in found.items()]


def read_operation(page: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> Operation:
    """One route in words."""
    lines = [
        Line(
            one["name"],
            one["in"],
            name_kind(one.get("schema", {})),
            bool(one.get("required")),
            one.get("description", ""),
        )
        for one in told.get("parameters", [])
    ]
    for content in told.get("requestBody", {}).get("content", {}).values():
        lines += list_members(page, content.get("schema", {}), place="body")
    answers = tuple(
        (
            status,
            one.get("description", ""),
            ", ".join(name_kind(c.get("schema", {})) for c in one.get("content", {}).values()),
        )
        for status, one in told["responses"].items()
    )
    return Operation(told["operationId"], method.upper(), path, told.get("description", ""), tuple(lines), answers)


def list_forms(page: Mapping[str, Any]) -> list[Form]:
    """Every record of the description, by name."""
    schemas = page.get("components", {}).get("schemas", {})
    return [
        Form(name, schema.get("description", ""), tuple(list_members(page, schema, place="")))
        for name, schema in sorted(schemas.items())
    ]


def list_members(page: Mapping[str, Any], schema: Mapping[str, Any], *, place: str) -> list[Line]:
    """The members of an object, itself or by its name."""
    if "$ref" in schema:
        schema = page["components"]["schemas"][schema["$ref"].removeprefix(REF)]
    needed = set(schema.get("required", ()))
    return [
        Line(name, place, name_kind(one), name in needed, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]


def name_kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return " | ".join(name_kind(one) for one in schema[joined])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"{name_kind(schema.get('items', {}))}[]"
    return str(schema.get("format") or schema.get("type") or "any")


__all__ = ["Form", "Line", "Operation", "Section", "list_forms", "list_sections", "name_kind"]
