# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The /actions routes: what plugins offer for an object or for the whole system."""

from __future__ import annotations

from types import NoneType

from ..actions import ActionFailed
from ..call import ApiResponse, BufferedResponse, Call, reply
from ..errors import ApiError, bad_request, not_found
from ..store import Row, Table
from ..wire import Obj

_GLOBAL = "global"


def handle(call: Call, table: Table, asked: str, command: list[str]) -> ApiResponse:
    # here an address is no key
    row = None if table.model.asked_key(asked) != asked else table.find(asked)
    if not row:
        raise not_found(call.method, table.model.prefix, asked)
    return _answer(call, table.model.prefix, row, asked, command)


def system(call: Call) -> ApiResponse:
    if call.parts[1:2] != ["actions"] or len(call.parts) > 3:
        raise call.no_route()
    # the whole system is the global profile to the server
    row = call.server.store["profiles"].rows[_GLOBAL]
    return _answer(call, "system", row, _GLOBAL, call.parts[2:])


def _answer(call: Call, prefix: str, row: Row, asked: str, command: list[str]) -> BufferedResponse:
    if call.method == "GET":
        call.require(prefix, "actions" if not command else f"action:{command[0]}", asked)
        return _offer(call, prefix, row, asked, command)
    if call.method == "POST" and command:
        given = call.json()
        if not isinstance(given, (dict, NoneType)):
            raise bad_request(
                "POST", "json: cannot unmarshal value into Go value of type map[string]interface {}"
            )
        call.require(prefix, f"action:{command[0]}", asked)
        return _invoke(call, prefix, row, asked, command[0], given)
    raise call.no_route()


def _offer(call: Call, prefix: str, row: Row, asked: str, command: list[str]) -> BufferedResponse:
    plugins, named = call.server.plugins, call.option("plugin")
    if not command:
        return reply(plugins.available(prefix, row, named))
    problems: list[str] = []
    for action in plugins.offered(prefix, named):
        if action["Command"] == command[0]:
            problems = plugins.problems(action, row)
            if not problems:
                return reply(action)
    if problems:
        raise ApiError(400, "GET", *problems, model=prefix, key=asked)
    raise ApiError(404, "GET", f"{command[0]}: Not Found", model=row.model.prefix, key=asked)


def _invoke(
    call: Call, prefix: str, row: Row, asked: str, command: str, given: Obj | None
) -> BufferedResponse:
    plugins = call.server.plugins
    action = plugins.prepare(prefix, row, asked, command, given, call.option("plugin"))
    plugins.publish(prefix, asked, action, call.principal)
    try:
        return reply(plugins.run(action, row))
    except ActionFailed as problem:
        raise ApiError(409, "INVOKE", str(problem), model=prefix, key=asked) from None
