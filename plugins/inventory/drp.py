# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a DRP server as an inventory: documentation, and the flow from options to hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drp
short_description: Machines of a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates a host for each machine of a DRP server, and the groups in O(groups_by).
  - Sends one request for the machines and one for the profiles, and logs in unless O(token_cache) contains
    a valid token. There are no requests for single hosts or profiles.
  - The host variable C(drp) is the machine as the server sends it, without its secret and its params.
    C(drp_params) contains its params, without encrypted params and those in O(secret_params).
  - Strings from the server are data. They are never evaluated as templates.
  - Some options take a I(field). This is a member of the machine such as V(Address), V(Meta.<key>), or the
    name of a param.
notes:
  - The file must be named C(drp.yml) or C(drp.yaml), or its name must end in C(.drp.yml) or C(.drp.yaml).
  - All options can be templates, for example with a lookup, and are evaluated once. Extra variables are
    available in them. Only O(compose), O(groups) and O(keyed_groups) are evaluated for each host.
  - Simple expressions such as C(drp.Stage) or C(drp_params['rack/name']), comparisons, C(and), C(or),
    C(not), C(in), C(if) with C(else), C(default) and C(is defined) are evaluated without Jinja, which is
    much faster with thousands of hosts. All other expressions are supported too.
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [digitalrebar.provision.drp]
  filters:
    description:
      - Only machines that match all filters. The name is an index of the server (such as V(Runnable) or
        V(Workflow)), another member of the machine, V(Meta.<key>), or a param from any source.
      - The value is compared for equality. For other comparisons it is a dictionary from operator to value.
        The operators are V(Eq), V(Ne), V(Lt), V(Lte), V(Gt), V(Gte), V(Between) and V(Except) (two values),
        V(In) and V(Nin) (a list), and V(Re) (a regular expression).
      - The filters are applied by the server. Filters that the server does not support are applied by the
        plugin, which is shown with C(-v).
    type: dict
    default: {}
  page_size:
    description:
      - How many machines to read in one request. Several pages are read in parallel.
      - By default, one request reads all machines, which causes the least load on the server.
    type: int
  hostnames:
    description:
      - Fields for the name of the host. The first field with a value is used.
      - A name of several machines, of a group (C(all)) or of the controller (C(localhost)), and a value
        that cannot be a host name, is not used. The machine gets its next name, and finally the UUID.
    type: list
    elements: str
    default: [Name]
  ansible_host:
    description: Fields for C(ansible_host). The first with a host name or an address is used.
    type: list
    elements: str
    default: [Address]
  host_variables:
    description:
      - Additional variables, such as C(ansible_user) or C(ansible_port), and their sources.
      - The value is a field, a list of fields of which the first with a value is used, or a dictionary with
        C(fields) and C(default).
      - Of the variables that Ansible uses, fields can only set C(ansible_host), C(ansible_port) and
        C(ansible_user), to plain values, because machines can write their params. Other values are skipped
        with a warning. In O(compose), an expression can also select one of its own texts.
    type: dict
    default: {}
  machine_variable:
    description: Name of the variable that contains the machine. An empty string sets no variable.
    type: str
    default: drp
  params_variable:
    description: Name of the variable that contains the params. With an empty string, the variable is not set.
    type: str
    default: drp_params
  params:
    description:
      - V(own) are the params that are set on the machine itself.
      - V(aggregated) are all params that apply to the machine, from itself, its profiles, its stage
        and the profile C(global), in this order. Newer servers put them together, by their own rules.
      - V(none) does not read params from the server unless another option requires them.
    type: str
    choices: [own, aggregated, none]
    default: own
  include_params:
    description: Shell patterns for the names of params to include. By default, all.
    type: list
    elements: str
    default: []
  exclude_params:
    description: Shell patterns for the names of params to exclude. The defaults are large and rarely used.
    type: list
    elements: str
    default: [gohai-inventory, inventory/data, change-stage/map]
  secret_params:
    description:
      - Shell patterns, in any letter case, for the names of params that are secret although the server does
        not encrypt them. They are never added to variables, groups or the cache.
    type: list
    elements: str
    default: ['*password*', '*passwd*', '*passphrase*', '*secret*', '*token*', '*credential*', '*api-key*',
      '*api_key*', '*private-key*', '*private_key*', '*key-private*', '*key_private*', rackn/license*]
  flatten:
    description:
      - Set an additional variable for each member of the V(machine), or for each of the V(params).
      - If several names result in the same variable, the first in alphabetical order is used. Names that
        Ansible uses are never set. The plugin warns about both.
    type: list
    elements: str
    choices: [machine, params]
    default: []
  flatten_prefix:
    description: The prefix of the names of these variables.
    type: str
    default: drp_
  flatten_names:
    description:
      - V(identifier) replaces characters that are invalid in variable names by underscores, so V(rack/name)
        becomes C(drp_rack_name).
      - V(raw) leaves the names unchanged. Most of them are not valid variable names.
    type: str
    choices: [identifier, raw]
    default: identifier
  groups_by:
    description:
      - The properties by which to group the machines. Group names consist of the property and its value,
        such as C(stage_NAME) or C(runnable_true).
      - V(cluster) and V(resource_broker) create a group of the machines of each cluster and resource broker.
        These are the machines that have the profile with its name. Sends one more request to a v4 server.
      - V(kind) creates groups such as C(kind_clusters).
    type: list
    elements: str
    choices: [profile, stage, workflow, bootenv, os, arch, pool, runnable, available, tenant, kind,
      cluster, resource_broker]
    default: [profile, stage, workflow, bootenv]
  groups_by_params:
    description:
      - Fields to group the machines by, usually params. V(rack/name) creates groups such as C(rack_name_r1).
        If the value is a list, the machine is added to a group for each entry.
    type: list
    elements: str
    default: []
  group_prefix:
    description: A prefix for the names of all these groups.
    type: str
    default: ''
  group_prefixes:
    description:
      - For a name in O(groups_by) or O(groups_by_params), the prefix of the values in its group names,
        instead of the name and an underscore.
    type: dict
    default: {}
  group_names:
    description:
      - V(identifier) replaces characters that are invalid in group names by underscores, so V(web-1) and
        V(web.1) share a group.
      - V(raw) leaves this to the Ansible setting C(TRANSFORM_INVALID_GROUP_CHARS).
    type: str
    choices: [identifier, raw]
    default: identifier
  group_parents:
    description: Whether to create a parent group for the groups of each property, such as C(by_stage).
    type: bool
    default: false
  exclude_profiles:
    description: Profiles for which no group is created.
    type: list
    elements: str
    default: [global, rackn-license]
  empty_profiles:
    description: Whether to create groups for profiles without machines.
    type: bool
    default: false
  nested_profiles:
    description:
      - How to handle profiles within profiles (v4 servers).
      - V(inherit) adds the machines of the outer profile to the group of the inner profile too, as the server
        does with params. The group of the inner profile is the parent.
      - V(children) makes the group of the inner profile a child of the group of the outer profile, as
        C(drpmachines.py) does.
    type: str
    choices: [inherit, children, ignore]
    default: inherit
  children_param:
    description:
      - A param of profiles that lists the profiles whose groups are children of the profile's group. An
        empty string disables this.
    type: str
    default: ansible/children
  profile_variables:
    description:
      - Whether to set the params of profiles as variables of their groups. O(flatten_prefix) and
        O(flatten_names) apply to their names.
      - Groups in Ansible have no order as profiles have on the server. If the order matters, use
        O(params=aggregated).
    type: bool
    default: false
  refresh_cache:
    description: Whether to read from the server even if the cache is valid, and to update the cache.
    type: bool
    default: false
  stale_on_error:
    description:
      - Whether to use the cache, even if it has expired, when the server does not answer. The plugin then
        issues a warning.
      - Requires a cache plugin that keeps expired entries, such as C(jsonfile).
    type: bool
    default: false
extends_documentation_fragment:
  - digitalrebar.provision.connection.plugins
  - digitalrebar.provision.host_kinds
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
"""

EXAMPLES = r"""
# drp.yml: all machines, with endpoint and credentials from RS_ENDPOINT and RS_KEY
plugin: digitalrebar.provision.drp

---
# lab.drp.yml: a self-signed server, a password from a lookup, only some machines
plugin: digitalrebar.provision.drp
endpoint: https://drp.lab.example.com:8092
username: ansible
password: "{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}"
cert_fingerprint: 1f0a9e55c31d727b6a074a378f1120de59049c3a256cbb0e9166d84f037ae2b5
filters:
  Runnable: true
  Workflow: {In: [discover-base, discover-linux]}

---
# groups.drp.yml: custom groups and variables
plugin: digitalrebar.provision.drp
groups_by: [profile, runnable]
groups_by_params: [rack/name]
group_prefix: drp_
ansible_host: [cloud/public-ipv4, Address]
host_variables:
  ansible_user: {fields: [ssh/user], default: root}
compose:
  in_discovery: drp.BootEnv == 'sledgehammer'
groups:
  broken: not drp.Available
keyed_groups:
  - key: drp.Arch
    prefix: arch
  - key: drp_params['datacenter'] | default('')
    prefix: dc
    default_value: unknown

---
# cached.drp.yml: all params that apply to a machine, cached for ten minutes and while the server is down
plugin: digitalrebar.provision.drp
params: aggregated
exclude_params: [gohai-inventory, 'inventory/*']
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/drp-inventory
cache_timeout: 600
stale_on_error: true
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable, get_cache_plugin

from ..module_utils.client import errors
from ..plugin_utils import compat
from ..plugin_utils.inventory import cache as answer_cache
from ..plugin_utils.inventory import options as inventory_options
from ..plugin_utils.inventory.build import build
from ..plugin_utils.inventory.fill import gc_paused
from ..plugin_utils.inventory.reports import Reports
from ..plugin_utils.inventory.wanted import Wanted

ObjectsByKind = dict[str, list[dict[str, t.Any]]]

FILE_NAME_ENDINGS = ("/drp.yml", "/drp.yaml", ".drp.yml", ".drp.yaml")
IDENTITY_OPTIONS = ("endpoint", "username", "token", "key")
NOT_ACCEPTABLE = 406


class InventoryModule(compat.OptionOrigins, BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the options, gets the server's answer from itself or from the cache, and builds the inventory."""

    NAME = "digitalrebar.provision.drp"

    def verify_file(self, path: str) -> bool:
        """Whether the file is there and has one of our names."""
        return bool(f"/{path}".endswith(FILE_NAME_ENDINGS) and super().verify_file(path))

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Names, templates and flags are looked at before Ansible looks at the types."""
        try:
            direct, var_options = inventory_options.prepare(
                direct or {}, var_options, self.option_definitions, self._template
            )
        except errors.UsageError as error:
            raise AnsibleParserError("; ".join(error.messages)) from None
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the machines to ``inventory``; AnsibleParserError with a text for users when that fails."""
        compat.require_core(AnsibleParserError)
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        reports = Reports(self.display, path, self.get_option("strict"))
        try:
            options = inventory_options.read(self.get_option)
        except errors.UsageError as error:
            raise AnsibleParserError("; ".join(error.messages)) from None
        with gc_paused():
            build(self._cached_or_fetched(path, options.wanted, cache, reports), options, self, reports)

    def _cached_or_fetched(self, path: str, wanted: Wanted, cache: bool, reports: Reports) -> ObjectsByKind:
        """What the server says, or said when the cache was filled."""
        if not self.get_option("cache"):
            return self._fetch(wanted, reports)
        use_stale = self.get_option("stale_on_error")
        if use_stale:
            self._cache = self._cache_without_timeout()
        key = self.get_cache_key(path)
        question = dataclasses.replace(wanted, page_size=None)  # in pieces the answer is the same
        cache_fingerprint = answer_cache.fingerprint(dataclasses.asdict(question), self._cache_identity())
        stored = answer_cache.unpack(self._read_cache(key), cache_fingerprint)
        limit = self.get_option("cache_timeout")
        fresh = stored is not None and (not limit or stored.age() <= limit)
        if stored is not None and fresh and cache and not self.get_option("refresh_cache"):
            return stored.answer
        try:
            answer = self._fetch(wanted, reports)
        except _ServerUnavailable as error:
            if stored is None or not use_stale:
                raise
            reports.warn(
                f"{error.message}. Using the cached answer, which is {stored.age():.0f} seconds "
                "old (stale_on_error)"
            )
            return stored.answer
        self._cache[key] = answer_cache.pack(answer, cache_fingerprint)
        return answer

    def _fetch(self, wanted: Wanted, reports: Reports) -> ObjectsByKind:
        # the client takes longer to import than a cached inventory to build
        from ..module_utils.client.settings import connect
        from ..plugin_utils.connection import error_text, reporting, settings_of
        from ..plugin_utils.inventory.fetch import fetch

        try:
            with connect(settings_of(self)) as client, reporting(client, reports.warn):
                return fetch(client, wanted, reports.verbose)
        except errors.DrpError as error:
            text = error_text(error)
            text = f"filters: {text}" if error.code == NOT_ACCEPTABLE else text
            kind = _ServerUnavailable if _is_unavailable(error) else AnsibleParserError
            raise kind(text) from None

    def _template(self, value: t.Any) -> t.Any:
        self.templar.available_variables = self._vars or {}
        return compat.template(self.templar, value)

    def _cache_identity(self) -> list[t.Any]:
        """Who asks whom, without a password."""
        endpoint, username, token, key = map(self.get_option, IDENTITY_OPTIONS)
        return [endpoint, username, token, str(key or "").partition(":")[0]]

    def _read_cache(self, key: str) -> t.Any:
        try:
            return self._cache.get(key)
        except Exception as error:  # whatever a cache plugin raises: what cannot be read is not there
            self.display.v(f"the cache cannot be used: {error}")
            return None

    def _cache_without_timeout(self) -> t.Any:
        """The cache plugin of the options, but without the time after which it hides what it holds."""
        options = {"_uri": "cache_connection", "_prefix": "cache_prefix"}
        given = {name: self.get_option(option) for name, option in options.items()}
        given = {name: value for name, value in given.items() if value is not None}
        return get_cache_plugin(self.get_option("cache_plugin"), _timeout=0, **given)


class _ServerUnavailable(AnsibleParserError):
    """The server did not give an answer; another time it may."""


def _is_unavailable(error: errors.DrpError) -> bool:
    if isinstance(error, errors.CertificateRejected):
        return False
    broken = isinstance(error, (errors.ConnectionFailed, errors.UnreadableAnswer))
    return broken or error.code == 429 or error.code >= 500
