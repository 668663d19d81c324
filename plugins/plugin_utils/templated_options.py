# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates in the file of an inventory: evaluated once, before Ansible checks what the options are."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleParserError

from ..module_utils.client.errors import UsageError
from . import compat
from .plain_data import json_data

Templater = t.Callable[[t.Any], t.Any]

NOT_TEMPLATED = frozenset({"plugin", "compose", "groups", "keyed_groups"})
"""Options that are evaluated for each host, or not at all."""


def render_options(
    document: t.Mapping[str, t.Any], template: Templater, secret: t.Container[str] = ()
) -> dict[str, t.Any]:
    """The options of a file with their templates evaluated; one that comes to ``omit`` is left out.

    What comes out is data: its texts are not evaluated again.  Raises AnsibleParserError naming the option,
    without the reason for those in ``secret``.
    """
    options = {}
    for name, value in document.items():
        if name in NOT_TEMPLATED:
            options[name] = value
            continue
        try:
            options[str(name)] = compat.as_data(json_data(template(value), str(name)))
        except UsageError as error:
            raise AnsibleParserError("; ".join(error.messages)) from None
        except compat.ValueOmittedError:
            continue
        except Exception as error:
            why = "" if name in secret else f": {error}"
            raise AnsibleParserError(f"{name}: the template cannot be evaluated{why}") from None
    return options


def render_variables(plugin: t.Any, names: t.Iterable[str], template: Templater) -> list[t.Any]:
    """The values of options of a plugin, evaluated where they come from variables; None for ``omit``."""
    values = []
    for name in names:
        value, origin = plugin.get_option_and_origin(name)
        if origin.startswith("var:"):
            value = render_options({name: value}, template, secret=(name,)).get(name)
        values.append(value)
    return values
