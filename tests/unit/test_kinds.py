# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about kinds: every member has a meaning, and an example of its type."""

from __future__ import annotations

import importlib
import json
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))

import kind_docs  # noqa: E402
import kinds_page  # noqa: E402

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models  # noqa: E402
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (  # noqa: E402
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed.fit import (  # noqa: E402
    Fitter,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed.structs import (  # noqa: E402
    STRUCTS,
    type_of,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources import (  # noqa: E402
    kind_options,
)

MODULES = "ansible_collections.digitalrebar.provision.plugins.modules"
MEMBERS = [(kind, name) for kind, model in sorted(models.MODELS.items()) for name in model.fields]
IN_STRUCTS = [(struct, name) for struct, members in STRUCTS.items() for name in members]


def fits(form: str, value: t.Any) -> bool:
    """Whether a value is of a type already: nothing has to be converted, and nothing is unknown."""
    fitter = Fitter("example")
    try:
        return bool(fitter.fit(form, value, "example") == value) and not fitter.dropped
    except UsageError:
        return False


@pytest.mark.parametrize("kind", models.MODELS)
def test_every_kind_is_explained(kind: str) -> None:
    said = kind_docs.meanings()["kinds"][kind]
    assert said["title"]
    assert said["about"].endswith(".")


def test_every_member_of_a_kind_has_a_meaning_and_an_example() -> None:
    wrong = []
    for kind, name in MEMBERS:
        said = kind_docs.meaning(kind, name)
        if not said.text.endswith(".") or not fits(type_of(kind, name), said.example):
            wrong.append((kind, name, said))
    assert wrong == []


def test_every_member_of_a_struct_has_a_meaning_and_an_example() -> None:
    wrong = []
    for struct, name in IN_STRUCTS:
        said = kind_docs.struct_meaning(struct, name)
        if not said.text.endswith(".") or not fits(STRUCTS[struct][name], said.example):
            wrong.append((struct, name, said))
    assert wrong == []


def test_an_example_of_another_type_is_found() -> None:
    assert fits("list:str", ["a"])
    assert not fits("list:str", "a")
    assert not fits("int", "1")
    assert not fits("list:TemplateInfo", [{"Nmae": "a"}])


def test_the_page_has_every_member() -> None:
    page = (ROOT / "docs/kinds.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in page.split("\n### ")[1:])
    for kind, name in MEMBERS:
        if name != "Meta" and name not in kinds_page.COMMON:
            assert f"| `{name}`" in sections[kind], (kind, name)
    for name in ("Meta", *models.COMPUTED, *models.COMPUTED_V4):
        assert f"| `{name}`" in page.partition("## The kinds")[0]


@pytest.mark.parametrize(
    ("member", "option"),
    [
        ("Name", "name"),
        ("ID", "id"),
        ("BootEnv", "bootenv"),
        ("BootParams", "boot_params"),
        ("RequiredParams", "required_params"),
        ("OS", "os"),
        ("DRPVersion", "drp_version"),
        ("SkipDAD", "skip_dad"),
        ("IsoSha256", "iso_sha256"),
        ("scope", "scope"),
    ],
)
def test_names_of_options(member: str, option: str) -> None:
    assert kind_options.option_name(member) == option


KINDS = {name: kind for kind, name in kind_docs.module_kinds().items()}


def test_there_are_modules_for_everyday_kinds() -> None:
    assert set(KINDS.values()) == {
        *("params", "plugins", "profiles", "roles", "stages", "tasks", "templates", "tenants", "workflows")
    }


@pytest.mark.parametrize("module", KINDS)
def test_every_member_that_can_be_set_has_an_option(module: str) -> None:
    kind = KINDS[module]
    spec = importlib.import_module(f"{MODULES}.{module}").SPEC["argument_spec"]
    settable = [name for name in models.get(kind).fields if name not in kind_options.SET_BY_SERVER]
    assert {kind_options.option_name(name) for name in settable} <= set(spec)
    assert ("purge_params" in spec) == models.get(kind).has_params
    json.dumps(spec)


def test_options_become_members() -> None:
    templates = [{"name": "run", "contents": "x", "path": None, "id": None, "meta": {"OS": "linux"}}]
    options = {"name": "say", "templates": templates, "required_params": [], "meta": None}
    assert kind_options.spec_from("tasks", options) == {
        "Name": "say",
        "RequiredParams": [],
        "Templates": [{"Name": "run", "Contents": "x", "Meta": {"OS": "linux"}}],
    }
    # data of the user stay as they are
    params = {"SomeName": {"name": None}}
    assert kind_options.spec_from("profiles", {"name": "a", "params": params})["Params"] == params
