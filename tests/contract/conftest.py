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


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A server and how to get in."""

    simulator: Any

    @property
    def url(self) -> str:
        return str(self.simulator.endpoint)

    @property
    def key(self) -> str:
        return f"{self.simulator.username}:{self.simulator.password}"

    @property
    def options(self) -> dict[str, Any]:
        """Connection options that work."""
        return {"endpoint": self.url, "key": self.key, "ca_path": self.simulator.ca}


@pytest.fixture(scope="session")
def simulator(request: pytest.FixtureRequest) -> Any:
    """The server named by RS_ENDPOINT and RS_KEY, or the embedded one."""
    named = os.environ.get("RS_ENDPOINT") and os.environ.get("RS_KEY")
    return request.getfixturevalue("real_server" if named else "embedded_server")


@pytest.fixture(scope="session")
def endpoint(simulator: Any) -> Endpoint:
    return Endpoint(simulator)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CA bundle of the user counts, and no proxy stands between a test and the server."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(autouse=True)
def without_faults(endpoint: Endpoint) -> Iterator[None]:
    """No fault outlives its test."""
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
