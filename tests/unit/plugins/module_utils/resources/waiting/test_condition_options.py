# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of conditions: taken and converted as Ansible does, which checks them for drp_wait alone."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting import (
    condition_options,
)

CONDITION_SPEC, typed_entries = condition_options.CONDITION_SPEC, condition_options.typed_entries
SPEC = {"until": {"type": "list", "elements": "dict", "options": CONDITION_SPEC}}
VALUES: list[t.Any] = [
    *(True, False, 0, 1, 2, 1.0, 0.5, -1, "", "yes", " On ", "TRUE", "f", "1.0", "perhaps", "a,b", "1"),
    *([], ["a"], [1, True, None], ["a,b"], {}, {"a": [1]}, None, "é"),
]


def by_ansible(entry: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """The entry as Ansible would have it; None when it refuses it."""
    result = ArgumentSpecValidator(SPEC).validate({"until": [copy.deepcopy(entry)]})
    if result.error_messages:
        return None
    (taken,) = result.validated_parameters["until"]
    return {name: value for name, value in taken.items() if value is not None}


def by_us(entry: dict[str, t.Any]) -> dict[str, t.Any] | None:
    try:
        (taken,) = typed_entries("until", [copy.deepcopy(entry)]) or []
    except UsageError:
        return None
    return dict(taken)


def is_no_text(name: str, value: t.Any) -> bool:
    """Ansible writes out lists and dictionaries where it wants text, with which nothing compares."""
    values = value if isinstance(value, list) and CONDITION_SPEC[name]["type"] == "list" else [value]
    wants_text = "str" in (CONDITION_SPEC[name]["type"], CONDITION_SPEC[name].get("elements"))
    return wants_text and any(one is None or isinstance(one, (list, dict)) for one in values)


@pytest.mark.parametrize("name", CONDITION_SPEC)
def test_values_are_those_that_ansible_takes(name: str) -> None:
    for value in VALUES:
        if value is not None and is_no_text(name, value):
            assert by_us({name: value}) is None
        else:
            assert repr(by_us({name: value})) == repr(by_ansible({name: value})), value


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"patth": "x"}, "until, number 2: there is no condition patth. Did you mean path? There are "),
        ({1: "x", "stge": "y"}, "until, number 2: there is no condition 1, stge. There are "),
        ({"runnable": "perhaps"}, "until, number 2: runnable must be true or false, not 'perhaps'"),
        ({"in": {"a": 1}}, "until, number 2: in must be a list, not {'a': 1}"),
        ({"stage": ["a"]}, "until, number 2: stage must be text, not ['a']"),
        ({"job_state": [["a"]]}, "until, number 2: job_state must be text, not ['a']"),
    ],
)
def test_what_is_no_condition(entry: dict[str, t.Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed_entries("until", [{"stage": "x"}, entry])
    assert str(caught.value).startswith("CLIENT_ERROR: " + message)


def test_what_is_not_given_stays_so() -> None:
    assert typed_entries("until", None) is None
    assert typed_entries("fail_when", []) == []
