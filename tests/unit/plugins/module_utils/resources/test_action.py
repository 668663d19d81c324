# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server's answers to actions mean: no such action, a param that is missing, a plugin that fails."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    from_answer,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import actions
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import Task
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.action import run

MACHINE = {"Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "Name": "m1"}
OFFERED = [
    {"Command": "increment", "Model": "machines"},
    {"Command": "reset_count", "Model": "machines"},
]


class Server:
    """Has one machine and one plugin with two actions."""

    def __init__(self, answer: ApiError | str) -> None:
        self.answer = answer

    def require_kind(self, kind: str) -> t.Any:
        return type("Kind", (), {"prefix": kind})

    def find(self, kind: str, key: str) -> t.Any:
        return MACHINE

    def list(self, kind: str, *words: str) -> list[t.Any]:
        return {
            "plugins": [{"Name": "counter", "Provider": "counter"}],
            "plugin_providers": [{"Name": "counter", "AvailableActions": OFFERED}],
        }[kind]


def refusal(status: int, *messages: str) -> ApiError:
    body = json.dumps({"Type": "INVOKE", "Messages": messages, "Code": status}).encode()
    return from_answer("POST", "machines/x/actions/y", status, "", body)


def outcome(
    monkeypatch: pytest.MonkeyPatch, answer: ApiError | str, check: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    def answered(*_words: t.Any, **_more: t.Any) -> t.Any:
        if isinstance(answer, ApiError):
            raise answer
        return answer

    monkeypatch.setattr(actions, "describe", answered)
    monkeypatch.setattr(actions, "run", answered)
    monkeypatch.setattr(actions, "available", lambda *words: OFFERED)
    given = {"kind": "machines", "name": "m1", "command": "increment", "include_locked": False, **options}
    return run(Task(given, check, t.cast(t.Any, Server(answer)), lambda text: None))


@pytest.mark.parametrize(
    "message",
    [
        "Action incremnt on machines: Not Found",
        "Action incremnt on machines for plugin counter not found",
        "incremnt: Not Found",
    ],
)
@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("check", [True, False])
def test_there_is_no_such_action(
    monkeypatch: pytest.MonkeyPatch, message: str, status: int, check: bool
) -> None:
    told = outcome(monkeypatch, refusal(status, message), check, command="incremnt")
    assert told["failed"]
    assert "there is no action incremnt" in told["msg"]
    assert "Did you mean increment? Available: increment, reset_count" in told["msg"]


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "Not Found"), (404, "server web-1 not found"), (400, "Not Found"), (409, "Not Found"), (500, "x")],
)
def test_what_a_plugin_does_not_find_is_its_own_affair(
    monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    told = outcome(monkeypatch, refusal(status, message))
    assert told["failed"]
    assert message in told["msg"]
    assert "there is no action" not in told["msg"]


@pytest.mark.parametrize(
    ("messages", "given", "refused"),
    [
        (["Action increment Missing Parameter a/b"], ["a/b"], False),
        (["Action increment Missing Parameter a/b"], [], True),
        (["Action increment Missing Parameter a/b"], ["a/c"], True),
        (["Action increment Missing Parameter a/b", "Action increment Missing Parameter c"], ["a/b"], True),
        (
            ["Action increment Missing Parameter a/b", "Action increment Missing Parameter c"],
            ["a/b", "c"],
            False,
        ),
        (["Action increment: Invalid Parameter: a/b: x"], ["a/b"], True),
    ],
)
def test_check_mode_and_params_of_the_task(
    monkeypatch: pytest.MonkeyPatch, messages: list[str], given: list[str], refused: bool
) -> None:
    """The server describes an action without knowing what the task would send with it."""
    told = outcome(monkeypatch, refusal(400, *messages), check=True, params=dict.fromkeys(given, 1))
    assert bool(told.get("failed")) is refused, told
    if refused:
        assert messages[0] in told["msg"]
