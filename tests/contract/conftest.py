# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that the contract is checked against: the simulator, or a real one.

With both RS_ENDPOINT and RS_KEY in the environment of pytest that server is used, whatever its
certificate is; all objects that the tests make there are removed again.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError

KEY = "rocketskates:r0cketsk8ts"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A server and how to get in; ``simulator`` is None for a real one."""

    url: str
    key: str
    simulator: Any = None

    @property
    def options(self) -> dict[str, Any]:
        """Connection options that work."""
        trust = {"ca_path": self.simulator.ca} if self.simulator else {"validate_certs": False}
        return {"endpoint": self.url, "key": self.key, **trust}


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    url, key = os.environ.get("RS_ENDPOINT"), os.environ.get("RS_KEY")
    if url and key:
        return Endpoint(url, key)
    running = request.getfixturevalue("simulator")
    return Endpoint(running.endpoint, KEY, running)


@pytest.fixture(autouse=True)
def no_proxy(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CA bundle of the user counts, and no proxy stands between a test and the simulator."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if endpoint.simulator:
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(autouse=True)
def without_faults(endpoint: Endpoint) -> Iterator[None]:
    """No fault outlives its test."""
    if endpoint.simulator is None:
        yield
        return
    endpoint.simulator.reset_stats()
    yield
    endpoint.simulator.clear_faults()


@pytest.fixture
def connect(endpoint: Endpoint) -> Iterator[Callable[..., Client]]:
    """Makes clients from the working options and what a test changes in them; None removes one."""
    made: list[Client] = []

    def make(**changes: Any) -> Client:
        options = {
            name: value for name, value in {**endpoint.options, **changes}.items() if value is not None
        }
        made.append(settings.connect(settings.resolve(options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()


class ObjectFactory:
    """Makes objects with names that nobody else uses and removes them, the last one first."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.made: list[tuple[str, str]] = []
        self._stem = f"ct-{uuid.uuid4().hex[:8]}"
        self._numbers = itertools.count(1)

    def name(self) -> str:
        return f"{self._stem}-{next(self._numbers):02}"

    def make(self, kind: str, **members: Any) -> dict[str, Any]:
        item = {"Name": self.name(), **members}
        # remembered first: a request that seems to fail may have worked
        self.made.append((kind, f"Name:{item['Name']}"))
        return self.client.create(kind, item)

    def clean(self) -> None:
        for kind, key in reversed(self.made):
            try:
                self.client.delete(kind, key)
            except DrpError as error:
                if error.code != 404:
                    raise


@pytest.fixture
def factory(endpoint: Endpoint) -> Iterator[ObjectFactory]:
    with settings.connect(settings.resolve({**endpoint.options, "token_cache": ""})) as client:
        shop = ObjectFactory(client)
        yield shop
        shop.clean()
