# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people wrote in YAML, as a module gets it after its way through JSON.

Whatever runs in the controller process takes its arguments through this door: tasks, lookups and the
inventory.  It does by itself what Ansible's encoder does for the arguments of a module, because that encoder
has another name and place in each release.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import typing as t

from ..module_utils.client.errors import UsageError
from ..module_utils.client.typed.json_values import require_depth, require_json
from .compat import action_failure


def plain_data(value: t.Any, path: str = "") -> t.Any:
    """A copy of ``value`` that is made of the types of JSON, without what Ansible notes about its origin.

    Names of members become text, dates and times ISO 8601, sets and tuples lists, and vaulted texts clear.
    UsageError tells at which ``path`` something is that has no form in JSON, such as bytes.
    """
    kind = type(value)
    if kind is bool or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, c.Mapping):
        return _members(value, path)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if _is_vaulted(value):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise UsageError(f"{path}: binary data has no form in JSON; write it as text, for example in base64")
    if isinstance(value, (c.Sequence, c.Set)):
        return [plain_data(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    raise UsageError(f"{path}: a value of type {kind.__name__} has no form in JSON")


def _members(value: c.Mapping[t.Any, t.Any], path: str) -> dict[str, t.Any]:
    """The members of a map; UsageError when two of them get one name, so that a value would be lost."""
    members: dict[str, t.Any] = {}
    for written, inner in value.items():
        name = _name(written, path)
        where = f"{path}.{name}" if path else name
        if name in members:
            raise UsageError(
                f"{where}: is given twice, by names that JSON does not tell apart; keep one of them"
            )
        members[name] = plain_data(inner, where)
    return members


def task_arguments(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The arguments of a task; AnsibleActionFail names the one that no module could get."""
    try:
        for name, value in arguments.items():
            require_depth(value, name)
        return {name: plain_data(value, name) for name, value in arguments.items()}
    except UsageError as error:
        raise action_failure("; ".join(error.messages)) from None


def json_data(value: t.Any, path: str) -> t.Any:
    """:func:`plain_data` for what no module checks later: nothing that a server cannot read is left."""
    require_depth(value, path)
    plain = plain_data(value, path)
    require_json(plain, path)
    return plain


def _is_vaulted(value: t.Any) -> bool:
    """Whether it is a text that Ansible decrypts when it is asked for it: two types, by release."""
    return bool(getattr(value, "__ENCRYPTED__", False)) or type(value).__name__ == "EncryptedString"


def _name(name: t.Any, path: str) -> str:
    """The name of a member, for which Python's JSON takes scalars too."""
    if isinstance(name, str):
        return str.__str__(name)
    if _is_vaulted(name):
        return str(name)
    if name is None or isinstance(name, (bool, int, float)):
        return json.dumps(name)
    where = f"{path}: " if path else ""
    raise UsageError(f"{where}{name!r} cannot be the name of a member in JSON; put it in quotes")
