# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup plugins share: options in, a connected client for the question, errors in users' words."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils import runner
from ..module_utils.client.client import Client
from ..module_utils.client.errors import DrpError, UsageError
from . import compat
from .connection import error_text, reporting, settings_of
from .plain_data import json_data


class DrpLookup(compat.OptionOrigins, LookupBase):
    """A lookup that asks a server: subclasses only :meth:`look_up`.

    The client is kept for further lookups of the same process.  What it returns is data: no string in it
    is evaluated as a template.
    """

    def look_up(self, client: Client, terms: list[str]) -> list[t.Any]:
        """The answers to ``terms``; DrpError becomes an AnsibleLookupError."""
        raise NotImplementedError

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        compat.require_core(AnsibleLookupError)
        try:
            kwargs.pop("wantlist", None)  # what a loop by with_ says
            self._refuse_unknown(kwargs)
            direct = {name: json_data(value, name) for name, value in kwargs.items()}
            names = [str(term) for term in json_data(terms, "_terms")]
            self.set_options(var_options=variables, direct=direct)
            settings = settings_of(self, lambda value: compat.template(self._templar, value))
            client = runner.client_for(settings)
            with reporting(client, self._display.warning):
                answers = self.look_up(client, names)
            return t.cast("list[t.Any]", compat.as_data(answers))
        except DrpError as error:
            raise AnsibleLookupError(error_text(error)) from None

    def _refuse_unknown(self, options: t.Mapping[str, t.Any]) -> None:
        """Ansible silently drops an option that it does not know."""
        known = sorted(name for name in self.option_definitions if not name.startswith("_"))
        unknown = [name for name in options if name not in known]
        if unknown:
            raise UsageError(f"unknown option {', '.join(unknown)}. Known: {', '.join(known)}")
