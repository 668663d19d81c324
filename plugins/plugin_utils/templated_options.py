# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates in options, in a file or in variables: evaluated once, before Ansible converts the options."""

from __future__ import annotations

import collections
import typing as t

from ..module_utils.client.errors import UsageError
from . import compat
from .plain_data import json_data
from .strict_options import Definitions, with_strict_flags

Templater = t.Callable[[t.Any], t.Any]

NOT_TEMPLATED = frozenset({"plugin", "compose", "groups", "keyed_groups"})
"""Options that are evaluated for each host, or not at all."""
SECRET_OPTIONS = ("password", "key", "token")
CREDENTIAL_OPTIONS = ("username", *SECRET_OPTIONS)


def render_options(document: t.Mapping[str, t.Any], template: Templater) -> dict[str, t.Any]:
    """The options of a file with their templates evaluated; one that comes to ``omit`` is left out.

    What comes out is data: its texts are not evaluated again.  Raises UsageError naming the option, without
    the reason for those in SECRET_OPTIONS.
    """
    options = {}
    for name, value in document.items():
        if name in NOT_TEMPLATED:
            options[str(name)] = value
            continue
        try:
            options[str(name)] = compat.as_data(json_data(_evaluated(str(name), value, template), str(name)))
        except compat.ValueOmittedError:
            continue
    return options


def render_variables(
    variables: t.Mapping[str, t.Any] | None,
    direct: t.Mapping[str, t.Any],
    definitions: Definitions,
    template: Templater,
) -> t.Mapping[str, t.Any] | None:
    """``variables``, and those that are read as options are evaluated; one that comes to ``omit`` is None.

    One is read when its option is not in ``direct``; those of credentials only when ``direct`` has none.
    Raises UsageError as ``render_options`` does, and for a flag that is neither true nor false.
    """
    hidden = CREDENTIAL_OPTIONS if any(direct.get(name) for name in CREDENTIAL_OPTIONS) else ()
    read = {
        entry["name"]: option
        for option, definition in definitions.items()
        if direct.get(option) is None and option not in hidden
        for entry in definition.get("vars") or ()
        if entry["name"] in (variables or {})
    }
    if not read or variables is None:
        return variables
    rendered = {
        variable: _rendered(option, variables[variable], definitions, template)
        for variable, option in read.items()
    }
    return collections.ChainMap(rendered, t.cast("t.MutableMapping[str, t.Any]", variables))


def _rendered(option: str, value: t.Any, definitions: Definitions, template: Templater) -> t.Any:
    try:
        found = _evaluated(option, value, template)
    except compat.ValueOmittedError:
        return None
    if found is not None and definitions[option].get("type") in ("str", "path"):
        return str(found)
    return with_strict_flags({option: found}, definitions)[option]


def _evaluated(name: str, value: t.Any, template: Templater) -> t.Any:
    try:
        return template(value)
    except compat.ValueOmittedError:
        raise
    except Exception as error:
        why = "" if name in SECRET_OPTIONS else f": {error}"
        raise UsageError(f"{name}: the template cannot be evaluated{why}") from None
