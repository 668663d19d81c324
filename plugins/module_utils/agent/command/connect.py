# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""From a configuration to a client that suits an agent, and to the machine it is the agent of."""

from __future__ import annotations

import dataclasses

from ...client import features, settings
from ...client.client import Client, Object
from ...client.errors import UsageError
from ...client.transport import Retry
from ..retry import StopSignal
from ..served import MACHINES, Served
from . import trust
from .config import Config, connection_settings
from .token_file import FileSession


def connect(config: Config, stop_signal: StopSignal | None = None) -> Client:
    """A client by the configuration; between its tries it feeds the watchdog and checks the stop signal."""
    chosen = connection_settings(config)
    if chosen.trust.verifies_chain and not chosen.trust.ca_path:
        found = trust.bundle(config.state_dir)
        chosen = dataclasses.replace(chosen, trust=dataclasses.replace(chosen.trust, ca_path=found or None))
    client = settings.connect(chosen, Retry(sleep=stop_signal.sleep) if stop_signal else None)
    if config.token_file:
        client.session = FileSession(config.token_file)
    return client


def find_machine(client: Client, config: Config) -> Object:
    """What is served, by its UUID or ``Name:x``.  NotFound; UsageError when this server cannot have it."""
    if not config.machine:
        raise UsageError("machine: must be set, by --machine, RS_UUID, or the configuration file")
    if config.kind != MACHINES and not client.has_feature(features.V4.flag):
        raise UsageError(
            f"kind: this server has no {config.kind}: version 4 brought them, and it runs "
            f"{client.info().get('version')}"
        )
    return client.get(config.kind, config.machine)


def served_by(config: Config, machine: Object) -> Served:
    """The agent's side of what :func:`find_machine` has found."""
    return Served(config.kind, str(machine["Uuid"]))
