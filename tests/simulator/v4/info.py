# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 tells of itself beyond what v3.12 does."""

# assumption: the values of a single server without a manager and without high availability
from __future__ import annotations

from ..call import Call
from ..wire import Obj


def with_members_of_v4(call: Call, document: Obj) -> Obj:
    store = call.server.store
    counted = [{"name": "contexts.count", "count": store["contexts"].size}]
    return {
        **document,
        "stats": [*document["stats"], *counted],
        "local_id": document["id"], "ha_id": document["id"], "server_hostname": "simulator", "manager": False,
        # assumption: 0 where there is no static port with TLS
        "secure_file_port": 0, "secure_prov_enabled": False, "errors": [],
        "ha_enabled": False, "ha_virtual_address": "", "ha_is_active": True, "ha_status": "Up",
        "ha_active_id": document["id"], "ha_passive_state": [], "ClusterState": {},
        "License": {**document["License"], "ContractTerminationDate": ""},
    }  # fmt: skip


def whoami(call: Call) -> Obj:
    """The answer to POST /whoami: which machine asks."""
    # assumption: a machine is found by one of its addresses, and what was sent comes back with the result
    asked = call.json() or {}
    macs = {str(mac).lower() for mac in asked.get("MacAddrs") or []}
    for row in call.server.store["machines"]:
        if macs & {mac.lower() for mac in row.data["HardwareAddrs"]}:
            return {**asked, "Result": {"Uuid": row.key, "Score": 100}}
    result = {"Uuid": "", "Score": 0}
    return {**asked, "Result": result}
