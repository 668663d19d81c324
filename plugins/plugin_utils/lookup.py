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
from ..module_utils.client.errors import DrpError
from . import compat
from .connection import error_text, reporting, settings_of
from .plain_data import json_data
from .strict_options import refuse_unknown, with_strict_flags
from .templated_options import render_variables


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
            definitions = self.option_definitions
            refuse_unknown(kwargs, definitions)
            direct = {name: json_data(value, name) for name, value in kwargs.items()}
            names = [str(term) for term in json_data(terms, "_terms")]
            self.set_options(
                var_options=render_variables(variables, direct, definitions, self._template),
                direct=with_strict_flags(direct, definitions),
            )
            settings = settings_of(self)
            client = runner.client_for(settings)
            with reporting(client, self._display.warning):
                answers = self.look_up(client, names)
            return t.cast("list[t.Any]", compat.as_data(answers))
        except DrpError as error:
            raise AnsibleLookupError(error_text(error)) from None

    def _template(self, value: t.Any) -> t.Any:
        return compat.template(self._templar, value)
