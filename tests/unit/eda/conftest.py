# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(drp_events, "PING_INTERVAL", 0.2)
    monkeypatch.setattr(drp_events, "TIMEOUT", 0.5)
    caplog.set_level(logging.INFO)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
