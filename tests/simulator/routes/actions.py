# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The /actions routes: what plugins offer for an object or for the whole system."""

from __future__ import annotations

from ..actions import ActionFailed
from ..call import ApiResponse, BufferedResponse, Call, reply
from ..errors import ApiError, bad_request, not_found
from ..store import Row, Table
from ..wire import Obj

_GLOBAL = "global"


def handle(call: Call, table: Table, asked: str, command: list[str]) -> ApiResponse:
    row = table.find(asked)
    if not row:
        raise not_found(call.method, table.model.prefix, asked)
    return _answer(call, table.model.prefix, row, asked, command)


def system(call: Call) -> ApiResponse:
    if call.parts[1:2] != ["actions"] or len(call.parts) > 3:
        raise call.no_route()
    return _answer(call, "system", None, _GLOBAL, call.parts[2:])


def _answer(call: Call, prefix: str, row: Row | None, asked: str, command: list[str]) -> BufferedResponse:
    if call.method == "GET":
        call.require(prefix, "actions", asked)
        return _offer(call, prefix, row, asked, command)
    if call.method == "POST" and command:
        call.require(prefix, f"action:{command[0]}", asked)
        return _invoke(call, prefix, row, asked, command[0])
    raise call.no_route()


def _offer(call: Call, prefix: str, row: Row | None, asked: str, command: list[str]) -> BufferedResponse:
    found = call.server.plugins.available(prefix, row, call.option("plugin"))
    if not command:
        return reply(found)
    for action in found:
        if action["Command"] == command[0]:
            return reply(action)
    raise ApiError(404, call.method, f"{command[0]}: Not Found", model=prefix, key=asked)


def _invoke(call: Call, prefix: str, row: Row | None, asked: str, command: str) -> BufferedResponse:
    given: Obj = call.json() if call.body else {}
    if not isinstance(given, dict):
        raise bad_request(
            "POST", "json: cannot unmarshal value into Go value of type map[string]interface {}"
        )
    plugins = call.server.plugins
    action = plugins.prepare(prefix, row, asked, command, given, call.option("plugin"))
    plugins.publish(prefix, asked, action, call.principal)
    try:
        return reply(plugins.run(action, row))
    except ActionFailed as problem:
        raise ApiError(409, "INVOKE", str(problem), model=prefix, key=asked) from None
