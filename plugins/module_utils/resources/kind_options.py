# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The options of a module for the objects of one kind: the members of the table, in snake case.

``make format`` documents them in the modules, from ``client/typed/members.yml``.
"""

from __future__ import annotations

import re
import typing as t

from ..client import models
from ..client.typed.structs import STRUCTS, type_of
from ..converge.secure_params import UPDATE_SECURE

Spec = dict[str, dict[str, t.Any]]
Object = dict[str, t.Any]

SET_BY_SERVER = frozenset({*models.COMPUTED, *models.COMPUTED_V4, "PluginErrors"})
"""Members that have no option, because nobody but the server sets them."""
_LAST = ("Description", "Documentation", "Meta")
_OPTION_NAMES = {"BootEnv": "bootenv"}
_REQUIRED = {"TemplateInfo": frozenset({"Name"})}
"""Members without which the server takes no struct."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SCALARS = {"bool": "bool", "int": "int", "any": "dict"}
"""A member of any type is an object in the kinds that have modules, such as the Schema of a param."""


def kind_options(kind: str) -> Spec:
    """The options of the module for ``kind``, without those of the connection."""
    model = models.get(kind)
    options: Spec = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **{option_name(name): _option(kind, name) for name in option_members(kind)},
        "require_available": {"type": "bool", "default": True},
    }
    options[option_name(model.key)]["required"] = True
    if model.has_params:
        options["purge_params"] = {"type": "bool", "default": False}
        options["update_secure"] = {
            "type": "str",
            "choices": list(UPDATE_SECURE),
            "default": UPDATE_SECURE[0],
        }
    return options


def option_members(kind: str) -> list[str]:
    """The members that have an option, the key first."""
    model = models.get(kind)
    names = [name for name in model.fields if name not in (model.key, *_LAST, *SET_BY_SERVER)]
    return [model.key, *names, *(name for name in _LAST if name in model.fields)]


def option_name(member: str) -> str:
    """How the option for a member is called."""
    return _OPTION_NAMES.get(member) or _WORD.sub("_", member).lower()


def struct_of(form: str) -> str:
    """The struct that a type consists of, for which the option has suboptions; "" when there is none."""
    inner = form.removeprefix("list:")
    return inner if inner in STRUCTS else ""


def spec_from(kind: str, options: t.Mapping[str, t.Any]) -> Object:
    """The members that the options of the module for ``kind`` set; options that are None say nothing."""
    return {
        name: _value(type_of(kind, name), options[option_name(name)])
        for name in option_members(kind)
        if options.get(option_name(name)) is not None
    }


def _option(kind: str, member: str) -> dict[str, t.Any]:
    return _option_of(type_of(kind, member))


def _option_of(form: str) -> dict[str, t.Any]:
    outer, _colon, inner = form.partition(":")
    if outer == "map":
        return {"type": "dict"}
    if outer == "list":
        element = _option_of(inner)
        return {**element, "type": "list", "elements": element["type"]}
    if outer in STRUCTS:
        required = _REQUIRED.get(outer, frozenset())
        members = {
            option_name(name): {**_option_of(inner_form), **({"required": True} if name in required else {})}
            for name, inner_form in STRUCTS[outer].items()
        }
        return {"type": "dict", "options": members}
    return {"type": _SCALARS.get(outer, "str")}


def _value(form: str, value: t.Any) -> t.Any:
    """The value of an option as a member: suboptions become the members of a struct."""
    struct = struct_of(form)
    if not struct:
        return value
    if isinstance(value, list):
        return [_value(struct, item) for item in value]
    return {
        name: _value(inner, value[option_name(name)])
        for name, inner in STRUCTS[struct].items()
        if value.get(option_name(name)) is not None
    }
