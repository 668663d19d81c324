# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a DRP server as an inventory: one request for a token, one for the machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drp
short_description: Machines of a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Makes a host of each machine of a DRP server, and groups of what O(groups_by) names.
  - Costs one request for all machines, and a login unless O(token_cache) holds a valid token.
  - The host is named as the machine. C(ansible_host) is its address, if it has one.
  - The host variable C(drp) is the machine as the server sends it, without its secret and its params.
    C(drp_params) holds the params that are set on the machine itself, without the encrypted ones.
  - Texts from the server are data. They are never treated as templates.
notes:
  - The file must be called C(drp.yml) or C(drp.yaml), or end in C(.drp.yml) or C(.drp.yaml).
  - O(endpoint), O(username), O(password), O(key) and O(token) can be templates, for example with a lookup.
    Extra variables are available in them.
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [digitalrebar.provision.drp]
  groups_by:
    description:
      - By what to group the machines. Groups are called C(profile_NAME), C(stage_NAME), C(workflow_NAME) and
        C(bootenv_NAME).
      - Characters that a group name cannot have become underscores, so that V(web-1) and V(web.1) share a
        group.
    type: list
    elements: str
    choices: [profile, stage, workflow, bootenv]
    default: [profile, stage, workflow, bootenv]
  group_prefix:
    description: A text before the names of these groups.
    type: str
    default: ''
  filters:
    description:
      - Only machines for which all of these are equal, by index (such as V(Runnable) or V(Workflow)), by
        param, or by V(Meta.<key>). The server selects them.
    type: dict
    default: {}
  page_size:
    description:
      - How many machines to ask for at a time. Without it one request gets all of them, which costs the
        server least.
    type: int
extends_documentation_fragment:
  - digitalrebar.provision.connection.plugins
  - ansible.builtin.constructed
"""

EXAMPLES = r"""
# drp.yml: all machines, with endpoint and credentials from RS_ENDPOINT and RS_KEY
plugin: digitalrebar.provision.drp

---
# lab.drp.yml: a self-signed server, a password from elsewhere, only some machines
plugin: digitalrebar.provision.drp
endpoint: https://drp.lab.example.com:8092
username: ansible
password: "{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}"
cert_fingerprint: 1f0a9e55c31d727b6a074a378f1120de59049c3a256cbb0e9166d84f037ae2b5
filters:
  Runnable: true
  Workflow: discover-base

---
# groups.drp.yml: groups and variables of one's own
plugin: digitalrebar.provision.drp
groups_by: [profile]
group_prefix: drp_
compose:
  ansible_user: "'root' if drp.BootEnv == 'sledgehammer' else 'admin'"
groups:
  broken: not drp.Available
keyed_groups:
  - key: drp.Arch
    prefix: arch
  - key: drp_params['rack/name'] | default('')
    prefix: rack
    default_value: unknown
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ..module_utils.client import errors, filters
from ..module_utils.client.settings import Settings, connect, resolve
from ..module_utils.options import CONNECTION_SPEC

Machine = dict[str, t.Any]

FILE_NAMES = ("/drp.yml", "/drp.yaml", ".drp.yml", ".drp.yaml")
TEMPLATED = ("endpoint", "username", "password", "key", "token")
SECRET = ("password", "key", "token")
NOT_FILTERS = {*filters.META_WITH_VALUE, "reverse"}
LEFT_OUT = {"Secret", "Params", "Profile"}
"""Members of a machine that are not in its variable: Profile is the deprecated double of Params."""
GROUPED = {"stage": "Stage", "workflow": "Workflow", "bootenv": "BootEnv"}
DECIDED_BY: dict[type[errors.DrpError], str] = {
    errors.CertificateRejected: "cert_fingerprint, ca_path, validate_certs",
    errors.ConnectionFailed: "endpoint",
    errors.LoginRequired: "username, password, key, token",
}
BAD_FILTER = 406
SEALED = {"Key", "Nonce", "Payload"}


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Reads the options, asks the server, fills the inventory; in this order, each step in one method."""

    NAME = "digitalrebar.provision.drp"

    def verify_file(self, path: str) -> bool:
        """Whether the file is there and has one of our names."""
        return bool(f"/{path}".endswith(FILE_NAMES) and super().verify_file(path))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the machines to ``inventory``; AnsibleParserError with a text for users when that fails."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        machines = self._named(self._fetch())
        for name in sorted(machines):
            self._add(name, machines[name])

    def _fetch(self) -> list[Machine]:
        """The machines that the filters select."""
        words, page_size = self._filter_words(), self.get_option("page_size")
        if page_size is not None and page_size < 1:
            raise AnsibleParserError("page_size: must be at least 1")
        settings: Settings | None = None
        try:
            settings = resolve(self._connection())
            with connect(settings) as client:
                return client.list("machines", *words, page_size=page_size)
        except errors.DrpError as error:
            raise AnsibleParserError(_explain(error, settings)) from None

    def _connection(self) -> dict[str, t.Any]:
        """The connection options that the file sets.

        What Ansible found in the environment is left out: ``resolve`` looks there itself, after all
        that is explicit.
        """
        options = {}
        for name in CONNECTION_SPEC.keys() - {"run_in"}:
            value, origin = self.get_option_and_origin(name)
            if origin == "Direct":
                options[name] = self._templated(name, value) if name in TEMPLATED else value
        return options

    def _templated(self, name: str, value: t.Any) -> t.Any:
        self.templar.available_variables = self._vars
        try:
            result = self.templar.template(value)
            return result if result is None else str(result)
        except Exception as error:
            why = "" if name in SECRET else f": {error}"
            raise AnsibleParserError(f"{name}: the template cannot be evaluated{why}") from None

    def _filter_words(self) -> list[str]:
        words: list[str] = []
        for name, value in self.get_option("filters").items():
            if name in NOT_FILTERS:
                raise AnsibleParserError(f"filters: {name} is neither an index nor a param")
            if not isinstance(value, (str, int, float)):
                raise AnsibleParserError(f"filters: the value of {name} must be a text, number or boolean")
            words += [str(name), "Eq", filters.literal(value)]
        try:
            filters.build_query(words)
        except errors.UsageError as error:
            raise AnsibleParserError(f"filters: {_explain(error)}") from None
        return words

    def _named(self, machines: list[Machine]) -> dict[str, Machine]:
        """Machines by name.  Of two with one name the later counts: it was read later."""
        named: dict[str, Machine] = {}
        for machine in machines:
            name = machine.get("Name")
            if not name:
                continue
            if name in named:
                uuids = f"{named[name].get('Uuid')} and {machine.get('Uuid')}"
                self.display.warning(f"Two machines are called {name}: {uuids}. The second is used.")
            named[name] = machine
        return named

    def _add(self, name: str, machine: Machine) -> None:
        self.inventory.add_host(name)
        variables = host_variables(machine)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        prefix = self.get_option("group_prefix")
        for group in group_names(machine, self.get_option("groups_by")):
            safe = self.inventory.add_group(self._sanitize_group_name(prefix + group))
            self.inventory.add_child(safe, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def host_variables(machine: Machine) -> dict[str, t.Any]:
    """The variables of a host: nothing secret among them."""
    params = machine.get("Params") or {}
    variables: dict[str, t.Any] = {
        "drp": {name: value for name, value in machine.items() if name not in LEFT_OUT},
        "drp_params": {name: value for name, value in params.items() if not is_sealed(value)},
    }
    if machine.get("Address"):
        variables["ansible_host"] = machine["Address"]
    return variables


def is_sealed(value: t.Any) -> bool:
    """Whether a param's value is an encrypted one."""
    return isinstance(value, dict) and value.keys() == SEALED


def group_names(machine: Machine, groups_by: t.Sequence[str]) -> list[str]:
    """The groups of a machine, not yet made safe."""
    names = []
    for kind in groups_by:
        values = (machine.get("Profiles") or []) if kind == "profile" else [machine.get(GROUPED[kind])]
        names += [f"{kind}_{value}" for value in values if value]
    return names


def _explain(error: errors.DrpError, settings: Settings | None = None) -> str:
    """What went wrong, and which options decide it; without the secrets, should the server repeat them."""
    text = "; ".join(error.messages) if error.type == errors.CLIENT_ERROR else str(error)
    decided_by = next((options for kind, options in DECIDED_BY.items() if isinstance(error, kind)), "")
    if error.code == BAD_FILTER:
        decided_by = "filters"
    text = f"{decided_by}: {text}" if decided_by else text
    for secret in settings.secrets if settings else ():
        text = text.replace(secret, "********")
    return text
