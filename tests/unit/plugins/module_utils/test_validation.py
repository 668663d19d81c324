# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An argument that cannot be what its option wants is told by the name of the option."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.digitalrebar.provision.plugins.module_utils.validation import (
    misfit,
    negative,
    telling_error,
)
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.modules import load_module, module_names

_NOT_OBJECTS: tuple[t.Any, ...] = ("text", "[{'a': 1}]", 7, True, 1.5, [["list"]], [7], ["text"], b"x")


def _complaint(spec: dict[str, t.Any], arguments: dict[str, t.Any]) -> str:
    """What a user is told, by the two functions in turn."""
    wrong = misfit(spec, arguments)
    if wrong:
        return wrong
    errors = ArgumentSpecValidator(spec).validate(arguments).errors
    return str(telling_error(errors).msg) if errors else ""


@pytest.mark.parametrize("name", sorted(module_names()))
def test_options_with_options_of_their_own(name: str) -> None:
    spec = load_module(name).SPEC["argument_spec"]
    for option in (option for option, form in spec.items() if form.get("options")):
        for value in _NOT_OBJECTS:
            assert option in _complaint({option: spec[option]}, {option: value}), (option, value)


def test_there_is_something_to_find() -> None:
    """Else the test above tests nothing: Ansible alone names no option, or ends in an exception."""
    spec = load_module("drp_object").SPEC["argument_spec"]
    assert "resources" not in ArgumentSpecValidator(spec).validate({"resources": "text"}).errors.msg
    spec = load_module("drp_prefs").SPEC["argument_spec"]
    (option,) = [name for name, form in spec.items() if form.get("options")]
    with pytest.raises(TypeError):
        ArgumentSpecValidator(spec).validate({option: 7})


def test_what_fits_is_left_to_ansible() -> None:
    spec = load_module("drp_object").SPEC["argument_spec"]
    for resources in (None, [], [{"kind": "machines"}], '{"kind": "machines"}', ['{"kind": "machines"}']):
        assert misfit(spec, {"resources": resources}) == ""


def numbers(spec: dict[str, t.Any]) -> t.Iterator[tuple[str, ...]]:
    """The path of each option that is a number."""
    for name, form in spec.items():
        if form.get("type") in ("int", "float"):
            yield (name,)
        for rest in numbers(form.get("options") or {}):
            yield (name, *rest)


def holding(spec: dict[str, t.Any], path: tuple[str, ...], value: t.Any) -> dict[str, t.Any]:
    """Options in which ``value`` is at ``path``."""
    name, *rest = path
    if not rest:
        return {name: value}
    inner = holding(spec[name]["options"], tuple(rest), value)
    return {name: [{}, inner] if spec[name]["type"] == "list" else inner}


@pytest.mark.parametrize("name", sorted(module_names()))
def test_no_number_is_negative(name: str) -> None:
    spec = load_module(name).SPEC["argument_spec"]
    assert list(numbers(spec)), "each has a timeout"
    for path in numbers(spec):
        for value in (-1, -0.5, float("-inf")):
            told = negative(spec, holding(spec, path, value))
            assert told.endswith("must not be negative")
            assert path[0] in told
            assert path[-1] in told
        for value in (None, 0, 0.0, 1, 2.5):
            assert negative(spec, holding(spec, path, value)) == ""


def test_numbers_within_options_are_found() -> None:
    paths = {path for name in module_names() for path in numbers(load_module(name).SPEC["argument_spec"])}
    assert {("select", "limit"), ("prefs", "knownTokenTimeout"), ("log_lines",)} <= paths
