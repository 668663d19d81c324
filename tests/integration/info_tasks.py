# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that ask, and a server with something to ask about."""

from __future__ import annotations

import typing as t

from checkout import ansible_core
from playbook_runner import Task

from simulator.testing import Api

SCRIPT = "#!/bin/sh\necho {{.Machine.Name}}"


def task(module: str, **options: t.Any) -> Task:
    """A task of ``drp_<module>``."""
    return {f"digitalrebar.provision.drp_{module}": options}


def looked_up(expression: str, **variables: t.Any) -> Task:
    """A task whose result holds the value of a template under ``msg``."""
    return {"ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, "vars": variables}


def as_shown(value: t.Any) -> t.Any:
    """What a template that holds nothing but ``value`` comes to: a number is a text before core 2.19."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if number and ansible_core() < (2, 19) else value


def add(api: Api, kind: str, **members: t.Any) -> dict[str, t.Any]:
    """A new object, as the server answers."""
    answer = api("POST", kind, json=members)
    assert answer.status_code == 201, answer.text
    return t.cast("dict[str, t.Any]", answer.json())


def limited(api: Api, name: str = "limited", password: str = "hunter2") -> dict[str, str]:
    """Credentials of a new user who may do nothing."""
    add(api, "users", Name=name)
    api("PUT", f"users/{name}/password", json={"Password": password}).raise_for_status()
    return {"username": name, "password": password}


def run_jobs(api: Api, *logs: str, fail_last: bool = False) -> tuple[str, list[str]]:
    """A machine ``worker`` with one job for each of ``logs``; its UUID and theirs, the oldest first."""
    names = [f"say-{number}" for number in range(len(logs))]
    for name in names:
        add(api, "tasks", Name=name, Templates=[{"Name": "run", "Contents": SCRIPT}])
    add(api, "stages", Name="saying", Tasks=names)
    machine = add(api, "machines", Name="worker", Stage="saying")["Uuid"]
    jobs = []
    for number, log in enumerate(logs):
        job = add(api, "jobs", Machine=machine)["Uuid"]
        jobs.append(job)
        octets = {"Content-Type": "application/octet-stream"}
        api("PUT", f"jobs/{job}/log", data=log.encode(), headers=octets).raise_for_status()
        last = number == len(logs) - 1
        state = "failed" if fail_last and last else "finished"
        patch = [{"op": "replace", "path": "/State", "value": state}]
        api("PATCH", f"jobs/{job}", json=patch).raise_for_status()
    return machine, jobs
