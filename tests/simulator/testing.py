# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short forms for tests of the simulator itself: write to a server, talk to a running server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from . import objects
from .launch import Simulator
from .server import Server
from .store import Row


@dataclass
class Objects:
    """Short forms for writing to a server."""

    server: Server

    def add(self, prefix: str, **members: Any) -> Row:
        model = self.server.store[prefix].model
        return objects.create(self.server, model, model.decode(members), "user:test")

    def change(self, row: Row, **members: Any) -> Row:
        now = self.row(row.model.prefix, row.key)
        return objects.update(self.server, now, {**now.copy(), **members}, "user:test")

    def row(self, prefix: str, key: str) -> Row:
        return self.server.store[prefix].rows[key]


class Api:
    """A session with the running simulator."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = sim.ca
        self.login()

    def login(self) -> None:
        url = f"{self.sim.endpoint}/api/v3/users/{self.sim.username}/token"
        token = self.session.get(url, auth=(self.sim.username, self.sim.password)).json()["Token"]
        self.authorization = f"Bearer {token}"
        self.session.headers["Authorization"] = self.authorization

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self.session.request(
            method, f"{self.sim.endpoint}/api/v3/{path}", json=json, timeout=30, **options
        )
