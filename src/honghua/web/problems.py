"""The one table of errors (STYLE §8): every code that a caller may meet, its HTTP status and its words; and how a problem is written down.

A decision is an answer: whoever was judged gets 200, whatever the outcome. A request that could not be judged is a problem (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.errors import (
    BadInput,
    Conflict,
    HonghuaError,
    IntegrityBroken,
    NotFound,
    TimedOut,
    WorldFailed,
)
from honghua.credit.core import REFUSALS
from honghua.decision.core import REASONS
from honghua.web.booker import Overloaded, TooLate

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
DETAIL_LENGTH_MAX: Final = 500
KEPT: Final = frozenset({"outcome", "sentence", "sentence_en", "code"})  # of an answer, not repeated in its problem
FAILING: Final = frozenset({"refused", "failed"})
OK: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: the HTTP status, and the words in Chinese and English."""

    status: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem on its way out. more: members of its own (RFC 9457 §3.2); retry_after_s: told as a header, 0 = not."""

    code: str
    detail: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float = 0.0

    @property
    def status(self) -> int:
        """As the table has it."""
        return get_entry(self.code).status


class Trouble(HonghuaError):
    """A request that the web itself turns away; `code` has its line in TABLE."""

    code = "TROUBLE"

    def __init__(
        self, code: str, detail: str, *, more: Mapping[str, Any] | None = None, retry_after_s: float = 0
    ) -> None:
        super().__init__(detail, code=code)
        self.more = dict(more or {})
        self.retry_after_s = retry_after_s


# Refusals whose status is not 422, "understood, and not possible as things stand".
STATUS_OF_REFUSAL: Final[dict[str, int]] = {
    "KEY_MISSING": 400,
    "KEY_REUSED": 409,
    "ACCOUNT_UNKNOWN": 404,
    "ACCOUNT_EXISTS": 409,
    "ACCOUNT_QUARANTINED": 409,
    "PURCHASE_UNKNOWN": 404,
    "PLAN_UNKNOWN": 404,
    "SUSPENSION_UNKNOWN": 404,
    "SUSPENSION_EXPIRED": 409,
    "SUSPENSION_DONE": 409,
    "SUSPENSION_OPEN": 409,
    "FACT_UNKNOWN": 404,
    "HOLD_GONE": 409,
    "LABELLED_ALREADY": 409,
    "PAIR_CHANGE_PENDING": 409,
    "QUOTE_CHANGED": 409,
    "SETTLEMENT_AMOUNT_WRONG": 409,
    "OPEN_BALANCE": 409,
}
OWN: Final[dict[str, Entry]] = {
    "ROUTE_UNKNOWN": Entry(404, "没有这个地址。", "There is nothing at this address."),
    "METHOD_NOT_ALLOWED": Entry(405, "此地址不支持这种方法。", "This address does not take that method."),
    "NOT_ACCEPTABLE": Entry(406, "无法提供所要求的格式。", "The wanted format is not available."),
    "BODY_TOO_LARGE": Entry(413, "请求内容过大。", "The request is too large."),
    "TARGET_TOO_LONG": Entry(414, "请求地址过长。", "The address is too long."),
    "MEDIA_TYPE_UNKNOWN": Entry(415, "请使用 application/json。", "Please send application/json."),
    "REQUEST_INVALID": Entry(422, "请求内容不符合要求。", "The request does not have the wanted form."),
    "REQUEST_UNREADABLE": Entry(400, "请求内容无法读取。", "The request could not be read."),
    "KEY_INVALID": Entry(400, "幂等编号应为 1 至 120 个可见 ASCII 字符。", "An idempotency key is 1 to 120 visible ASCII characters."),
    "CURSOR_INVALID": Entry(422, "翻页标记无效,请从第一页开始。", "This cursor is not one of ours; begin at the first page."),
    "SIGN_IN_FIRST": Entry(401, "请先登录。", "Please sign in first."),
    "NOT_ALLOWED": Entry(403, "您没有权限进行此操作。", "You may not do this."),
    "FORM_STALE": Entry(403, "页面已过期,请刷新后重试。", "This page has expired; reload it and try again."),
    "FORM_FOREIGN": Entry(403, "请求来自其他网站。", "This request came from another site."),
    "SIGNATURE_MISSING": Entry(401, "请求没有签名。", "The request is not signed."),
    "SIGNATURE_WRONG": Entry(401, "签名无效。", "The signature is not valid."),
    "TIMESTAMP_WRONG": Entry(401, "签名时间与服务器时间相差过大。", "The signature's time is too far from ours."),
    "NONCE_REUSED": Entry(401, "该签名请求已使用过。", "This signed request was seen before."),
    "SCOPE_MISSING": Entry(403, "该接入方没有此项权限。", "This partner's key does not have the scope for it."),
    "MERCHANT_NOT_YOURS": Entry(404, "没有找到该商户。", "There is no such merchant."),
    "MERCHANT_UNKNOWN": Entry(403, "该商户未开通赊购。", "This shop does not sell on credit."),
    "MERCHANT_NOT_OPEN": Entry(403, "该商户的准入尚未完成。", "This shop is not admitted yet."),
    "MERCHANT_REFUSED": Entry(403, "该商户未获准入,不能赊购。", "This shop was not admitted to sell on credit."),
    "MERCHANT_SUSPENDED": Entry(403, "该商户已被暂停赊购。", "This shop is suspended from selling on credit."),
    "MERCHANT_ENDED": Entry(403, "该商户已终止合作,不能赊购。", "This shop no longer sells on credit."),
    "MERCHANT_ORDER_MAX": Entry(422, "订单金额超过该商户的单笔上限。", "Orders of this shop may not be that large."),
    "CUSTOMER_NOT_YOURS": Entry(404, "没有找到该客户。", "There is no such customer."),
    "RATE_EXCEEDED": Entry(429, "请求过于频繁,请稍后再试。", "Too many requests; please slow down."),
    "CODE_UNKNOWN": Entry(404, "付款码无效或已过期。", "This code is unknown or has expired."),
    "CODE_SPENT": Entry(409, "付款码已使用,请出示新的付款码。", "This code was used before; please show a new one."),
    "CHECKOUT_UNKNOWN": Entry(404, "没有找到该收银单。", "There is no such checkout."),
    "CHECKOUT_EXPIRED": Entry(409, "收银单已过期。", "This checkout has expired."),
    "CHECKOUT_DONE": Entry(409, "收银单已完成。", "This checkout is done."),
    "CHECKOUT_BY_CARD": Entry(409, "这笔订单正在用银行卡支付,或已用银行卡付清。", "A bank card pays this order, or has paid it."),
    "CHECKOUT_BY_CREDIT": Entry(409, "这笔订单已提交信用支付,请先等待结果。", "Credit pays this order, or was asked to; wait for it."),
    "CHECKOUT_UNPAID": Entry(409, "这笔订单还没有付款。", "This order is not paid."),
    "CARD_DISPUTED": Entry(409, "这笔付款有争议,由发卡行裁定退款。", "This payment is disputed: the bank decides about the money."),
    "CARD_REFUND_REFUSED": Entry(422, "收单行拒绝了这笔退款。", "The acquiring bank refused this refund."),
    "CARDS_MISSING": Entry(503, "暂不支持银行卡支付。", "No bank card can be taken here."),
    "PART_NOT_TAKEN": Entry(422, "商家不接受部分支付。", "The shop wants the whole amount at once."),
    "TICKET_WRONG": Entry(404, "付款链接无效。", "This is not a payment link of ours."),
    "TICKET_EXPIRED": Entry(410, "付款链接已过期,请向商家重新获取。", "The time to pay by this link is over."),
    "FORM_KEY_WRONG": Entry(400, "页面已过期,请刷新后重试。", "This page has expired; reload it and try again."),
    "OFFER_GONE": Entry(409, "优惠名额已用完,请重新选择。", "This offer is used up; please choose again."),
    "FACE_UNKNOWN": Entry(422, "未能识别,请换一种支付方式。", "The face was not recognised; please pay another way."),
    "FACE_NOT_LIVE": Entry(422, "未通过活体检测,请换一种支付方式。", "The liveness check did not pass; please pay another way."),
    "ENDPOINT_UNKNOWN": Entry(404, "没有这个回调地址。", "There is no such webhook endpoint."),
    "ENDPOINT_UNSAFE": Entry(422, "回调地址必须是公网 https 地址。", "A webhook address is https and public."),
    "ENDPOINTS_TOO_MANY": Entry(409, "回调地址数量已达上限。", "There are too many webhook endpoints already."),
    "DELIVERY_UNKNOWN": Entry(404, "没有这条推送记录。", "There is no such delivery."),
    "ORDER_NOT_OPEN": Entry(409, "订单刚刚入账,请一分钟后再推送。", "This order was booked just now; please tell it again in a minute."),
    "EVIDENCE_DIFFERS": Entry(409, "同一物流事件已有不同内容的记录。", "The same event was told otherwise before."),
    "EVIDENCE_UNREADABLE": Entry(422, "物流事件内容无效。", "This event can't be weighed: see which fields it has."),
    "STATEMENT_UNKNOWN": Entry(404, "没有这期账单。", "There is no such statement."),
    "DECISION_UNKNOWN": Entry(404, "没有这条决策。", "There is no such decision."),
    "OTHER_PLACE": Entry(409, "您现在要办理的是另一个页面。", "Another page is yours to fill in now."),
    "NO_ACCOUNT": Entry(404, "您还没有开通信用账户。", "You have no credit account yet."),
    "CONSENT_MISSING": Entry(409, "客户尚未完成必要的授权与确认。", "The customer has not given the consents that an account needs."),
    "PARTNER_UNKNOWN": Entry(404, "没有这个接入方。", "There is no such partner."),
    "BOOK_NOT_STARTED": Entry(503, "系统尚未开账,请稍后再试。", "The book is not started yet."),
    "ENGINE_MISSING": Entry(503, "风控引擎暂不可用,请稍后再试。", "The risk engine is not there now."),
    "BOOKING_FAILED": Entry(500, "系统出错了,请用同一编号再试。", "Booking failed on our side; ask again under the same key."),
    "GATEWAY_MISSING": Entry(503, "尚未接通收款通道,请通过自动扣款还款。", "No payment gateway is connected; please repay by auto-debit."),
    "STEP_FAILED": Entry(409, "这一步没有成功,请按提示处理后再试。", "This step did not succeed; please see why and try again."),
    "TROUBLE": Entry(400, "请求无法处理。", "The request can't be handled."),
    "INTERNAL": Entry(500, "系统出错了,我们已收到报告。", "Something went wrong on our side; it has been noted."),
}  # fmt: skip
# One line per class of base errors; a code of a raised error without a line of its own takes its class's.
OF_CLASS: Final[dict[type[HonghuaError], Entry]] = {
    BadInput: Entry(422, "请求内容不符合要求。", "The request does not have the wanted form."),
    NotFound: Entry(404, "没有找到。", "Nothing was found."),
    Conflict: Entry(409, "与现有状态冲突。", "This conflicts with how things stand."),
    IntegrityBroken: Entry(500, "系统出错了,我们已收到报告。", "Something went wrong on our side; it has been noted."),
    TooLate: Entry(
        503, "当前请求过多,本次未处理,请稍后再试。", "We are busy: this was not booked in time; please come back."
    ),
    Overloaded: Entry(429, "当前请求过多,请稍后再试。", "We are busy: nothing was taken; please come back."),
    TimedOut: Entry(504, "结果未知,请用同一编号再次查询。", "The outcome is unknown: ask again under the same key."),
    WorldFailed: Entry(503, "系统暂时不可用,请稍后再试。", "A system that we need is not there now."),
    HonghuaError: Entry(500, "系统出错了,我们已收到报告。", "Something went wrong on our side; it has been noted."),
}


def build_table() -> dict[str, Entry]:
    """Refusals of the credit room, reasons of decisions, the web's own codes and those of the classes, by code."""
    table = {code: Entry(OK, reason.zh, reason.en) for code, reason in REASONS.items()}
    table |= {code: Entry(STATUS_OF_REFUSAL.get(code, 422), zh, en) for code, (zh, en) in REFUSALS.items()}
    table |= {kind.code: entry for kind, entry in OF_CLASS.items()}
    return table | OWN


TABLE: Final[dict[str, Entry]] = build_table()
STATUS_OF: Final[dict[str, int]] = {code: entry.status for code, entry in TABLE.items()}


def get_entry(code: str) -> Entry:
    """The line of a code; of an unknown one, that of INTERNAL."""
    return TABLE.get(code, OWN["INTERNAL"])


def status_of(answer: Mapping[str, Any]) -> int:
    """The HTTP status of an answer of `credit`: 200 when it did something or was judged, else what its code says."""
    if answer["outcome"] not in FAILING or "decision_id" in answer:
        return OK
    status = STATUS_OF.get(answer["code"], 422)
    return status if status != OK else 422


def problem_of_answer(answer: Mapping[str, Any]) -> Problem:
    """A refusal that nobody judged, as a problem with what else it says."""
    more = {name: value for name, value in answer.items() if name not in KEPT}
    return Problem(code=answer["code"], detail=answer.get("sentence_en", ""), more=more)


def find_class_entry(error: HonghuaError) -> Entry:
    """The line of the nearest class that has one."""
    return next(OF_CLASS[kind] for kind in type(error).__mro__ if kind in OF_CLASS)


def problem_of_error(error: HonghuaError) -> tuple[Problem, int]:
    """A raised error as a problem, with its status. What went wrong inside is not told, only that it did."""
    entry = TABLE.get(error.code) or find_class_entry(error)
    status = entry.status if entry.status != OK else 422
    is_ours = status >= 500 or isinstance(error.__cause__, psycopg.Error)  # then the words are about our inside
    detail = entry.en if is_ours else str(error)[:DETAIL_LENGTH_MAX]
    more = {**getattr(error, "more", {}), "retryable": error.retryable}
    wait = float(getattr(error, "retry_after_s", 0)) or (RETRY_AFTER_S if error.retryable else 0)
    return Problem(code=error.code, detail=detail, more=more, retry_after_s=wait), status


def write_problem(problem: Problem, *, status: int = 0, request_id: str = "") -> dict[str, Any]:
    """The JSON of a problem: RFC 9457's members, our code, and both languages."""
    entry = get_entry(problem.code)
    body: dict[str, Any] = {
        "type": f"/v1/problems#{problem.code}",
        "title": entry.en,
        "title_zh": entry.zh,
        "status": status or entry.status,
        "code": problem.code,
        "detail": problem.detail or entry.en,
    }
    if request_id:
        body["request_id"] = request_id
    return {**problem.more, **body}


def problem_bytes(error: HonghuaError, *, request_id: str) -> tuple[int, float, bytes]:
    """(status, seconds for Retry-After or 0, body): a raised error for callers below the framework."""
    problem, status = problem_of_error(error)
    return (
        status,
        problem.retry_after_s,
        msgspec.json.encode(write_problem(problem, status=status, request_id=request_id)),
    )


__all__ = [
    "OF_CLASS",
    "PROBLEM_JSON",
    "STATUS_OF",
    "TABLE",
    "Entry",
    "Problem",
    "Trouble",
    "get_entry",
    "problem_bytes",
    "problem_of_answer",
    "problem_of_error",
    "status_of",
    "write_problem",
]
