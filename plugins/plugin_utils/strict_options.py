# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible lets pass in the options of plugins that are no modules, and what nobody means.

It drops a name that it does not know, so a misspelt ``filters`` would be all machines.  It takes each text
that it does not understand for false, so ``validate_certs: ture`` would trust anybody.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.client.errors import UsageError, did_you_mean

Definitions = t.Mapping[str, t.Mapping[str, t.Any]]

_LONGEST_VALUE = 80


def refuse_unknown(given: t.Iterable[str], definitions: Definitions) -> None:
    """UsageError for a name that is no option."""
    known = sorted(name for name in definitions if not name.startswith("_"))
    aliases = {alias for definition in definitions.values() for alias in definition.get("aliases") or ()}
    unknown = [name for name in given if name not in known and name not in aliases]
    if not unknown:
        return
    advice = did_you_mean(unknown[0], known) or f" Known: {', '.join(known)}"
    raise UsageError(f"unknown option {', '.join(unknown)}.{advice}")


def with_strict_flags(given: t.Mapping[str, t.Any], definitions: Definitions) -> dict[str, t.Any]:
    """``given``, and each flag in it is true, false or None.  UsageError naming one that is none of these."""
    return {
        name: _flag(name, value) if definitions.get(name, {}).get("type") in ("bool", "boolean") else value
        for name, value in given.items()
    }


def _flag(name: str, value: t.Any) -> bool | None:
    if value is None:
        return None
    try:
        return bool(boolean(value, strict=True))
    except TypeError:
        raise UsageError(f"{name}: {str(value)[:_LONGEST_VALUE]!r} is neither true nor false") from None
