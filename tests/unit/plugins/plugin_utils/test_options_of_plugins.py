# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plugin that is no module makes of its options before Ansible converts them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.plugin_utils import compat
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.strict_options import (
    refuse_unknown,
    with_strict_flags,
)
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.templated_options import (
    render_options,
    render_variables,
)

TYPES = dict.fromkeys(("endpoint", "username", "password", "key", "token"), "str")
TYPES |= {"ca_path": "path", "validate_certs": "bool", "request_timeout": "float"}
DEFINITIONS: dict[str, dict[str, t.Any]] = {
    "_terms": {"type": "list"},
    "plugin": {"type": "str"},
    "filters": {"type": "dict", "aliases": ["where"]},
}
DEFINITIONS.update({name: {"type": kind, "vars": [{"name": f"drp_{name}"}]} for name, kind in TYPES.items()})


# ---- names ----------------------------------------------------------------------------------------------


def test_known_names() -> None:
    refuse_unknown(["plugin", "filters", "where", "validate_certs"], DEFINITIONS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("filter", "unknown option filter. Did you mean filters?"),
        ("validate_cert", "unknown option validate_cert. Did you mean validate_certs?"),
        ("zzz", "unknown option zzz. Known: ca_path, endpoint, filters, key, "),
        ("_terms", "unknown option _terms. "),
    ],
)
def test_unknown_names(name: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unknown(["plugin", name], DEFINITIONS)
    assert caught.value.messages[0].startswith(told)


# ---- flags ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", [True, "true", "True", " yes ", "on", "1", 1, 1.0, "y"])
def test_true(yes: t.Any) -> None:
    assert with_strict_flags({"validate_certs": yes}, DEFINITIONS) == {"validate_certs": True}


@pytest.mark.parametrize("no", [False, "false", "No", "off", "0", 0, "n"])
def test_false(no: t.Any) -> None:
    assert with_strict_flags({"validate_certs": no}, DEFINITIONS) == {"validate_certs": False}


@pytest.mark.parametrize(
    "odd", ["ture", "", "2", 2, -1, [], [True], {}, {"a": 1}, "{{ x }}", "none", "x" * 99]
)
def test_neither(odd: t.Any) -> None:
    """Ansible takes each of these for false, which would turn the verification of certificates off."""
    with pytest.raises(UsageError, match="validate_certs: ['\"].{0,81} is neither true nor false") as caught:
        with_strict_flags({"validate_certs": odd}, DEFINITIONS)
    assert len(caught.value.messages[0]) < 140


def test_what_is_not_set_and_what_is_no_flag() -> None:
    given = {"validate_certs": None, "endpoint": "ture", "other": "ture"}
    assert with_strict_flags(given, DEFINITIONS) == given


# ---- templates in variables -----------------------------------------------------------------------------


VALUES = {"{{ url }}": "https://drp:8092", "{{ no }}": False, "{{ text }}": "ture", "{{ five }}": 5}


def template(value: t.Any) -> t.Any:
    if value == "{{ nix }}":
        raise ValueError("no such variable: hunter2")
    if value == "{{ omit }}":
        raise compat.ValueOmittedError
    return VALUES.get(value, value)


def read(direct: dict[str, t.Any] | None = None, **variables: t.Any) -> dict[str, t.Any]:
    """The variables that Ansible then sees."""
    found = render_variables(variables, direct or {}, DEFINITIONS, template)
    assert found is not None
    return {name: found.get(name) for name in found}


def test_each_option_is_evaluated_whatever_its_type() -> None:
    variables = {
        "drp_endpoint": "{{ url }}",
        "drp_ca_path": "{{ five }}",
        "drp_validate_certs": "{{ no }}",
        "drp_request_timeout": "{{ five }}",
    }
    assert read(**variables, other="{{ url }}") == {
        "drp_endpoint": "https://drp:8092",
        "drp_ca_path": "5",
        "drp_validate_certs": False,
        "drp_request_timeout": 5,
        "other": "{{ url }}",
    }
    assert variables["drp_endpoint"] == "{{ url }}", "the variables of the play stay as they are"


def test_omit_and_none_are_not_set() -> None:
    assert read(drp_endpoint="{{ omit }}", drp_ca_path=None) == {"drp_endpoint": None, "drp_ca_path": None}


@pytest.mark.parametrize("value", ["{{ text }}", "ture", "{{ url }}", "{{ five }}"])
def test_a_variable_that_is_no_flag(value: str) -> None:
    with pytest.raises(UsageError, match="validate_certs: .* is neither true nor false"):
        read(drp_validate_certs=value)


def test_what_the_call_gives_itself_is_not_evaluated_in_variables() -> None:
    found = read(
        {"validate_certs": True, "token": "abc"}, drp_validate_certs="{{ nix }}", drp_key="{{ nix }}"
    )
    assert found == {"drp_validate_certs": "{{ nix }}", "drp_key": "{{ nix }}"}
    with pytest.raises(UsageError, match="validate_certs: the template cannot be evaluated"):
        read({"validate_certs": None}, drp_validate_certs="{{ nix }}")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("endpoint", "endpoint: the template cannot be evaluated: no such variable: hunter2"),
        ("validate_certs", "validate_certs: the template cannot be evaluated: no such variable: hunter2"),
        ("password", "password: the template cannot be evaluated"),
        ("key", "key: the template cannot be evaluated"),
        ("token", "token: the template cannot be evaluated"),
    ],
)
def test_a_template_that_fails_names_its_option_and_no_secret(option: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**{f"drp_{option}": "{{ nix }}"})
    assert caught.value.messages == [told]
    with pytest.raises(UsageError) as caught:
        render_options({option: "{{ nix }}"}, template)
    assert caught.value.messages == [told]


def test_no_variables() -> None:
    assert render_variables(None, {}, DEFINITIONS, template) is None
    untouched = {"other": 1}
    assert render_variables(untouched, {}, DEFINITIONS, template) is untouched
