# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options given as text (``-e agent_verify=false``) mean what they say in roles and playbooks."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from checkout import ROOT

SPECS = yaml.safe_load((ROOT / "roles/agent/meta/argument_specs.yml").read_text())["argument_specs"]
FILES = [
    path
    for folder in ("roles/agent/tasks", "roles/agent/handlers", "roles/agent/vars", "roles/agent/templates")
    for path in sorted((ROOT / folder).iterdir())
] + [path for path in sorted((ROOT / "playbooks").rglob("*.yml")) if "files" not in path.parts]


def role_options(kind: str) -> set[str]:
    return {
        name
        for spec in SPECS.values()
        for name, option in spec["options"].items()
        if option.get("type") == kind
    }


def playbook_variables(kind: type) -> set[str]:
    """Variables of the plays in ``playbooks`` whose default is of this type."""
    found: set[str] = set()
    for path in (ROOT / "playbooks").glob("*.yml"):
        for play in yaml.safe_load(path.read_text()):
            found |= {name for name, value in play.get("vars", {}).items() if type(value) is kind}
    return found


def uses(path: Path, name: str) -> t.Iterator[tuple[int, str]]:
    """Lines that use the variable, with what follows its name."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = re.sub(r"^(\s*- |\s*)" + name + r":.*|#.*", "", line)
        for found in re.finditer(rf"(?<![\w.]){name}\b", text):
            yield number, text[found.end() :]


def test_there_are_options_to_look_at() -> None:
    assert len(role_options("bool")) >= 8
    assert len(playbook_variables(bool)) >= 3


@pytest.mark.parametrize("name", sorted(role_options("bool") | playbook_variables(bool)))
def test_a_boolean_is_read_as_one(name: str) -> None:
    """The text "false" is true for Jinja, and no condition for Ansible."""
    raw = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, rest in uses(path, name)
        if not re.match(r"\s*\|\s*bool\b", rest)
    ]
    assert raw == []


@pytest.mark.parametrize("name", sorted(role_options("int")))
def test_a_number_is_calculated_with_as_one(name: str) -> None:
    raw = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, rest in uses(path, name)
        if re.match(r"\s*[-+*/<>]", rest)
    ]
    assert raw == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_condition_is_a_text(path: Path) -> None:
    """Ansible 2.19 and later refuse a condition that gives a text, such as ``when: agent_token or x``."""
    texts = role_options("str") | playbook_variables(str)
    for condition in conditions_in(yaml.safe_load(path.read_text()) if path.suffix == ".yml" else None):
        if condition.endswith(" is truthy"):
            continue
        # of `a or b` and `a and b` any side may be the result
        for part in re.split(r"\b(?:or|and)\b", condition.strip("()")):
            assert part.strip().strip("()") not in texts, condition


def conditions_in(document: t.Any) -> t.Iterator[str]:
    if isinstance(document, list):
        for entry in document:
            yield from conditions_in(entry)
    elif isinstance(document, dict):
        for name, value in document.items():
            if name in ("when", "failed_when", "changed_when", "until", "that"):
                yield from (str(entry) for entry in (value if isinstance(value, list) else [value]))
            else:
                yield from conditions_in(value)
