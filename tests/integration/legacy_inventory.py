# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory script drpmachines.py does, as far as its users can tell; written for comparison.

It asks for the machines, for the profiles, and once for each profile, every time on a new connection and
with a password.  It ignores answers other than 200, and verifies no certificate.  Its groups are the
profiles, with their params as variables; each param of a machine is a variable.  ``--children=param`` takes
the children of a group from a param, as its v3 form does, otherwise they are the profiles in the profile.
``--valid-names`` makes the names of variables valid, which the script does not: Ansible complains of each of
the others for every host, and that takes longer than everything else.
"""

from __future__ import annotations

import json
import os
import re
import sys
import typing as t
import warnings

import requests

NOT_GROUPS = ("global", "rackn-license")
NOT_VARIABLES = ("gohai-inventory", "inventory/data", "change-stage/map")

Object = dict[str, t.Any]


def ask(path: str) -> t.Any:
    """The answer, or None for any status but 200."""
    user, password = os.environ["RS_KEY"].split(":")
    url = f"{os.environ['RS_ENDPOINT']}/api/v3/{path}"
    answer = requests.get(url, auth=(user, password), verify=False, timeout=60)
    return answer.json() if answer.status_code == 200 else None


def inventory(children_by_param: bool) -> Object:
    wanted = os.environ.get("RS_ANSIBLE", "all_machines")
    machines = ask("machines" if wanted == "all_machines" else f"machines?ansible=Eq({wanted})")
    machines = [machine for machine in machines if machine["Name"] and machine["Address"]]
    document: Object = {
        "all": {"hosts": [machine["Name"] for machine in machines]},
        "_meta": {"hostvars": {machine["Name"]: host_variables(machine) for machine in machines}},
    }
    parent = os.environ.get("RS_ANSIBLE_PARENT", "ansible/children")
    for profile in ask("profiles"):
        if profile["Name"] in NOT_GROUPS:
            continue
        members = ask(f"machines?slim=Params&Profiles=In({profile['Name']})") or []
        params = profile["Params"] or {}
        group = {"hosts": [machine["Name"] for machine in members if machine["Address"]], "vars": params}
        children = params.get(parent) if children_by_param else profile.get("Profiles")
        document[profile["Name"]] = {**group, "children": children or []}
    return document


def host_variables(machine: Object) -> Object:
    address = os.environ.get("RS_HOST_ADDRESS", "internal")
    return {
        "ansible_host": machine["Address"] if address == "internal" else machine["Params"][address],
        "ansible_user": os.environ.get("RS_ANSIBLE_USER", "root"),
        "rebar_uuid": machine["Uuid"],
        **{name: value for name, value in machine["Params"].items() if name not in NOT_VARIABLES},
    }


def with_valid_names(variables: Object) -> Object:
    return {re.sub(r"\W", "_", name): value for name, value in variables.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    document = inventory("--children=param" in sys.argv)
    if "--valid-names" in sys.argv:
        known = document["_meta"]["hostvars"]
        document["_meta"]["hostvars"] = {host: with_valid_names(known[host]) for host in known}
        for group in document.values():
            group["vars"] = with_valid_names(group.get("vars", {}))
    print(json.dumps(document))


if __name__ == "__main__":
    main()
