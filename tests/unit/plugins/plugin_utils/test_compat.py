# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between releases of ansible-core, on whichever runs the tests."""

from __future__ import annotations

import re
import types
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("ansible.plugins.inventory", reason="targets have no controller")

from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible.template import Templar

from ansible_collections.digitalrebar.provision.plugins.plugin_utils import compat
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.modules import module_of_task

OLD = compat.CORE < (2, 19)


def templar(**variables: t.Any) -> t.Any:
    return Templar(loader=None, variables=variables)


def test_this_release_is_supported() -> None:
    assert len(compat.CORE) == 2
    assert compat.CORE >= compat.OLDEST
    assert compat.too_old() == ""


def test_meta_names_the_same_release() -> None:
    root = Path(compat.__file__).parents[2]
    told = re.search(r"requires_ansible: '>=(\d+)\.(\d+)\.0'", (root / "meta/runtime.yml").read_text())
    assert told is not None
    assert tuple(map(int, told.groups())) == compat.OLDEST


def test_an_older_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "CORE", (2, 15))
    monkeypatch.setattr(compat, "__version__", "2.15.13")
    assert compat.too_old() == "digitalrebar.provision needs ansible-core 2.16 or newer, and this is 2.15.13"


def test_a_newer_release_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "CORE", (3, 0))
    assert compat.too_old() == ""


# -- texts of the server

TEMPLATES = ["{{ 6 * 7 }}", "a {% if x %}", "{# x #}", "{{"]
PLAIN = ["", "plain", "{ {", "}}", "{'a': 1}", "ä{", "%}"]


@pytest.mark.parametrize("text", TEMPLATES)
def test_no_text_of_the_server_is_a_template(text: str) -> None:
    value = {"a": [text, {text: text}], "b": 1, text: None}
    data = compat.as_data(value)
    assert data == value
    for inner in (data["a"][0], data["a"][1][text], [*data][2], next(iter(data["a"][1]))):
        assert templar().template(inner) == text
        assert hasattr(inner, "__UNSAFE__") is OLD


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_is_not_marked(text: str) -> None:
    value = {"a": [text], text: {"b": (text, 1)}}
    assert compat.as_data(value) is value


@pytest.mark.skipif(not OLD, reason="nothing is marked")
def test_a_mark_that_is_not_needed_goes() -> None:
    from ansible.utils.unsafe_proxy import AnsibleUnsafeText

    assert type(compat.as_data([AnsibleUnsafeText("plain")])[0]) is str
    assert type(compat.as_data([AnsibleUnsafeText("{{ x }}")])[0]) is AnsibleUnsafeText


# -- omit, expressions, conditions


def test_omit() -> None:
    with pytest.raises(compat.ValueOmittedError):
        compat.template(templar(x=1), _trusted("{{ y | default(omit) }}"))
    assert compat.template(templar(x="1"), _trusted("{{ x | default(omit) }}")) == "1"
    nested = {"a": _trusted("{{ omit }}"), "b": ["x", _trusted("{{ y | default(omit) }}")]}
    assert compat.template(templar(), nested) == {"b": ["x"]}


@pytest.mark.parametrize("text", ["True", "['a']", "{'a': 1}", "42", "plain"])
def test_a_text_stays_a_text(text: str) -> None:
    assert compat.template_text(templar(x=text), _trusted("{{ x }}")) == text


class Plugin(BaseInventoryPlugin, Constructable):
    NAME = "plugin"

    def __init__(self, **variables: t.Any) -> None:
        super().__init__()
        self.templar, self._vars = templar(), variables

    def get_option(self, option: str, hostvars: t.Any = None) -> t.Any:
        return option == "use_extra_vars"


VALUES = [1, 1.5, True, None, "", "True", "42", "[1]", "{'a': 1}", "ä", [1, "2"], {"a": [None, {"b": "{"}]}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_expressions_keep_types(value: t.Any) -> None:
    found = compat.evaluate_expression(Plugin(), _trusted("x['y'] | default('')"), {"x": {"y": value}})
    assert (found, type(found)) == (value, type(value))


def test_extra_variables_win_in_expressions() -> None:
    assert compat.evaluate_expression(Plugin(x=2), _trusted("x"), {"x": 1}) == 2


def test_an_undefined_expression_is_an_error() -> None:
    with pytest.raises(Exception, match="undefined|no attribute"):
        compat.evaluate_expression(Plugin(), _trusted("x.y"), {"x": {}})


@pytest.mark.parametrize(
    ("condition", "holds"), [("x > 1", True), ("x > 2", False), ("x is undefined", False)]
)
def test_conditions(condition: str, holds: bool) -> None:
    assert compat.evaluate_conditional(templar(x=2), _trusted(condition)) is holds


def _trusted(text: str) -> str:
    """A text of a user's file, which later releases mark."""
    if OLD:
        return text
    from ansible.template import trust_as_template

    return t.cast(str, trust_as_template(text))


# -- which module a task means


class Loader:
    def __init__(self, resolved: str | None) -> None:
        self.resolved = resolved

    def find_plugin_with_context(self, name: str, collection_list: t.Any = None) -> t.Any:
        return types.SimpleNamespace(resolved=self.resolved is not None, resolved_fqcn=self.resolved)


OURS = "digitalrebar.provision.drp_info"


@pytest.mark.parametrize(
    ("action", "resolved"),
    [(OURS, None), (OURS, "digitalrebar.provision.drp_object"), ("drp_info", OURS), ("a.b.c", OURS)],
)
def test_the_module_of_a_task(action: str, resolved: str | None) -> None:
    task = types.SimpleNamespace(action=action, collections=[])
    assert module_of_task(task, Loader(resolved), {"drp_info", "drp_object"}) == "drp_info"


@pytest.mark.parametrize(
    ("action", "resolved"),
    [
        ("digitalrebar.provision.drp_none", None),
        ("a.b.drp_info", "a.b.drp_info"),
        ("drp_info", "ansible.legacy.drp_info"),
        ("drp_info", None),
        ("x", "digitalrebar.provision.drp_none"),
    ],
)
def test_a_task_of_none_of_the_modules(action: str, resolved: str | None) -> None:
    task = types.SimpleNamespace(action=action, collections=[])
    with pytest.raises(LookupError, match=f"{action} is no module of digitalrebar.provision"):
        module_of_task(task, Loader(resolved), {"drp_info"})


def test_a_failure_of_an_action() -> None:
    result = compat.action_failure("no {{ x }}").result
    assert templar().template(result["msg"]) == "no {{ x }}"
    assert result["failed"] is True
    assert not OLD or "exception" not in result
