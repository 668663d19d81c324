# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of lists beside filters: those that a filter object holds, and those that are refused here."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import dataclasses

from ..call import Call
from ..errors import ApiError
from ..wire import Obj

_FLAGS = {
    "Aggregate": "aggregate", "Decode": "decode", "ExcludeSelf": "exclude-self", "RangeOnly": "range-only",
    "Reduced": "reduced", "Reverse": "reverse",
}  # fmt: skip
_WITHOUT_KNOWN_FORM = {
    "group-by": "in which form the groups are answered",
    "range-only": "in which form the counts of groups are answered",
    "commented": "where in JSON the comments are",
    "raw": "how several filters stand in one text",
}
"""Option -> what of it no fact tells, so that it is not answered here with a guess."""


def applied(call: Call) -> Call:
    """The call of a list with what its named filter says in the place of that.

    ApiError for options whose effect is unknown here, and for those that the kind does not have.
    """
    call = _with_named_filter(call)
    refuse_unknown(call)
    if call.parts != ["machines"] and call.option("exclude-self"):
        # only lists of machines have it
        raise ApiError(406, call.method, "Filter not found: exclude-self", model=call.parts[0])
    return call


def refuse_unknown(call: Call) -> None:
    """ApiError for an option of which it is known that it is there, and not what comes of it."""
    for name, unknown in _WITHOUT_KNOWN_FORM.items():
        if call.option(name) not in ("", "false"):
            message = f"{name}: not known here {unknown}"
            raise ApiError(501, call.method, message, model=call.parts[0])


def _with_named_filter(call: Call) -> Call:
    name = call.option("filter")
    if not name:
        return call
    row = call.server.store.get("filters", name)
    if not row:
        # assumption: a filter that is not there is refused like an index that is not there
        raise ApiError(406, call.method, f"No such filter: {name}", model=call.parts[0])
    kind = row.data["Object"]
    if kind and kind != call.parts[0]:
        # assumption: a filter for one kind is refused for another
        raise ApiError(406, call.method, f"Filter {name} is for {kind}", model=call.parts[0])
    others = [pair for pair in call.query if pair[0] != "filter"]
    return dataclasses.replace(call, query=[*_pairs(row.data), *others])


def _pairs(found: Obj) -> list[tuple[str, str]]:
    """What the filter object holds, as the query of a list says it."""
    pairs = []
    for test in found["Queries"]:
        value = test["Value"]
        pairs.append((test["Name"], f"{test['Op']}({value})" if test["Op"] else value))
    pairs += [("sort", name) for name in found["Sort"]]
    pairs += [("group-by", name) for name in found["GroupBy"]]
    pairs += [(word, "true") for member, word in _FLAGS.items() if found[member]]
    pairs += [("slim", found["Slim"])] if found["Slim"] else []
    return pairs + ([("params", found["ParamSet"])] if found["ParamSet"] else [])
