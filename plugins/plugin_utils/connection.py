# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How plugins connect: their options as settings of the client, its errors in words about those options."""

from __future__ import annotations

import contextlib
import typing as t

from ..module_utils.client import errors
from ..module_utils.client.masking import mask
from ..module_utils.client.settings import Settings, resolve
from ..module_utils.options import CONNECTION_SPEC
from .templated_options import CREDENTIAL_OPTIONS

if t.TYPE_CHECKING:
    from ..module_utils.client.client import Client

_OPTIONS_BY_ERROR: dict[type[errors.DrpError], str] = {
    errors.CertificateRejected: "cert_fingerprint, ca_path, validate_certs",
    errors.ConnectionFailed: "endpoint",
    errors.LoginRequired: "username, password, key, token",
}


class PluginWithOptions(t.Protocol):
    """What is asked of a plugin: every AnsiblePlugin that uses the fragment has it."""

    def get_option_and_origin(self, option: str) -> tuple[t.Any, str]:
        """The value, and where it was set."""


def settings_of(plugin: PluginWithOptions) -> Settings:
    """Settings of the client from the options of ``plugin``, whose templates have been evaluated.

    Raises UsageError naming the option or the variable that is wrong.
    """
    return resolve(explicit_options(plugin))


def explicit_options(plugin: PluginWithOptions) -> dict[str, t.Any]:
    """The connection options that are set, in the plugin's own file or call, or by a variable.

    What Ansible found in the environment is left out: ``resolve`` looks there itself, after all that is
    explicit.  Credentials are taken from one place, so that any in the call hide those in variables.
    """
    found = {name: plugin.get_option_and_origin(name) for name in CONNECTION_SPEC if name != "run_in"}
    direct = {name: value for name, (value, origin) in found.items() if origin == "Direct"}
    by_variable = {name: value for name, (value, origin) in found.items() if origin.startswith("var:")}
    if any(direct.get(name) for name in CREDENTIAL_OPTIONS):
        by_variable = {name: value for name, value in by_variable.items() if name not in CREDENTIAL_OPTIONS}
    return {**by_variable, **direct}


@contextlib.contextmanager
def reporting(client: Client, warn: t.Callable[[str], None]) -> t.Iterator[None]:
    """Whatever ``client`` is used for within: its warnings go to ``warn``, its errors hold no credentials.

    A server, or a proxy before it, may repeat in an error what it was sent.
    """
    try:
        yield
    except errors.DrpError as error:
        error.messages = mask(error.messages, client.secrets)
        error.key = mask(error.key, client.secrets)
        raise
    finally:
        for warning in client.warnings:
            warn(warning)


def error_text(error: errors.DrpError) -> str:
    """What went wrong, and which options decide it."""
    text = "; ".join(error.messages) if error.type == errors.CLIENT_ERROR else str(error)
    decided_by = next((options for kind, options in _OPTIONS_BY_ERROR.items() if isinstance(error, kind)), "")
    return f"{decided_by}: {text}" if decided_by else text
