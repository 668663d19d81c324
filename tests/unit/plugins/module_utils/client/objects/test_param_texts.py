# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import ApiError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import param_texts

SCHEMAS: dict[str, t.Any] = {"text": {"type": "string"}, "flag": {"type": "boolean"}, "any": True}


class FakeClient:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, kind: str, key: str) -> dict[str, t.Any] | None:
        assert kind == "params"
        self.asked.append(key)
        return {"Name": key, "Schema": SCHEMAS[key]} if key in SCHEMAS else None


@pytest.mark.parametrize(
    ("where", "quoted", "asked"),
    [
        ({"text": "7"}, {"text": '"7"'}, ["text"]),
        ({"text": "null", "flag": "true"}, {"text": '"null"', "flag": "true"}, ["text", "flag"]),
        ({"text": "plain", "Name": "7"}, {"text": "plain", "Name": "7"}, ["Name"]),
        ({"text": {"Between": ["1.5", "x"]}}, {"text": {"Between": ['"1.5"', "x"]}}, ["text"]),
        ({"text": '"7"'}, {"text": '"7"'}, []),
        ({"text": 7, "any": "7"}, {"text": 7, "any": "7"}, ["any"]),
    ],
)
def test_what_is_quoted(where: dict[str, t.Any], quoted: dict[str, t.Any], asked: list[str]) -> None:
    client = FakeClient()
    assert param_texts.quoted_texts(t.cast(Client, client), where) == quoted
    assert client.asked == asked


def test_what_is_a_misreading() -> None:
    text = "(root): Invalid type. Expected: string, given: integer"
    assert param_texts.is_misread(ApiError(text, code=406))
    assert not param_texts.is_misread(ApiError(text, code=422))
    assert not param_texts.is_misread(ApiError("Filter not found: x", code=406))
