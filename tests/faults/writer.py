# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process that adds one param to a machine: ENDPOINT CA TOKENS NUMBER; prints what became of it."""

from __future__ import annotations

import json
import sys

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.modules.drp_machine import SPEC, run
from simulator.launch import PASSWORD, USERNAME


def main(endpoint: str, ca: str, tokens: str, number: str) -> None:
    defaults = {name: option.get("default") for name, option in SPEC["argument_spec"].items()}
    options = {
        **defaults,
        "endpoint": endpoint,
        "username": USERNAME,
        "password": PASSWORD,
        "ca_path": ca,
        "token_cache": tokens,
        "name": "busy",
        "params": {f"writer-{number}": int(number)},
    }
    result = runner.run(run, options)
    print(json.dumps({name: result.get(name) for name in ("changed", "conflicts", "msg")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
