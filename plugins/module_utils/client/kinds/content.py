# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds that content packs are made of: what can be done to a machine, and with which values."""

from __future__ import annotations

from .model import DESCRIBING, NAMING, Model, members, model

_NEEDS = "RequiredParams OptionalParams"
_DELIMITERS = "StartDelimiter EndDelimiter"

CONTENT: tuple[Model, ...] = (
    model(
        "params",
        members(str=NAMING, bool="Secure", any="Schema"),
        creation_order=10,
        required=("Name", "Secure"),
    ),
    model(
        "templates",
        members(str=f"ID Description Contents {_DELIMITERS}"),
        key="ID",
        creation_order=12,
        required=("ID", "Contents"),
    ),
    model(
        "filters",
        members(
            str=f"Id {DESCRIBING} Object ParamSet Slim",
            bool="Aggregate Decode ExcludeSelf RangeOnly Reduced Reverse",
            list="GroupBy Sort",
            structs="Queries",
            map="Params",
        ),
        key="Id",
        creation_order=15,
        has_params=True,
    ),
    model(
        "profiles",
        members(str=NAMING, map="Params", list="Profiles"),
        creation_order=20,
        references={"Profiles": "profiles"},
        has_params=True,
        required=("Name",),
    ),
    model("contexts", members(str=f"{NAMING} Engine Image"), creation_order=24),
    model(
        "bootenvs",
        members(
            str=f"{NAMING} Kernel BootParams {_DELIMITERS}",
            struct="OS",
            list=f"{_NEEDS} Initrds",
            structs="Templates",
            bool="OnlyUnknown",
            map="Loaders",
        ),
        creation_order=25,
        required=(
            *("Name", "BootParams", "Initrds", "Kernel", "Loaders", "OnlyUnknown"),
            *("RequiredParams", "Templates"),
        ),
    ),
    model(
        "tasks",
        members(
            str=NAMING,
            list=f"{_NEEDS} OutputParams Prerequisites ExtraRoles",
            structs="Templates ExtraClaims",
            int="ExtraDuration",
        ),
        creation_order=26,
        references={"Prerequisites": "tasks"},
        required=("Name", "OptionalParams", "RequiredParams", "Templates"),
    ),
    model(
        "stages",
        members(
            str=f"{NAMING} BootEnv",
            list=f"{_NEEDS} OutputParams Tasks Profiles",
            structs="Templates",
            bool="Reboot RunnerWait",
            map="Params",
        ),
        creation_order=30,
        has_params=True,
        required=("Name", "BootEnv", "RequiredParams", "Templates"),
    ),
    model("workflows", members(str=NAMING, list="Stages"), creation_order=40),
    model(
        "pipelines",
        members(str=NAMING, list="Pipelines Profiles", map="Params"),
        creation_order=41,
        references={"Pipelines": "pipelines"},
        has_params=True,
        required=("Name",),
    ),
    model(
        "blueprints",
        members(str=f"{NAMING} Context Pipeline Workflow", list="Profiles Tasks", map="Params"),
        creation_order=41,
        references={"Pipeline": "pipelines"},
        has_params=True,
        required=("Name",),
    ),
    model(
        "trigger_providers",
        members(
            str=f"{NAMING} Method",
            bool="NoURL",
            list="OptionalParameters RequiredParameters Profiles",
            map="Params",
        ),
        creation_order=43,
        has_params=True,
        required=("Name",),
    ),
    model(
        "triggers",
        members(
            str=f"{NAMING} Blueprint Filter StoreDataInParameter TriggerProvider",
            bool="AllInFilter Enabled MergeDataIntoParams QueueMode",
            int="FilterCount",
            list="Profiles WorkOrderProfiles",
            map="Params WorkOrderParams",
        ),
        creation_order=44,
        has_params=True,
        required=("Name",),
    ),
    model("store_objects", members(str=NAMING, map="Properties")),
)
