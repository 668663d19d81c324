# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of kinds against a copy of the public facts about v4, which the embedded server serves too."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed import structs
from tests.checkout import ROOT

FACTS: dict[str, t.Any] = json.loads((ROOT / "tests/simulator/v4/kinds.json").read_text())
KINDS: dict[str, dict[str, t.Any]] = FACTS["kinds"]
COMMON = {"Validated", "Available", "Errors", "ReadOnly", "Meta", "Endpoint", "Bundle", *models.AUDIT}
RANKS = {
    "filters": 15, "blueprints": 41, "pipelines": 41, "trigger_providers": 43, "triggers": 44, "clusters": 80,
    "resource_brokers": 80, "work_orders": 86, "batches": 87,
}  # fmt: skip
FORMS = {
    "text": models.TEXT_TYPES, "time": {"time"}, "int": {"int"}, "bool": {"bool"}, "any": {"any"},
    "map": {"map"}, "texts": {"list"}, "PoolStatus": {"str"},
}  # fmt: skip


def words(facts: dict[str, t.Any], name: str) -> set[str]:
    return set(str(facts.get(name, "")).split())


def members(facts: dict[str, t.Any]) -> dict[str, str]:
    return {name: form for form, names in facts["members"].items() for name in names.split()}


def test_the_facts_have_every_kind_but_content_packs() -> None:
    assert len(KINDS) == 41  # content packs, the 42nd, are managed by drp_content
    assert "contents" in models.NOT_MODELS
    assert set(models.MODELS) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind(kind: str) -> None:
    facts, model = KINDS[kind], models.MODELS[kind]
    assert model.key == facts["key"]
    assert words(facts, "unique") <= set(model.unique)
    assert set(model.required) == words(facts, "required")
    assert model.has_params == ("params" in words(facts, "can"))
    assert words(facts, "secret") <= set(model.hidden)
    assert models.hidden_members(kind) >= words(facts, "secret")
    assert model.creation_order == RANKS.get(kind, model.creation_order)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_members_of_a_kind(kind: str) -> None:
    facts, model = KINDS[kind], models.MODELS[kind]
    missing = {*members(facts), *(COMMON - words(facts, "without"))} - set(model.fields)
    assert not missing
    for name, form in members(facts).items():
        word = form.partition(" of ")[0]
        fits = FORMS.get(form) or {{"list": "structs", "map": "map"}.get(word, "struct")}
        assert model.fields[name] in fits, (name, form)


def test_how_many_members_are_known() -> None:
    """What to tell of the table: 41 kinds and these many members, none of them unknown to it."""
    total = sum(len(members(facts)) + len(COMMON - words(facts, "without")) for facts in KINDS.values())
    known = sum(
        len({*members(facts), *(COMMON - words(facts, "without"))} & set(models.MODELS[kind].fields))
        for kind, facts in KINDS.items()
    )
    assert known == total > 800


@pytest.mark.parametrize("struct", sorted({*FACTS["structs"]} - {"ContentMetaData"}))
def test_a_struct(struct: str) -> None:
    facts = {name for names in FACTS["structs"][struct].values() for name in names.split()}
    assert facts == set(structs.STRUCTS[struct])
