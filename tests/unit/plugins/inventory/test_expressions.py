# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple expressions as functions: what they give, and that Jinja gives the same."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.reserved import get_reserved_names
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.expressions import (
    Compiler,
    NeedsJinja,
    Undefined,
)

MACHINE = {
    "Name": "web-1",
    "Stage": "none",
    "Arch": "amd64",
    "Runnable": True,
    "Available": False,
    "CurrentTask": -1,
    "Address": "",
    "Profiles": ["web", "eu"],
    "Meta": {"rack": "r1", "a.b": "dotted"},
    "Description": "{{ 1 + 1 }}",
    "Nothing": None,
}
VARIABLES = {
    "drp": MACHINE,
    "drp_params": {
        "rack/name": "r1",
        "number": 25,
        "ratio": 0.5,
        "zero": 0,
        "flag": False,
        "list": ["a", 1, None, "{{ x }}"],
        "map": {"inner": {"deep": "x"}, "items": "hidden", "": "empty"},
        "keys": "shadowed",
    },
    "ansible_host": "192.0.2.1",
}
TEMPLAR = Templar(loader=DataLoader(), variables=VARIABLES)
COMPILER = Compiler(reserved=get_reserved_names())
FAILED = "failed"


def jinja(expression: str) -> t.Any:
    try:
        return TEMPLAR.evaluate_expression(trust_as_template(expression))
    except AnsibleError:
        return FAILED


def fast(expression: str) -> t.Any:
    evaluate = COMPILER.compile(expression)
    if evaluate is None:
        raise NeedsJinja
    try:
        return evaluate(VARIABLES)
    except Undefined:
        return FAILED


def same(one: t.Any, other: t.Any) -> bool:
    """Equal, and of one kind: 1, 1.0 and true are three things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    kinds = (bool, int, float, str, type(None))
    return bool(one == other) and [isinstance(one, kind) for kind in kinds] == [
        isinstance(other, kind) for kind in kinds
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("drp.Stage", "none"),
        ("drp['Stage']", "none"),
        (" drp.Stage ", "none"),
        ("drp.Meta['a.b']", "dotted"),
        ("drp_params['rack/name']", "r1"),
        ("drp_params.map.inner.deep", "x"),
        ("drp.Profiles[0]", "web"),
        ("drp.Profiles[1]", "eu"),
        ("drp.Profiles[7]", FAILED),
        ("drp.Profiles", ["web", "eu"]),
        ("drp.Description", "{{ 1 + 1 }}"),
        ("drp.Missing", FAILED),
        ("drp.Missing.More", FAILED),
        ("missing", FAILED),
        ("drp.Stage.More", FAILED),
        ("drp.Stage == 'none'", True),
        ("drp.Stage != 'none'", False),
        ("drp.CurrentTask < 0", True),
        ("drp_params.ratio >= 0.5", True),
        ("'web' in drp.Profiles", True),
        ("'db' not in drp.Profiles", True),
        ("'eb-' in drp.Name", True),
        ("'rack' in drp.Meta", True),
        ("drp.Stage in ['none', 'x']", True),
        ("drp.Stage in ('x', 'y')", False),
        ("drp.Runnable and drp.Stage == 'none'", True),
        ("drp.Available or drp.Runnable", True),
        ("not drp.Available", True),
        ("drp.Missing or true", FAILED),
        ("true or drp.Missing", True),
        ("drp.Missing | default('x')", "x"),
        ("drp.Missing.More | default('x')", "x"),
        ("drp.Address | default('x')", ""),
        ("drp.Address | default('x', true)", "x"),
        ("drp.Nothing | d('x')", None),
        ("drp.Missing is defined", False),
        ("drp.Missing is not defined", True),
        ("drp.Nothing is defined", True),
        ("drp.Missing is undefined", True),
        ("'root' if drp.Arch == 'amd64' else 'admin'", "root"),
        ("'text'", "text"),
        ("12", 12),
        ("-1.5", -1.5),
        ("drp.CurrentTask == -1", True),
        ("none", None),
    ],
)
def test_values(expression: str, value: t.Any) -> None:
    assert same(fast(expression), value)
    assert same(jinja(expression), value)


@pytest.mark.parametrize(
    "expression",
    [
        "drp.Name | upper",
        "drp.Name.split('-')",
        "drp.Name ~ 'x'",
        "drp.CurrentTask + 1",
        "drp_params.map.items",
        "drp_params['keys']",
        "drp_params.__class__",
        "drp[drp.Name]",
        "drp.Profiles[0:1]",
        "drp.Missing | default(drp.Name)",
        "(drp.Missing == 'x') | default('y')",
        "1 < 2 < 3",
        "drp.Stage is string",
        "'x' if drp.Runnable",
        "['a']",
        "{'a': 1}",
        "lookup('env', 'HOME')",
        "now()",
        "range",
        "omit",
        "'{{ x }}'",
        "'a\\nb'",
        "drp.",
        "",
        "drp.Name drp.Stage",
        "{{ drp.Name }}",
        None,
        True,
        7,
    ],
)
def test_left_to_jinja(expression: t.Any) -> None:
    assert COMPILER.compile(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "drp.Profiles == ['web', 'eu']",
        "drp.Profiles == drp.Meta",
        "drp.Stage < 1",
        "drp.Nothing < 1",
        "drp.Meta in drp.Profiles",
        "1 in drp.Name",
        "'x' in drp.CurrentTask",
        "drp.Name[0]",
        "drp.Profiles == drp.Profiles",
    ],
)
def test_left_to_jinja_when_it_comes_to_it(expression: str) -> None:
    with pytest.raises(NeedsJinja):
        fast(expression)


def test_values_that_may_be_templates() -> None:
    evaluate = Compiler(possible_templates={"made"}).compile("made")
    assert evaluate is not None
    assert evaluate({"made": "text"}) == "text"
    for value in ("{{ x }}", ["text"], {"a": 1}):
        with pytest.raises(NeedsJinja):
            evaluate({"made": value})


# -- any expression gives what Jinja gives


def some(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def filled(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda texts: form.format(*texts))


TEXT = some("'none'", "'web'", "'r1'", "''", "'eu'", "'rack'")
NUMBER = some("0", "1", "25", "0.5", "-1", "true", "false")
LITERAL = st.one_of(TEXT, NUMBER, some("none"))
TEXT_AT = some(
    "drp.Stage", "drp['Name']", "drp.Meta.rack", "drp.Profiles[0]", "drp_params['rack/name']", "drp.Address"
)
NUMBER_AT = some(
    "drp.CurrentTask", "drp_params.number", "drp_params['ratio']", "drp_params.zero", "drp.Runnable"
)
NOTHING_AT = some(
    "drp.Missing", "drp.Missing.More", "missing", "drp.Profiles[5]", "drp.Stage.x", "drp_params['none']"
)
MORE_AT = some(
    "drp.Profiles", "drp.Meta", "drp.Nothing", "drp_params.map.inner", "drp_params.list", "drp_params['']"
)
AT = st.one_of(TEXT_AT, NUMBER_AT, NOTHING_AT, MORE_AT)
DEFAULTED = st.one_of(
    filled("({} | default({}))", AT, LITERAL), filled("({} | default({}, true))", AT, LITERAL)
)
ORDER = some("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = st.one_of(
    filled("({} {} {})", TEXT_AT, ORDER, st.one_of(TEXT, TEXT_AT)),
    filled("({} {} {})", NUMBER_AT, ORDER, st.one_of(NUMBER, NUMBER_AT)),
    filled("({} {} {})", AT, some("==", "!="), LITERAL),
    filled("({} {} {})", TEXT, some("in", "not in"), AT),
    filled("({} in [{}, {}])", AT, LITERAL, LITERAL),
    filled("({} is {})", AT, some("defined", "undefined", "not defined")),
)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        filled("({} {} {})", inner, some("and", "or"), inner),
        filled("({} {} {})", inner, ORDER, inner),
        filled("(not {})", inner),
        filled("({} if {} else {})", inner, inner, inner),
        # on anything but a look-up these are left to Jinja
        filled("({} {})", inner, some("is defined", "| default('x')")),
    )


EXPRESSIONS = st.recursive(st.one_of(AT, LITERAL, DEFAULTED, CONDITIONS, CONDITIONS), combined, max_leaves=4)


@settings(max_examples=700)
@given(EXPRESSIONS)
def test_jinja_gives_the_same(expression: str) -> None:
    try:
        value = fast(expression)
    except NeedsJinja:
        return
    assert same(value, jinja(expression))


@settings(max_examples=300)
@given(EXPRESSIONS)
def test_jinja_finds_the_same_conditions(expression: str) -> None:
    try:
        value = fast(expression)
    except NeedsJinja:
        return
    if isinstance(value, bool):
        assert TEMPLAR.evaluate_conditional(trust_as_template(expression)) is value
