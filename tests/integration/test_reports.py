# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people copy and paste: scripts from Windows, tokens with other characters, the URLs of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from info_tasks import task
from playbook_runner import PlaybookRunner, machine, thing

from agentlab import SANE, Agents
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.machine_agent import AgentFailed

WAYS = ["controller", "target"]
NO_TOKENS = {
    "a quote of a text processor": "eyJhbGciOiJIUzI1NiJ9\u2019planted",
    "two lines": "eyJhbGciOiJIUzI1NiJ9\nplanted",
    "a word before it": "Bearer eyJhbGciOiJIUzI1NiJ9planted",
    "a zero byte": "eyJhbGciOiJIUzI1NiJ9\x00planted",
    "a space without width": "eyJhbGciOiJIUzI1NiJ9\u200bplanted",
    "another script": "\u0440\u0440planted",
}


@pytest.mark.needs_faults
@pytest.mark.parametrize("start", ["#!/bin/bash", "#!/usr/bin/env bash", "#!/bin/sh -e"])
def test_a_script_with_line_ends_of_windows(run_tasks: PlaybookRunner, tmp_path: Path, start: str) -> None:
    """The log of the job says what is wrong with it, and tasks show that log."""
    script = {"Name": "hello", "Contents": f"{start}\r\necho hello\r\n"}
    written = run_tasks(
        thing(kind="tasks", spec={"Name": "windows", "Meta": SANE, "Templates": [script]}),
        thing(kind="stages", spec={"Name": "windows", "Tasks": ["windows"]}),
        machine(name="web-1", stage="windows"),
    )
    assert written.changed == [True] * 3, written.output
    agents = Agents(run_tasks.simulator, tmp_path / "agent")
    with pytest.raises(AgentFailed):
        agents.run(written[2]["machine"])
    agents.client.close()
    played = run_tasks(
        task("job_info", machine="web-1", log_lines=20),
        task("wait", name="web-1", until="stage=never", fail_when="available=true"),
    )
    for text in ("\n".join(played[0]["log"]), played[1]["msg"]):
        assert "first line ends with a carriage return" in text
        assert "No such file" not in text


@pytest.mark.parametrize("where", WAYS)
def test_a_token_that_no_header_can_hold(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults = {name: run_tasks.defaults[name] for name in ("endpoint", "ca_path")}
    tokens = list(NO_TOKENS.values()) if where == "controller" else list(NO_TOKENS.values())[:2]
    asked = [machine(name="web-1", run_in=where, token=token) for token in tokens]
    asked += [
        {**machine(name="web-1", run_in=where), "environment": {"RS_TOKEN": tokens[0]}},
    ]
    played = run_tasks(*asked)
    for result in played.results[:-1]:
        assert result["msg"].startswith("token: holds white space or other characters that no token has")
    assert played.results[-1]["msg"].startswith("RS_TOKEN: holds white space or other characters")
    assert not any(played.changed)
    assert "planted" not in played.output
    assert "latin-1" not in played.output


@pytest.mark.parametrize("where", WAYS)
def test_endpoints_as_other_tools_want_them(run_tasks: PlaybookRunner, where: str) -> None:
    base = run_tasks.simulator.endpoint
    ends = ["/api/v3", "/api/v3/", "/api/v3//", "/", "//"]
    ends = ends if where == "controller" else ends[:2]
    played = run_tasks(*[task("info", run_in=where, endpoint=base + end) for end in ends])
    assert [result["failed"] for result in played.results] == [False] * len(ends), played.output
    for environment in (
        {"RS_ENDPOINT": f"{base}/api/v3/"},
        {"RS_ENDPOINTS": f"https://127.0.0.1:1/api/v3 {base}/api/v3"},
    ):
        run_tasks.defaults = {name: run_tasks.defaults[name] for name in ("username", "password", "ca_path")}
        [result] = run_tasks({**task("info", run_in=where), "environment": environment}).results
        assert not result["failed"], result


@pytest.mark.parametrize("where", WAYS)
def test_endpoints_that_lead_elsewhere(run_tasks: PlaybookRunner, where: str) -> None:
    """A path of the portal, or the URL of an object, is told by name, and no password in it is shown."""
    base = run_tasks.simulator.endpoint
    signed = base.replace("https://", "https://ann:hush-hush@")
    urls = {
        f"{base}/#/e/127.0.0.1:8092/machines": "is not a URL such as",
        f"{base}/api/v3?x=1": "is not a URL such as",
        f"{signed}/?x=1": "is not a URL such as",
        "ann:hush-hush@127.0.0.1:8092": "is not a URL such as",
        f"{signed}/api/v3": "a user name or password does not belong in the URL",
        f"{base}/api/v3/machines": f"is a URL of something on the server; use {base}",
    }
    played = run_tasks(*[task("info", run_in=where, endpoint=url) for url in urls])
    for (url, text), result in zip(urls.items(), played.results, strict=True):
        assert result["failed"], url
        assert text in result["msg"], url
        assert "hush-hush" not in result["msg"]
