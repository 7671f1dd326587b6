"""The words of the API's page for people: 中文, English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "api.docs_title": ("接口说明", "The API"),
    "api.docs_lead": ("由同一份 OpenAPI 描述生成。", "Drawn from the same OpenAPI description that programs read."),
    "api.docs_problems": ("错误代码表", "Table of problems"),
    "api.docs_routes": ("全部接口", "All routes"),
    "api.docs_forms": ("数据结构", "Records"),
    "api.docs_members": ("字段", "Members"),
    "api.docs_name": ("名称", "Name"),
    "api.docs_place": ("位置", "Where"),
    "api.docs_kind": ("类型", "Kind"),
    "api.docs_about": ("说明", "Meaning"),
    "api.docs_needed": ("必填", "needed"),
    "api.docs_answers": ("返回", "Answers"),
}
