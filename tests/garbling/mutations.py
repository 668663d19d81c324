# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an answer can go wrong: each function takes a random source and an answer, and spoils one thing."""

from __future__ import annotations

import dataclasses
import json
import random
import typing as t

Json = t.Any


@dataclasses.dataclass
class Reply:
    """An HTTP answer; of a frame of the websocket only the body counts."""

    status: int
    headers: dict[str, str]
    body: bytes


Mutation = t.Callable[[random.Random, Reply], None]

_OTHER_VALUES: tuple[Json, ...] = (
    None, True, False, 0, -1, 3.5, 10**30, "", "text", "-oProxyCommand=x", "\u0000\u001b[31m", "{{ 6 * 7 }}",
    "../../users/x", [], {}, [None], [[]], ["a", 1], {"a": 1}, [{"Name": 1}], {"Name": None}, {"": {"": []}},
)  # fmt: skip
_SPELT = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1" * 5000,
    '"\\ud800"',
    '"\\udc00\\ud800"',
    "tru",
    "01",
)
_TYPES = (
    "text/html",
    "text/plain",
    "application/octet-stream",
    "application/json; charset=utf-16",
    "",
    "x" * 3000,
)
_STATUSES = (
    200,
    201,
    202,
    204,
    206,
    304,
    400,
    401,
    403,
    404,
    406,
    409,
    410,
    418,
    422,
    429,
    500,
    502,
    503,
    599,
)


def cut(chance: random.Random, reply: Reply) -> None:
    reply.body = reply.body[: chance.randrange(len(reply.body) + 1)]


def swap_type(chance: random.Random, reply: Reply) -> None:
    """One value, anywhere, becomes one of another type."""
    _replace_value(chance, reply, lambda _old: chance.choice(_OTHER_VALUES))


def drop(chance: random.Random, reply: Reply) -> None:
    """One member or item is missing."""
    document = _document(reply)
    places = [place for place in _places(document) if place[0] is not None]
    if places:
        container, name = chance.choice(places)
        del container[name]
        reply.body = json.dumps(document).encode()


def add(chance: random.Random, reply: Reply) -> None:
    """One container gets another entry."""
    document = _document(reply)
    containers = [value for value in _values(document) if isinstance(value, (dict, list)) and value]
    if not containers:
        return
    container, value = chance.choice(containers), chance.choice(_OTHER_VALUES)
    if isinstance(container, dict):
        container[chance.choice(["", "Name", "Params", "x/y", "\u2028", *map(str, container)])] = value
    else:
        container.insert(chance.randrange(len(container) + 1), value)
    reply.body = json.dumps(document).encode()


def nest(chance: random.Random, reply: Reply) -> None:
    """One value is wrapped, a few times or many."""
    depth = chance.choice([1, 2, 60, 500, 900, 5000, 100_000])
    start, end = chance.choice([("[", "]"), ('{"a":', "}"), ('{"Params":', "}")])
    document, mark = _marked(chance, reply)
    inner = json.dumps(mark) if chance.random() < 0.5 else "1"
    spelt = start * depth + inner + end * (depth if chance.random() < 0.9 else 0)
    reply.body = document.replace(json.dumps(mark), spelt).encode()


def spell(chance: random.Random, reply: Reply) -> None:
    """One value is written as no JSON value is."""
    document, mark = _marked(chance, reply)
    reply.body = document.replace(json.dumps(mark), chance.choice(_SPELT)).encode()


def repeat_key(chance: random.Random, reply: Reply) -> None:
    """A member comes twice, with two values."""
    text = reply.body.decode("utf-8", "replace")
    starts = [place for place, letter in enumerate(text) if letter == "{"]
    names = [name for value in _values(_document(reply)) if isinstance(value, dict) for name in value]
    if starts and names:
        place = chance.choice(starts) + 1
        pair = f"{json.dumps(chance.choice(names))}:{json.dumps(chance.choice(_OTHER_VALUES))}"
        comma = "" if text[place : place + 1] == "}" else ","
        reply.body = (text[:place] + pair + comma + text[place:]).encode()


def bad_bytes(chance: random.Random, reply: Reply) -> None:
    """Bytes that are no UTF-8, or no text at all."""
    place = chance.randrange(len(reply.body) + 1)
    junk = chance.choice(
        [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\xfe\xff", b"\x1f\x8b", b"\r\n\r\n", b"<"]
    )
    reply.body = reply.body[:place] + junk + reply.body[place + chance.randrange(3) :]


def flip(chance: random.Random, reply: Reply) -> None:
    """A few bytes become others."""
    body = bytearray(reply.body)
    for _time in range(chance.randint(1, 4)):
        if body:
            body[chance.randrange(len(body))] = chance.randrange(256)
    reply.body = bytes(body)


def other_status(chance: random.Random, reply: Reply) -> None:
    reply.status = chance.choice(_STATUSES)
    if reply.status in (204, 304):
        reply.body = b""


def other_type(chance: random.Random, reply: Reply) -> None:
    reply.headers["Content-Type"] = chance.choice(_TYPES)


def other_header(chance: random.Random, reply: Reply) -> None:
    name = chance.choice(
        ["X-DRP-LIST-TOTAL-COUNT", "X-DRP-LIST-FILTER-COUNT", "Retry-After", "ETag", "Content-Range"]
    )
    reply.headers[name] = chance.choice(["", "-1", "x", "1e3", "\u00b2", "99", "bytes 0-1/2", "0"])


def other_body(chance: random.Random, reply: Reply) -> None:
    bodies = (
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[[]]",
        b'""',
        b"0",
        b"true",
        b"<html><h1>Busy</h1></html>",
        b"\x00" * 99,
    )
    error = {"Model": chance.choice(_OTHER_VALUES), "Key": chance.choice(_OTHER_VALUES), "Type": "GET"}
    error.update({"Messages": chance.choice(_OTHER_VALUES), "Code": chance.choice(_OTHER_VALUES)})
    reply.body = chance.choice([*bodies, json.dumps(error).encode()])


def error_of_server(chance: random.Random, reply: Reply) -> None:
    other_body(chance, reply)
    reply.status = chance.choice([400, 401, 403, 404, 406, 409, 422, 500])


OF_DOCUMENTS: tuple[Mutation, ...] = (
    cut, swap_type, swap_type, swap_type, swap_type, drop, drop, add, add, nest, nest, spell, spell,
    repeat_key, repeat_key, bad_bytes, flip, other_body,
)  # fmt: skip
OF_ANSWERS: tuple[Mutation, ...] = (*OF_DOCUMENTS, other_status, other_type, other_header, error_of_server)


def _document(reply: Reply) -> Json:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _places(value: Json, container: t.Any = None, name: t.Any = None) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Where each value lies, the whole first: ``(None, None)``."""
    yield container, name
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, value, key)


def _values(document: Json) -> t.Iterator[Json]:
    for container, name in _places(document):
        yield document if container is None else container[name]


def _replace_value(chance: random.Random, reply: Reply, other: t.Callable[[Json], Json]) -> None:
    document = _document(reply)
    # one of the first places as often as one of all: what decides stands in front
    places = list(_places(document))
    container, name = chance.choice(places[: chance.choice([1, 12, len(places)])])
    if container is None:
        document = other(document)
    else:
        container[name] = other(container[name])
    reply.body = json.dumps(document).encode()


def _marked(chance: random.Random, reply: Reply) -> tuple[str, str]:
    """The document with a mark in the place of one value, and the mark."""
    mark = "@@mark@@"
    _replace_value(chance, reply, lambda _old: mark)
    return reply.body.decode(), mark
