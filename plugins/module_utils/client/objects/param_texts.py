# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Texts that a filter compares params with: the server reads them as JSON first, so that "7" is a number."""

from __future__ import annotations

import json
import typing as t

from ..client import Client
from ..errors import ApiError

Json = t.Any

_BAD_QUERY = 406
_MISREAD = "Expected: string, given: "
_PREFIX = "Params."
"""What may stand before the name of a param in a filter, on a v4 server."""


def is_misread(error: ApiError) -> bool:
    """Whether the server has refused a filter because it took a text for something else."""
    return error.code == _BAD_QUERY and any(_MISREAD in text for text in error.messages)


def quoted_texts(client: Client, where: t.Mapping[str, Json]) -> dict[str, Json]:
    """The filters, with quotes around the texts of string params that the server would misread.

    Costs a request for each name with such a text.
    """
    return {
        name: _quoted(value) if _has_misread_text(value) and _is_string_param(client, str(name)) else value
        for name, value in where.items()
    }


def _has_misread_text(value: Json) -> bool:
    if isinstance(value, dict):
        return any(map(_has_misread_text, value.values()))
    if isinstance(value, list):
        return any(map(_has_misread_text, value))
    return isinstance(value, str) and not isinstance(_read(value), str)


def _quoted(value: Json) -> Json:
    if isinstance(value, dict):
        return {operator: _quoted(operands) for operator, operands in value.items()}
    if isinstance(value, list):
        return [_quoted(one) for one in value]
    return json.dumps(value, ensure_ascii=False) if _has_misread_text(value) else value


def _read(text: str) -> Json:
    """What the server makes of a text: that itself where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_string_param(client: Client, name: str) -> bool:
    bare = name[len(_PREFIX) :] if name.startswith(_PREFIX) else name
    schema = (client.find("params", bare) or {}).get("Schema")
    return isinstance(schema, dict) and schema.get("type") == "string"
