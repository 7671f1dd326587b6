"""What all documented routes share: parameters, the forms of answers, and the problems that every route may give back."""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from honghua.credit.core import Command
from honghua.web.address_parts import ID_MAX
from honghua.web.answers import problem_response
from honghua.web.api.callers import partner_of
from honghua.web.api.partners import Partner
from honghua.web.api.purchases_wire import KEY_LENGTH_MAX, MINOR_MAX, PERIODS_MAX, check_key, command_key
from honghua.web.ground import site_of
from honghua.web.problems import PROBLEM_JSON, problem_of_answer, status_of

T = TypeVar("T")
PAGE_MAX: Final = 200
PAGE_USUAL: Final = 50
CURSOR_LENGTH_MAX: Final = 200
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$"

Caller = Annotated[Partner, Depends(partner_of)]
Minor = Annotated[int, Field(ge=1, le=MINOR_MAX, description="Whole minor units of the account's currency.")]
MinorOrZero = Annotated[int, Field(ge=0, le=MINOR_MAX)]
Periods = Annotated[int, Field(ge=1, le=PERIODS_MAX)]
Text = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
OptionalText = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
CustomerPath = Annotated[
    str, Path(min_length=1, max_length=100, pattern=PRINTABLE, description="The customer's reference.")
]
IdPath = Annotated[int, Path(ge=1, le=ID_MAX)]
PageSize = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Cursor = Annotated[
    str, Query(max_length=CURSOR_LENGTH_MAX, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before; absent: the first page.")
]  # fmt: skip


class Asked(BaseModel):
    """A body: nothing that is not described is taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Shown(BaseModel):
    """An answer, read off our records."""

    model_config = ConfigDict(from_attributes=True)


class Said(Shown):
    """The same in Chinese and English."""

    zh: str
    en: str


Words = Annotated[
    Said, BeforeValidator(lambda pair: {"zh": pair[0], "en": pair[1]} if isinstance(pair, tuple) else pair)
]


class Page(BaseModel, Generic[T]):
    """Some of many. next: the cursor of the next page, absent on the last."""

    items: list[T]
    next: str | None = None


class Done(BaseModel):
    """A command was carried out, now or, with `repeated`, earlier under the same key. What else it says depends on the command."""

    model_config = ConfigDict(extra="allow")

    outcome: Literal["done"]
    repeated: bool | None = None


class ProblemShown(BaseModel):
    """What went wrong (RFC 9457): `code` is stable, see /v1/problems."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    title_zh: str
    status: int
    code: str
    detail: str
    request_id: str | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with: those of every route, and these."""
    schema = {"$ref": "#/components/schemas/ProblemShown"}
    about = {
        400: "the request can't be read, or lacks its idempotency key",
        401: "the signature is missing, wrong, old or seen before",
        403: "the key lacks the scope",
        404: "there is no such thing, or it is not yours",
        409: "it conflicts with how things stand, or the key was used for another request",
        413: "the request is too large",
        415: "the media type is not known",
        422: "understood, and not possible: the code says why",
        429: "too fast, or we are busy; Retry-After says when",
        503: "a system that we need is not there now",
        504: "the outcome is unknown: ask again under the same key",
    }
    wanted = sorted({400, 401, 403, 413, 422, 429, 503, *statuses})
    return {status: {"description": about[status], "content": {PROBLEM_JSON: {"schema": schema}}} for status in wanted}


COMMANDED: Final = problems(404, 409, 415, 504)
READ: Final = problems(404)


def read_key(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key", min_length=1, max_length=KEY_LENGTH_MAX, pattern=r"^[\x21-\x7e]+$",
            description="Made by you, once per wish: the same key and body give the stored answer, another body is a 409.",
        ),
    ],
) -> str:  # fmt: skip
    """The idempotency key under which the books remember the answer."""
    partner: Partner = request.state.partner
    return command_key(partner.partner_id, check_key(idempotency_key))


CommandKey = Annotated[str, Depends(read_key)]


async def answer_command(request: Request, command: Command) -> Response:
    """Book one command; its answer, or its refusal as a problem."""
    answer = (await site_of(request).booker.submit([command]))[0]
    return await write_answer(request, answer)


async def write_answer(request: Request, answer: dict[str, Any]) -> Response:
    """An answer of the books over HTTP."""
    status = status_of(answer)
    if status == 200:
        return JSONResponse(answer)
    return await problem_response(request, problem_of_answer(answer), status=status)


def shown(kind: type[T], record: object) -> T:
    """A record of ours as its public form."""
    assert issubclass(kind, BaseModel)
    return kind.model_validate(record, from_attributes=True)
