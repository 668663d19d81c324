# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What answers look like, by the path that was asked: looked at once, so that nothing behind has to ask.

Only what a server of any version agrees about is held: the types of members that a kind is known to have.
Members may be missing (a list can leave some out) and others may be there.
"""

from __future__ import annotations

import re
import typing as t

from . import models

Json = t.Any
Fault = str
"""Why something has not its shape; "" when it has."""
Shape = t.Callable[[Json], Fault]

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TYPE_NAMES: dict[type, str] = {
    dict: "an object", list: "a list", str: "a text", bool: "true or false",
    int: "a number", float: "a number", type(None): "nothing",
}  # fmt: skip


def fault(method: str, parts: t.Sequence[str], answer: Json) -> Fault:
    """Why ``answer`` is not what ``method`` on the path ``parts`` (``machines``, ``<uuid>``) answers."""
    shape = _shape_of(method, [part for part in parts if part])
    return shape(answer) if shape else ""


def object_fault(kind: str, item: Json) -> Fault:
    """Why ``item`` is no object of ``kind``."""
    if item.__class__ is not dict:
        return f"are not a JSON object but {name_of_type(item)}"
    model = models.find(kind)
    if model is None:
        return ""
    if model.key and not (isinstance(item.get(model.key), str) and item[model.key]):
        return f"have no {model.key}"
    checks = _CHECKS[kind]
    for name, value in item.items():
        check = checks.get(name)
        if check is not None and not check(value):
            return f"have something unfit as {name} ({name_of_type(value)})"
    return ""


def name_of_type(value: Json) -> str:
    return _TYPE_NAMES[type(value)]


# -- members


def _is_text(value: Json) -> bool:
    return value.__class__ is str


def _is_time(value: Json) -> bool:
    return value is None or _is_text(value)


def _is_uuid(value: Json) -> bool:
    """It becomes a part of paths, on the server and on disks."""
    return value == "" or (_is_text(value) and _UUID.fullmatch(value) is not None)


def _is_bool(value: Json) -> bool:
    return value.__class__ is bool


def _is_int(value: Json) -> bool:
    return value.__class__ is int


def _is_map(value: Json) -> bool:
    return value is None or value.__class__ is dict


def _is_text_map(value: Json) -> bool:
    return value is None or (value.__class__ is dict and all(map(_is_text, value.values())))


def _is_list_map(value: Json) -> bool:
    return value is None or (value.__class__ is dict and all(map(_is_text_list, value.values())))


def _is_text_list(value: Json) -> bool:
    return value is None or (value.__class__ is list and all(map(_is_text, value)))


def _is_object_list(value: Json) -> bool:
    return value is None or (value.__class__ is list and all(one.__class__ is dict for one in value))


_BY_TYPE: dict[str, t.Callable[[Json], bool]] = {
    **dict.fromkeys(models.TEXT_TYPES, _is_text),
    "time": _is_time,
    "uuid": _is_uuid,
    "bool": _is_bool,
    "int": _is_int,
    "list": _is_text_list,
    "map": _is_map,
    "struct": _is_map,
    "structs": _is_object_list,
}
_EXCEPTIONS: dict[tuple[str, str], t.Callable[[Json], bool]] = {
    ("bootenvs", "Loaders"): _is_text_map,
    ("tenants", "Members"): _is_list_map,
}
_CHECKS = {
    kind: {
        name: _EXCEPTIONS.get((kind, name)) or (_is_text_map if name == "Meta" else _BY_TYPE[type_name])
        for name, type_name in model.fields.items()
        if type_name in _BY_TYPE
    }
    for kind, model in models.MODELS.items()
}
"""Kind -> member -> whether a value fits; of other members and kinds nothing is known."""


# -- answers


def _members(**checks: t.Callable[[Json], bool]) -> Shape:
    """An object; members that are there have these types, those in capital letters have to be there."""

    def look(answer: Json) -> Fault:
        if answer.__class__ is not dict:
            return f"are not a JSON object but {name_of_type(answer)}"
        unfit = [name for name, check in checks.items() if name in answer and not check(answer[name])]
        return f"have something unfit as {unfit[0]}" if unfit else ""

    return look


def _requires(name: str, shape: Shape) -> Shape:
    return lambda answer: shape(answer) or ("" if name in answer else f"have no {name}")


def _list_of(shape: Shape, nullable: bool = True) -> Shape:
    def look(answer: Json) -> Fault:
        if answer is None and nullable:
            return ""
        if answer.__class__ is not list:
            return f"are not a JSON list but {name_of_type(answer)}"
        return next(
            (f"hold something unfit: there are bytes that {why}" for why in map(shape, answer) if why), ""
        )

    return look


def _map_of(shape: Shape, nullable: bool = True) -> Shape:
    def look(answer: Json) -> Fault:
        if answer is None and nullable:
            return ""
        if answer.__class__ is not dict:
            return f"are not a JSON object but {name_of_type(answer)}"
        return next((why for why in map(shape, answer.values()) if why), "")

    return look


def _text(answer: Json) -> Fault:
    return "" if answer.__class__ is str else f"are not a JSON text but {name_of_type(answer)}"


def _anything(answer: Json) -> Fault:
    del answer
    return ""


_OBJECT = _members()
_META = _requires("Name", _members(
    Name=_is_text, Type=_is_text, Version=_is_text, Source=_is_text, Description=_is_text,
    Documentation=_is_text, RequiredFeatures=_is_text, Prerequisites=_is_text,
))  # fmt: skip
_SUMMARY_MEMBERS = _requires("meta", _members(meta=_is_map, Counts=_is_map, Warnings=_is_text_list))
_BLOB = _requires("Path", _members(Path=_is_text, Size=_is_int))
_TOKEN = _requires("Token", _members(Token=_is_text, Info=_is_map))
_INFO = _members(
    version=_is_text, id=_is_text, arch=_is_text, os=_is_text, address=_is_text, features=_is_text_list,
    scopes=_is_map, stats=_is_object_list, api_port=_is_int, file_port=_is_int,
    prov_enabled=_is_bool, tftp_enabled=_is_bool, dhcp_enabled=_is_bool, bin_enabled=_is_bool,
)  # fmt: skip
_ACTION = _requires("Command", _members(
    Provider=_is_text, Model=_is_text, Command=_is_text,
    RequiredParams=_is_text_list, OptionalParams=_is_text_list,
))  # fmt: skip
_JOB_ACTION = _requires("Name", _members(Name=_is_text, Path=_is_text, Content=_is_text, Meta=_is_text_map))
_POOL_RESULT = _members(Name=_is_text, Uuid=_is_text, Allocated=_is_bool, Status=_is_text)


def _summary(answer: Json) -> Fault:
    return _SUMMARY_MEMBERS(answer) or _META(answer["meta"])


_SECTIONS = _map_of(_map_of(_OBJECT, nullable=False), nullable=False)


def _pack(answer: Json) -> Fault:
    shape = _requires("sections", _requires("meta", _members(meta=_is_map, sections=_is_map)))
    return shape(answer) or _META(answer["meta"]) or _SECTIONS(answer["sections"])


_TOP: dict[str, Shape] = {
    "info": _INFO,
    "indexes": _map_of(_map_of(_OBJECT)),
    "prefs": _map_of(_text),
    "logs": _list_of(_OBJECT),
    "files": _list_of(_text),
    "isos": _list_of(_text),
    "pools-active": _list_of(_text),
    "contents": _list_of(_summary, nullable=False),  # the server's own layer is always there
}
_BELOW: dict[str, Shape] = {
    "files": _BLOB,
    "isos": _BLOB,
    "indexes": _map_of(_OBJECT),
    "contents": _pack,
}
_OF_OBJECT: dict[str, Shape] = {
    "params": _map_of(_anything),
    "pubkey": _text,
    "token": _TOKEN,
    "actions": _list_of(_ACTION),
    "plugin_actions": _list_of(_ACTION),
    "status": _map_of(_list_of(_POOL_RESULT)),
    **{
        f"{verb}Machines": _list_of(_POOL_RESULT)
        for verb in ("add", "remove", "allocate", "release")
    },
}  # fmt: skip


def _shape_of(method: str, parts: t.Sequence[str]) -> Shape | None:
    kind, depth = parts[0] if parts else "", len(parts)
    if kind in ("meta", "events", "system", "objects", "ws"):
        return _shape_of_special(method, parts)
    if kind in models.NOT_MODELS or kind == "pools-active":
        return _shape_of_service(method, parts)
    if depth == 1 and method == "GET":
        return _list_of(_of_kind(kind), nullable=False)
    if depth < 3 and kind not in models.MODELS:
        return None
    if depth == 1:
        # no job at all is an answer
        return _or_nothing(_of_kind(kind)) if kind == "jobs" else _of_kind(kind)
    if (kind, depth, method) == ("plugin_providers", 2, "POST"):
        return _OBJECT  # what was stored, and how long that is
    if depth == 2:
        return _or_nothing(_of_kind(kind)) if method == "DELETE" else _of_kind(kind)
    if depth == 3 and parts[2] in _ANSWERED_BY_OBJECT:
        return _or_nothing(_of_kind(kind))
    if depth == 3:
        return _JOB_ACTIONS if (kind, parts[2]) == ("jobs", "actions") else _OF_OBJECT.get(parts[2])
    if parts[2] in ("actions", "plugin_actions") and method == "GET":
        return _ACTION
    return None


_JOB_ACTIONS = _list_of(_JOB_ACTION)
_ANSWERED_BY_OBJECT = ("start", "cleanup", "restart", "acknowledge")


def _shape_of_special(method: str, parts: t.Sequence[str]) -> Shape | None:
    if parts[0] == "meta":
        return _map_of(_text)
    if tuple(parts) == ("system", "upgrade", "status"):
        return _of_kind("profiles")
    if parts[0] == "system" and method == "GET":
        return _list_of(_ACTION) if len(parts) == 2 else _ACTION
    return None


def _shape_of_service(method: str, parts: t.Sequence[str]) -> Shape | None:
    kind, depth = parts[0], len(parts)
    if method == "DELETE":
        return None
    if kind == "contents" and method in ("POST", "PUT"):
        return _summary
    if depth == 1:
        return _TOP.get(kind)
    return _OBJECT if (kind, depth) == ("indexes", 3) else _BELOW.get(kind)


def _of_kind(kind: str) -> Shape:
    return lambda item: object_fault(kind, item)


def _or_nothing(shape: Shape) -> Shape:
    return lambda answer: "" if answer is None else shape(answer)
