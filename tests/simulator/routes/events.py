# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posting events."""

from __future__ import annotations

from ..call import ApiResponse, Call, no_content
from ..errors import bad_request
from ..go_types import ANY, STR, TIME, DecodeError, Struct
from ..wire import dumps

# assumption: what an event may hold
_EVENT = Struct("Event", Time=TIME, Type=STR, Action=STR, Key=STR, Principal=STR, Object=ANY)


def post(call: Call) -> ApiResponse:
    if call.method != "POST" or len(call.parts) > 1:
        raise call.no_route()
    call.require("events", "post", "*")
    try:
        event = _EVENT.decode(call.json())
    except DecodeError as problem:
        raise bad_request("POST", str(problem)) from None
    body = dumps(event["Object"])
    call.server.bus.publish(
        event["Type"], event["Action"], event["Key"], call.principal, lambda: body, event["Time"]
    )
    return no_content()
