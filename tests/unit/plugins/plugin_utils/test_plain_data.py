# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for what people write: the same as Ansible's own JSON makes of the arguments of a module."""

from __future__ import annotations

import collections
import datetime
import json
import math
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.plain_data import json_data, plain_data
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.templated_options import render_options

DATE = datetime.date(2027, 5, 24)
UTC = datetime.timezone.utc

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC, datetime.timezone(datetime.timedelta(hours=-5.5))])),
)


def has_one_name_each(members: dict[t.Any, t.Any]) -> bool:
    """Whether no value is lost because two names are one in JSON."""
    return len({name if isinstance(name, str) else json.dumps(name) for name in members}) == len(members)


names = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(names, inner, max_size=4).filter(has_one_name_each),
    ),
    max_leaves=12,
)


def module_encoder() -> type[json.JSONEncoder] | t.Any:
    """What this ansible-core writes the arguments of a module with."""
    try:
        from ansible.module_utils.common.json import Direction, get_module_encoder
    except ImportError:
        from ansible.parsing.ajson import AnsibleJSONEncoder

        return lambda **options: AnsibleJSONEncoder(vault_to_text=True, **options)
    return get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)


def as_a_module_sees(value: t.Any) -> t.Any:
    return json.loads(json.dumps({"x": value}, cls=module_encoder()))["x"]


def typed(value: t.Any) -> t.Any:
    """The value with its types, for comparisons: 1 is neither 1.0 nor true, and NaN is NaN."""
    if isinstance(value, dict):
        return [("map", name, typed(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return type(value), repr(value)


@given(values)
def test_the_same_as_through_json(value: t.Any) -> None:
    assert typed(plain_data(value)) == typed(as_a_module_sees(value))


@given(values)
def test_a_second_time_changes_nothing(value: t.Any) -> None:
    once = plain_data(value)
    assert typed(plain_data(once)) == typed(once)


class Text(str):
    """A text with notes of its own."""

    __slots__ = ()


class Vaulted(collections.UserString):
    """As Ansible has it before 2.19: no text, but something that becomes one."""

    __ENCRYPTED__ = True


class EncryptedString:
    """As Ansible has it from 2.19 on."""

    def __str__(self) -> str:
        return "clear"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({10: "mgmt", True: 1, None: 2, 1.5: 3}, {"10": "mgmt", "true": 1, "null": 2, "1.5": 3}),
        (DATE, "2027-05-24"),
        (datetime.datetime(2027, 5, 24, 1, 2, 3, tzinfo=UTC), "2027-05-24T01:02:03+00:00"),
        (datetime.time(1, 2), "01:02:00"),
        ((1, [2], {3}), [1, [2], [3]]),
        (frozenset(), []),
        (collections.OrderedDict([(Text("a"), Text("b"))]), {"a": "b"}),
        (collections.UserDict({1: DATE}), {"1": "2027-05-24"}),
        ([Vaulted("clear"), EncryptedString()], ["clear", "clear"]),
        ({Text("a"): [Vaulted("clear")]}, {"a": ["clear"]}),
        (10**30, 10**30),
    ],
)
def test_odd_types(value: t.Any, plain: t.Any) -> None:
    assert typed(plain_data(value)) == typed(plain)


def all_types(value: t.Any) -> set[type]:
    if isinstance(value, dict):
        return set().union({dict}, *map(all_types, value), *map(all_types, value.values()))
    if isinstance(value, list):
        return set().union({list}, *map(all_types, value))
    return {type(value)}


def test_only_pure_types_are_left() -> None:
    plain = plain_data({Text("a"): [Text("b"), Vaulted("c"), DATE, {Text("d")}]})
    assert all_types(plain) == {dict, list, str}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"b": [b"\x00"]}, "params.b[0]: binary data has no form in JSON"),
        ({"b": {DATE: 1}}, "params.b: datetime.date(2027, 5, 24) cannot be the name of a member in JSON"),
        ({"b": {1: "first", "1": "last"}}, "params.b.1: is given twice, by names that JSON does not tell"),
        ({"true": 1, True: 2}, "params.true: is given twice"),
        ({"b": object()}, "params.b: a value of type object has no form in JSON"),
        ({"b": math.nan}, "params.b: JSON has no number nan"),
        ([0, -math.inf], "params[1]: JSON has no number -inf"),
        ({"b": 10**400}, "params.b: the number has 1329 bits"),
        ({"b": ["\ud800"]}, "params.b[0]: the text holds half of a surrogate pair"),
        ({"\udfff": 1}, r"params, the name '\udfff': the text holds half of a surrogate pair"),
    ],
)
def test_what_has_no_form_is_named(value: t.Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        json_data(value, "params")
    assert message in str(refused.value)


def test_options_of_an_inventory_go_through_the_same_door() -> None:
    rendered = render_options({"filters": {DATE: 1}} | {"limit": 3}, lambda value: {10: {DATE}})
    assert rendered == {"filters": {"10": ["2027-05-24"]}, "limit": {"10": ["2027-05-24"]}}
    with pytest.raises(UsageError, match=r"filters\.a: JSON has no number nan"):
        render_options({"filters": {"a": math.nan}}, lambda value: value)
