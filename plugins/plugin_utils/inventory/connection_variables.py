# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables that Ansible itself reads may take a value that a machine can write, and which values.

A machine writes its own params, its Meta and its name.  ``ansible_connection`` or ``ansible_ssh_common_args``
decide what runs on the controller, and so does a host that begins with ``-``, which ssh takes for an option.
"""

from __future__ import annotations

import typing as t

from . import addresses

Check = t.Callable[[t.Any], bool]

_PREFIX = "ansible_"
_OF_LOOKUPS = frozenset(
    f"drp_{option}"
    for option in (
        *("endpoint", "username", "password", "key", "token", "token_cache", "request_timeout", "run_in"),
        *("validate_certs", "ca_path", "cert_fingerprint", "client_cert", "client_key"),
    )
)
"""They decide where the credentials of a lookup go."""
_PREFIX_OF_ROLE = "agent_"
_HOST: tuple[Check, str] = (addresses.is_other_host, "a host name or an address other than the controller's")
_PORT: tuple[Check, str] = (addresses.is_port, "the number of a port")
_USER: tuple[Check, str] = (addresses.is_user, "a plain user name")
_ALLOWED = {
    f"{_PREFIX}{infix}{name}": check
    for infix in ("", "ssh_")
    for name, check in (("host", _HOST), ("port", _PORT), ("user", _USER))
}
ALLOWED_NAMES = tuple(_ALLOWED)


def is_connection_variable(name: str) -> bool:
    """Whether Ansible, one of its connections or a lookup of this collection reads it."""
    return name.startswith(_PREFIX) or name in _OF_LOOKUPS


def is_read(name: str) -> bool:
    """Whether anything is known to read it, the role of this collection too."""
    return is_connection_variable(name) or name.startswith(_PREFIX_OF_ROLE)


def fault(name: str, value: t.Any) -> str:
    """Why ``value``, which a machine can write, must not become the variable; "" when it may."""
    allowed = _ALLOWED.get(name)
    if allowed is None:
        return "a machine must not decide it" if is_connection_variable(name) else ""
    check, what = allowed
    return "" if check(value) else f"it is not {what}"
