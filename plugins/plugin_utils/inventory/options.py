# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the inventory, before Ansible converts them and after, in the form that the parts take."""

from __future__ import annotations

import dataclasses
import typing as t

from ...module_utils.client.errors import UsageError
from ..strict_options import Definitions, refuse_unknown, with_strict_flags
from ..templated_options import Templater, render_options, render_variables
from .connection_variables import ALLOWED_NAMES, is_connection_variable
from .filters import parse as parse_filters
from .groups import GROUPS_BY, OWNERS, PROFILE, TENANT, Grouping
from .machine_fields import Field
from .names import is_identifier
from .secrets import Patterns
from .variables import ADDRESS_VARIABLE, VariableOptions, VariableSource
from .wanted import Wanted

GetOption = t.Callable[[str], t.Any]
Given = t.Mapping[str, t.Any]

_NO_OPTION = ("x-", "_", ".")
"""How a name in the file begins that is nothing but a place for an anchor of YAML."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Everything that decides how machines become hosts, apart from the connection and the cache."""

    wanted: Wanted
    hostnames: tuple[Field, ...]
    aggregated: bool
    variable_options: VariableOptions
    grouping: Grouping
    profile_variables: bool


def prepare(
    direct: Given, variables: Given | None, definitions: Definitions, template: Templater
) -> tuple[Given, Given | None]:
    """The options of the file and the variables, with templates evaluated, for Ansible to convert.

    Raises UsageError naming an option that does not exist, a template that fails, or a flag that is none.
    """
    names = [str(name) for name in direct]
    refuse_unknown((name for name in names if not name.startswith(_NO_OPTION)), definitions)
    direct = with_strict_flags(render_options(direct, template), definitions)
    return direct, render_variables(variables, direct, definitions, template)


def read(get: GetOption) -> Options:
    """The options that ``get`` gives by name.  Raises UsageError naming the one that is wrong."""
    secret = Patterns(_names(get, "secret_params"))
    sources = _sources(get)
    hostnames = _fields(get, "hostnames")
    grouping = _grouping(get)
    for option, fields in (
        ("hostnames", hostnames),
        ("host_variables", [field for source in sources.values() for field in source.fields]),
        ("groups_by_params", grouping.params),
    ):
        _refuse_secrets(option, fields, secret)
    _refuse_connection_variables(sources)
    variable_options = _variable_options(get, sources)
    fields = [*hostnames, *grouping.params, *(one for source in sources.values() for one in source.fields)]
    return Options(
        wanted=_wanted(get, fields, variable_options, grouping),
        hostnames=hostnames,
        aggregated=get("params") == "aggregated",
        variable_options=variable_options,
        grouping=grouping,
        profile_variables=bool(get("profile_variables")),
    )


def _wanted(
    get: GetOption, fields: t.Sequence[Field], variable_options: VariableOptions, grouping: Grouping
) -> Wanted:
    page_size = get("page_size")
    if page_size is not None and page_size < 1:
        raise UsageError("page_size: must be at least 1")
    aggregated, variables = get("params") == "aggregated", bool(get("profile_variables"))
    if variables and PROFILE not in grouping.groups_by:
        raise UsageError("profile_variables: requires profile in groups_by")
    meta = any(field.name.startswith("Meta.") for field in fields)
    return Wanted(
        filters=tuple(parse_filters(get("filters") or {})),
        named_filter=str(get("named_filter") or ""),
        page_size=page_size,
        params=get("params") != "none" or any(field.is_param for field in fields),
        meta=bool(variable_options.machine_variable or variable_options.flatten_machine or meta),
        profiles=aggregated or variables or grouping.needs_profiles,
        profile_params=bool(aggregated or variables or grouping.children_param),
        aggregated=aggregated,
        tenants=TENANT in grouping.groups_by,
        kinds=tuple(dict.fromkeys(get("kinds") or ("machines",))),
        owners=tuple(kind for criterion, kind in OWNERS.items() if criterion in grouping.groups_by),
        exclude_self_runner=bool(get("exclude_self_runner")),
        secret_params=tuple(_names(get, "secret_params")),
    )


def _variable_options(get: GetOption, sources: t.Mapping[str, VariableSource]) -> VariableOptions:
    machine_variable, params_variable = (
        _variable(get, "machine_variable"),
        _variable(get, "params_variable"),
    )
    if machine_variable and machine_variable == params_variable:
        raise UsageError(f"params_variable: {params_variable} is already the name of machine_variable")
    shows_params = get("params") != "none"
    flatten = get("flatten") or []
    return VariableOptions(
        machine_variable=machine_variable,
        params_variable=params_variable if shows_params else "",
        sources=sources,
        include=Patterns(_names(get, "include_params")),
        exclude=Patterns(_names(get, "exclude_params")),
        flatten_machine="machine" in flatten,
        flatten_params="params" in flatten and shows_params,
        prefix=str(get("flatten_prefix") or ""),
        raw_names=get("flatten_names") == "raw",
    )


def _grouping(get: GetOption) -> Grouping:
    params = _fields(get, "groups_by_params")
    prefixes = get("group_prefixes") or {}
    known = {*GROUPS_BY, *(field.name for field in params)}
    for name in prefixes:
        if name not in known:
            raise UsageError(f"group_prefixes: {name} is neither in groups_by nor in groups_by_params")
    return Grouping(
        groups_by=tuple(dict.fromkeys(get("groups_by") or ())),
        params=params,
        prefix=str(get("group_prefix") or ""),
        prefixes={str(name): str(prefix or "") for name, prefix in prefixes.items()},
        raw_names=get("group_names") == "raw",
        parents=bool(get("group_parents")),
        exclude_profiles=frozenset(_names(get, "exclude_profiles")),
        empty_profiles=bool(get("empty_profiles")),
        nested=get("nested_profiles"),
        children_param=str(get("children_param") or ""),
    )


def _sources(get: GetOption) -> dict[str, VariableSource]:
    """Variable -> where it comes from."""
    sources = {ADDRESS_VARIABLE: VariableSource(_fields(get, ADDRESS_VARIABLE))}
    for variable, definition in (get("host_variables") or {}).items():
        if not is_identifier(str(variable)):
            raise UsageError(f"host_variables: {variable} is not a valid variable name")
        sources[str(variable)] = _source(str(variable), definition)
    return sources


def _source(variable: str, definition: t.Any) -> VariableSource:
    default = None
    if isinstance(definition, dict):
        unknown = definition.keys() - {"fields", "default"}
        if unknown:
            raise UsageError(f"host_variables: {variable}: {min(unknown)} is unknown, use fields and default")
        definition, default = definition.get("fields", []), definition.get("default")
    names = definition if isinstance(definition, list) else [definition]
    if not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"host_variables: {variable}: must be a field, or a list of them")
    return VariableSource(tuple(map(Field, names)), default)


def _variable(get: GetOption, option: str) -> str:
    name = str(get(option) or "")
    if name and not is_identifier(name):
        raise UsageError(f"{option}: {name} is not a valid variable name")
    return name


def _fields(get: GetOption, option: str) -> tuple[Field, ...]:
    names = _names(get, option)
    if not all(names):
        raise UsageError(f"{option}: contains an empty name")
    return tuple(map(Field, names))


def _names(get: GetOption, option: str) -> list[str]:
    return [str(name) for name in get(option) or []]


def _refuse_secrets(option: str, fields: t.Iterable[Field], secret: Patterns) -> None:
    for field in fields:
        if field.name == "Secret" or (field.is_param and secret.match(field.name)):
            raise UsageError(f"{option}: {field.name} is secret (see secret_params)")


def _refuse_connection_variables(sources: t.Mapping[str, VariableSource]) -> None:
    """Only what can be checked may be decided by a field, which a machine may write."""
    for variable, source in sources.items():
        if source.fields and is_connection_variable(variable) and variable not in ALLOWED_NAMES:
            raise UsageError(
                f"host_variables: {variable}: no field may decide it, because whoever may write the field "
                f"could run code on the controller. Fields may be given for {', '.join(ALLOWED_NAMES)}; give "
                "this one a default only, or choose between texts of your own in compose"
            )
