# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's own environment decides how it reaches servers, in the controller as on the target."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy, connect_proxy
from info_tasks import add, task
from playbook_runner import PlaybookRunner, Task

from simulator.testing import Api

WAYS = ("controller", "target")


@pytest.fixture
def proxy() -> t.Iterator[ConnectProxy]:
    with connect_proxy() as running:
        yield running


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the process say something else than those of the tasks."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def asked(run_in: str, environment: dict[str, t.Any], **options: t.Any) -> Task:
    return {**task("info", run_in=run_in, token_cache="", **options), "environment": environment}


def outcomes(run_tasks: PlaybookRunner, *environments: dict[str, t.Any], **options: t.Any) -> list[str]:
    """What tasks with these environments say, "" for those that succeed; the same in both ways."""
    told = []
    for run_in in WAYS:
        played = run_tasks(*(asked(run_in, environment, **options) for environment in environments))
        told.append([result["msg"] if result["failed"] else "" for result in played.results])
    assert told[0] == told[1]
    return told[0]


def test_proxies(run_tasks: PlaybookRunner) -> None:
    """Which of the tasks go through a proxy: those that are told to, and those only."""
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(connect_proxy()) for _ in range(5)]
        upper, lower, bypassed, network, other = (proxy.url for proxy in proxies)
        told = outcomes(
            run_tasks,
            {},
            {"HTTPS_PROXY": upper},
            {"https_proxy": lower, "HTTPS_PROXY": upper},
            {"HTTPS_PROXY": bypassed, "NO_PROXY": "127.0.0.1"},
            {"ALL_PROXY": network, "no_proxy": "127.0.0.0/8"},
            {"HTTP_PROXY": other},
        )
        asked = [proxy.asked for proxy in proxies]
    server = f"CONNECT {run_tasks.simulator.endpoint.removeprefix('https://')}"
    assert told == [""] * 6
    assert asked == [[server] * len(WAYS), [server] * len(WAYS), [], [], []]


def test_bundles(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    del run_tasks.defaults["ca_path"]
    ca = run_tasks.simulator.ca
    told = outcomes(
        run_tasks,
        {},
        {"REQUESTS_CA_BUNDLE": ca},
        {"CURL_CA_BUNDLE": ca},
        {"REQUESTS_CA_BUNDLE": str(tmp_path / "absent")},
        {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "{{ '" + ca + "' }}"},
    )
    assert "is not trusted" in told[0]
    assert told[3] == f"REQUESTS_CA_BUNDLE: {tmp_path / 'absent'} cannot be read"
    assert (told[1], told[2], told[4]) == ("", "", "")


def test_each_item_of_a_loop_has_its_own(run_tasks: PlaybookRunner, proxy: ConnectProxy) -> None:
    """The client is kept for the next item only where that reaches the server in the same way."""
    looped = {**asked("controller", {"HTTPS_PROXY": "{{ item }}"}), "loop": ["", proxy.url, "", proxy.url]}
    [result] = run_tasks(looped).results
    assert [item["failed"] for item in result["results"]] == [False] * 4
    assert len(proxy.asked) == 1


@pytest.mark.needs_counters
@pytest.mark.parametrize("run_in", WAYS)
def test_events_and_downloads(run_tasks: PlaybookRunner, proxy: ConnectProxy, run_in: str) -> None:
    """The websocket and what is fetched from the web go the same way as requests."""
    add(Api(run_tasks.simulator), "machines", Name="m1")
    del run_tasks.defaults["ca_path"]
    environment = {"REQUESTS_CA_BUNDLE": run_tasks.simulator.ca, "HTTPS_PROXY": proxy.url}
    played = run_tasks(
        {
            **task("wait", name="m1", until="stage=never", timeout=5, run_in=run_in),
            "environment": environment,
        },
        {
            **task("content", src="http://192.0.2.1/pack.yml", run_in=run_in),
            "environment": {**environment, "HTTPS_PROXY": "", "HTTP_PROXY": proxy.url},
        },
    )
    assert "wanted: 'never'" in played[0]["msg"]
    assert run_tasks.simulator.stats()["websockets_opened"] == 1
    assert "403" in played[1]["msg"]
    server = f"CONNECT {run_tasks.simulator.endpoint.removeprefix('https://')}"
    assert proxy.asked == [server, server, "GET http://192.0.2.1/pack.yml"]
