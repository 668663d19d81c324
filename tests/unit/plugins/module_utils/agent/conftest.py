# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is made of plastic: it remembers what it was asked, and answers what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import NotFound


class FakeClient:
    """The few calls of a client that the decisions of the agent need."""

    endpoint = "https://drp.example.com:8092"

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.params: dict[str, Any] = {}
        self.features: list[str] = []
        self.patches: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.on_job_request: Callable[[dict[str, Any]], Any] = lambda wanted: wanted
        self.patch_with: Callable[..., Any] = lambda kind, key, operations: self.objects.get((kind, key), {})

    def get(self, kind: str, key: str) -> dict[str, Any]:
        try:
            return self.objects[kind, key]
        except KeyError:
            raise NotFound("Not Found", model=kind, key=key, code=404) from None

    def find(self, kind: str, key: str) -> dict[str, Any] | None:
        return self.objects.get((kind, key))

    def request_job(self, wanted: dict[str, Any]) -> Any:
        return self.on_job_request(wanted)

    def patch(self, kind: str, key: str, operations: list[dict[str, Any]]) -> Any:
        self.patches.append((kind, key, operations))
        return self.patch_with(kind, key, operations)

    def has_feature(self, name: str) -> bool:
        return name in self.features

    def info(self) -> dict[str, Any]:
        return {"file_port": 8091, "features": self.features}

    def token(self) -> str:
        return "the-token-of-the-agent"


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()
