# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors: their text, and what is made of each kind of answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    DrpError,
    from_answer,
)


def answered(status: int, body: Any = b"", reason: str = "Because") -> errors.ApiError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return from_answer("GET", "/api/v3/machines/foo", status, reason, raw)


def error_object(**members: Any) -> dict[str, Any]:
    return {
        "Model": "machines",
        "Key": "foo",
        "Type": "GET",
        "Messages": ["Not Found"],
        "Code": 404,
        **members,
    }


def test_vector_9_of_the_specification() -> None:
    error = DrpError("Not Found", model="machines", key="foo", type="GET")
    assert str(error) == "GET: machines/foo: Not Found"


def test_vector_10_of_the_specification() -> None:
    assert str(DrpError("a", "b", type="AUTH")) == "AUTH\n  a\n  b"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DrpError("x", model="machines", type="T"), "T: machines: x"),
        (DrpError("x", key="foo", type="T"), "T: foo: x"),
        (DrpError("x", model="", key="/api/v3/nope", type="GET"), "GET: /api/v3/nope: x"),
        (DrpError("x", model="a/", key="/b", type="T"), "T: a/b: x"),
        (DrpError(type="T"), "T"),
        (DrpError(model="m", key="k", type="T"), "T: m/k"),
        (DrpError("x", "y", model="m", key="k", type="T"), "T: m/k\n  x\n  y"),
        (DrpError("see https://a//b", model="m", type="T"), "T: m: see https://a//b"),
        (errors.UsageError("x"), "CLIENT_ERROR: x"),
    ],
)
def test_texts(error: DrpError, text: str) -> None:
    assert str(error) == text


def test_an_error_of_ours_has_the_five_members() -> None:
    assert errors.ConnectionFailed("gone").as_dict() == {
        "Model": "",
        "Key": "",
        "Type": "CLIENT_ERROR",
        "Messages": ["gone"],
        "Code": 0,
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ApiError),
        (403, errors.NotPermitted),
        (404, errors.NotFound),
        (406, errors.ApiError),
        (409, errors.Conflict),
        (422, errors.Invalid),
        (500, errors.ApiError),
    ],
)
def test_an_error_object_is_taken_over(status: int, kind: type[DrpError]) -> None:
    sent = error_object(Code=status, Messages=["a", "b"])
    error = answered(status, sent)
    assert type(error) is kind
    assert error.as_dict() == sent


def test_members_that_are_missing_or_null() -> None:
    error = answered(404, {"Model": None, "Type": "", "Messages": None})
    assert (error.model, error.key, error.type, error.messages, error.code) == ("", "", "GET", [], 404)


@pytest.mark.parametrize("code", ["no number", [], {"a": 1}, None, 0])
def test_a_strange_code_gives_way_to_the_status(code: Any) -> None:
    assert answered(409, error_object(Code=code)).code == 409


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_refused_without_a_word(status: int) -> None:
    error = answered(status)
    assert type(error) is errors.LoginRequired
    assert error.code == status


def test_a_403_with_an_error_object_is_about_permission() -> None:
    sent = error_object(Model="", Key="", Type="AUTH", Messages=["Cannot access /x"], Code=403)
    error = answered(403, sent)
    assert type(error) is errors.NotPermitted
    assert str(error) == "AUTH: Cannot access /x"


def test_a_403_of_somebody_else_is_not_about_the_login() -> None:
    error = answered(403, b"<html><h1>Blocked by proxy</h1></html>", "Forbidden")
    assert not isinstance(error, errors.LoginRequired)
    assert "Blocked by proxy" in str(error)
    assert error.code == 403


def test_an_empty_500_keeps_its_status() -> None:
    error = answered(500, b"", "Internal Server Error")
    assert error.code == 500
    assert str(error) == "GET: GET /api/v3/machines/foo answered 500 Internal Server Error"


def test_html_is_told_in_one_line_of_words() -> None:
    page = b"<html><style>p {}</style><body>\n<h1>Bad   gateway</h1><script>x<1</script> nginx</body></html>"
    error = answered(502, page, "Bad Gateway")
    assert error.messages == ["GET /api/v3/machines/foo answered 502 Bad Gateway: Bad gateway nginx"]


def test_a_long_page_is_cut() -> None:
    assert len(answered(502, b"word " * 100_000).messages[0]) < 300


@pytest.mark.parametrize(
    "body",
    [
        b'{"Model": "machines", "Ke',
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"Messages": "text"}',
        b"\xff\xfe\x00",
        b"7",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_half_json_and_other_json_is_an_error_of_that_status(body: bytes, status: int) -> None:
    error = answered(status, body)
    assert error.code == status
    assert f"answered {status}" in str(error)


def test_the_number_of_tries_is_kept() -> None:
    assert from_answer("POST", "/x", 409, "", b"", attempts=3).attempts == 3
