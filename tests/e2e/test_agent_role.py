# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of one host, from a bare system to a provisioned machine and back.

Each test goes on where the one before it has ended.
"""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from conftest import PlaybookRunner
from container import NspawnContainer
from patience import eventually

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

HERE = Path(__file__).parent
UNIT = "/etc/systemd/system/drp-agent.service"
DISK = {"Name": "e2e-disk", "OS": {"Name": "e2e-disk"}, "Templates": []}
PROVISION: dict[str, t.Any] = {
    "provision_hosts": "box",
    "provision_content": [str(HERE / "pack.yml")],
    "provision_bootenvs": [{"spec": DISK}],
    "provision_workflow": "e2e",
    "provision_roles": ["handover"],
    "provision_timeout": 120,
}
# what Ansible, systemd and the interpreter leave of themselves is not ours
IGNORED = ["/proc/*", "/sys/*", "/run/*", "/tmp/*", "/var/log/*", "/var/tmp/*"]
IGNORED += ["/root/.ansible*", "*/__pycache__*"]
FILES = "find / -xdev " + " ".join(f"-not -path '{pattern}'" for pattern in IGNORED) + " | sort"


def machine(api: Api) -> dict[str, t.Any]:
    found: dict[str, t.Any] = api("GET", "machines/Name:box").json()
    return found


def jobs(api: Api, workflow: str) -> list[dict[str, t.Any]]:
    """The jobs of the box in a workflow, in the order they were made."""
    found = [
        job for job in api("GET", "jobs").json() if job["Workflow"] == workflow and ":" not in job["Task"]
    ]
    return sorted(found, key=lambda job: str(job["StartTime"]))


def job_of(api: Api, uuid: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = api("GET", f"jobs/{uuid}").json()
    return found


def log(api: Api, job: dict[str, t.Any]) -> str:
    return str(api("GET", f"jobs/{job['Uuid']}/log").text)


@pytest.fixture(scope="module")
def bare(box: NspawnContainer) -> str:
    """All files of the system before anything was done to it."""
    return box.run(FILES)


def test_check_mode_on_a_bare_host(stage: PlaybookRunner, box: NspawnContainer, api: Api, bare: str) -> None:
    played = stage.role("main", "--check", "--diff")
    assert played.changed > 5
    assert "+Type=notify" in played.output
    assert box.run(FILES) == bare
    assert [item["Name"] for item in api("GET", "machines").json()] == []


def test_bad_input(stage: PlaybookRunner) -> None:
    told = stage.role(fails=True, agent_endpoint="drp:8092").output
    assert 'agent_endpoint: "drp:8092" is not a URL such as https://drp.example.com:8092' in told
    told = stage.role(fails=True, agent_create_machine=False).output
    assert "hosts: the server has no machine for box. Set create: true" in told
    told = stage.role(fails=True, agent_idle_wait="soon").output
    assert "agent_idle_wait" in told


def test_provision(stage: PlaybookRunner, box: NspawnContainer, api: Api, bare: str) -> None:
    before = box.boot_id()
    played = stage.play("digitalrebar.provision.provision", **PROVISION)
    done = [job["Task"] for job in jobs(api, "e2e")]
    assert done == ["e2e-first", "e2e-restart", "e2e-second", "e2e-last"], played.output
    assert {job["State"] for job in jobs(api, "e2e")} == {"finished"}
    first, restart, second, last = (log(api, job) for job in jobs(api, "e2e"))
    assert "first on box" in first
    assert "asking for a reboot" in restart
    assert "second, after a reboot" in second
    assert "last, in e2e-disk" in last
    assert box.boot_id() != before
    assert box.run("cat /root/first-boot") == before
    # the user's own role saw what DRP knows by then
    assert box.run("cat /root/handed-over") == "e2e e2e-installed was here"
    assert (machine(api)["Stage"], machine(api)["BootEnv"]) == ("e2e-installed", "e2e-disk")


def test_the_same_again_changes_nothing(stage: PlaybookRunner, box: NspawnContainer) -> None:
    pid = box.run("systemctl show -p MainPID drp-agent")
    assert stage.play("digitalrebar.provision.provision", **PROVISION).changed == 0
    assert stage.role("main", "--check").changed == 0
    assert box.run("systemctl show -p MainPID drp-agent") == pid


def test_no_secret_of_an_administrator_is_there(
    stage: PlaybookRunner, box: NspawnContainer, api: Api
) -> None:
    token = box.run("cat /etc/drp-agent/tokens/*")
    assert box.run("stat -c '%a %U' /etc/drp-agent/tokens/* /etc/drp-agent/agent.yml") == "600 root\n600 root"
    assert box.run("stat -c '%a' /etc/drp-agent /etc/drp-agent/tokens /var/lib/drp-agent") == "700\n700\n700"
    own = {"Authorization": f"Bearer {token}"}
    assert api("GET", f"machines/{machine(api)['Uuid']}", headers=own).status_code == 200
    assert api("GET", "users", headers=own).json() == []
    assert api("POST", "profiles", headers=own, json={"Name": "mine"}).status_code == 403
    other = api("POST", "machines", json={"Name": "other"}).json()["Uuid"]
    assert api("GET", f"machines/{other}", headers=own).status_code == 404
    api("DELETE", f"machines/{other}")


def test_another_token(stage: PlaybookRunner, box: NspawnContainer) -> None:
    before = box.run("cat /etc/drp-agent/tokens/*")
    played = stage.role(agent_token_rotate=True)
    assert box.run("cat /etc/drp-agent/tokens/*") != before
    assert before not in played.output
    assert stage.role().changed == 0
    # half of its life is over
    box.run("touch -d '200 days ago' /etc/drp-agent/tokens/*")
    assert stage.role().changed > 0
    assert box.run("drp-agent check | grep -c FAIL || true") == "0"


def test_the_age_of_a_token_is_the_same_in_all_time_zones(
    stage: PlaybookRunner, box: NspawnContainer
) -> None:
    half = 31536000 // 2
    for zone in ("America/New_York", "Asia/Tokyo"):
        for age, renewed in ((half - 3600, False), (half + 3600, True)):
            box.run(f"touch -d @$(( $(date +%s) - {age} )) /etc/drp-agent/tokens/*")
            before = box.run("cat /etc/drp-agent/tokens/*")
            stage.role("main", "--tags", "token", environment={"TZ": zone})
            assert (box.run("cat /etc/drp-agent/tokens/*") != before) == renewed, (zone, age)


def test_another_length_of_life_is_another_token(stage: PlaybookRunner, box: NspawnContainer) -> None:
    """Or one minted for an hour would be taken for one that lives a year."""
    before = box.run("cat /etc/drp-agent/tokens/*")
    stage.role(agent_token_ttl=3600)
    short = box.run("cat /etc/drp-agent/tokens/*")
    assert short != before
    stage.role()
    assert box.run("cat /etc/drp-agent/tokens/*") not in (before, short)
    assert stage.role().changed == 0


def test_a_token_that_the_server_refuses_is_replaced(
    stage: PlaybookRunner, box: NspawnContainer, api: Api
) -> None:
    """Whatever its age: somebody has changed the secret that it depends on."""
    name = f"drp-agent-{machine(api)['Uuid']}"
    secret = [{"op": "replace", "path": "/Secret", "value": "another"}]
    assert api("PATCH", f"users/{name}", json=secret).status_code == 200
    assert box.run("drp-agent check | grep -c FAIL || true") == "1"
    assert "write a fresh token" in box.run("drp-agent check || true")
    assert stage.role().changed > 0
    assert box.run("drp-agent check | grep -c FAIL || true") == "0"
    assert stage.role().changed == 0


def test_another_user_is_another_token(stage: PlaybookRunner, box: NspawnContainer, api: Api) -> None:
    before = box.run("ls /etc/drp-agent/tokens")
    stage.role(agent_token_user=USERNAME)
    assert box.run("ls /etc/drp-agent/tokens") != before
    token = box.run("cat /etc/drp-agent/tokens/*")
    stage.role(agent_token=token)
    assert stage.role(agent_token=token).changed == 0
    stage.role()
    assert box.run("ls /etc/drp-agent/tokens") == before
    assert box.run("cat /etc/drp-agent/tokens/*") != token
    assert stage.role().changed == 0


def test_a_token_is_revoked_under_a_running_job(
    stage: PlaybookRunner, box: NspawnContainer, api: Api
) -> None:
    """The agent takes up the token that the role writes, though its service has a copy of the old one."""
    box.run("rm -f /root/long")
    known = {job["Uuid"] for job in jobs(api, "e2e-long")}
    stage_job(api, "e2e-long")
    eventually(lambda: box.attempt("test -s /root/long").returncode == 0)
    secret = [{"op": "replace", "path": "/Secret", "value": "yet another"}]
    assert api("PATCH", f"users/drp-agent-{machine(api)['Uuid']}", json=secret).status_code == 200
    assert stage.role().changed > 0
    (job,) = [job for job in jobs(api, "e2e-long") if job["Uuid"] not in known]
    assert job["State"] == "finished"
    assert "line 200" in log(api, job)
    assert box.run("cat /root/long") == "started\nended"


def test_a_restart_is_not_lost_when_the_role_fails_before_it(
    stage: PlaybookRunner, box: NspawnContainer
) -> None:
    pid = box.run("systemctl show -p MainPID drp-agent")
    box.run("mount -t tmpfs -o noexec tmpfs /var/lib/drp-runner")
    options = {"agent_settings": {"task_timeout": 77}}
    assert "noexec" in stage.role(fails=True, **options).output
    assert box.run("systemctl show -p MainPID drp-agent") == pid
    box.run("umount /var/lib/drp-runner")
    # that the settings of the process are old, and the restart
    assert stage.role("main", "--check", **options).changed == 2
    assert stage.role(**options).changed == 2
    assert box.run("systemctl show -p MainPID drp-agent") != pid
    assert stage.role(**options).changed == 0
    stage.role()


def test_options_given_as_text(stage: PlaybookRunner, box: NspawnContainer) -> None:
    """As ``-e agent_service_enabled=false`` gives them."""
    names = ("agent_validate_certs", "agent_create_machine", "agent_token_rotate", "agent_service_enabled")
    names += ("agent_verify", "agent_drpcli")
    flags = [word for name in names for word in ("-e", f"{name}=false")]
    stage.role("main", *flags)
    assert box.attempt("systemctl is-active drp-agent").returncode != 0
    assert box.attempt("systemctl is-enabled drp-agent").returncode != 0
    assert "validate_certs: false" in box.run("cat /etc/drp-agent/agent.yml")
    assert stage.role("main", *flags).changed == 0
    flags = ["-e", "agent_service_enabled=true", "-e", "agent_verify=yes", "-e", "agent_validate_certs=true"]
    stage.role("main", *flags)
    assert box.run("systemctl is-active drp-agent") == "active"
    assert stage.role("main", *flags, "-e", "agent_idle_wait=60").changed == 0


def test_module_defaults_of_the_play(stage: PlaybookRunner, server: Simulator) -> None:
    """Who configures the modules by them, and sets no variable of the environment, needs nothing else."""
    bare = {"RS_ENDPOINT": "", "RS_KEY": "", "RS_CA_PATH": ""}
    defaults = {"endpoint": server.endpoint, "username": USERNAME, "password": PASSWORD}
    options = {"agent_endpoint": server.endpoint, "agent_ca_src": str(server.ca)}
    told = stage.role(fails=True, environment=bare, **options).output
    assert "no credentials" in told
    defaults["ca_path"] = str(server.ca)
    assert stage.role(environment=bare, defaults=defaults, **options).changed == 0
    # the role's own options go before them
    wrong = {**defaults, "endpoint": "https://127.0.0.1:1"}
    options["agent_controller_endpoint"] = server.endpoint
    assert stage.role(environment=bare, defaults=wrong, **options).changed == 0


def test_the_agent_is_killed(stage: PlaybookRunner, box: NspawnContainer, api: Api) -> None:
    box.run("rm -f /root/long")
    known = {job["Uuid"] for job in jobs(api, "e2e-long")}
    stage_job(api, "e2e-long")
    eventually(lambda: box.attempt("test -s /root/long").returncode == 0)
    box.run("systemctl kill -s KILL --kill-whom=main drp-agent")
    (uuid,) = {job["Uuid"] for job in jobs(api, "e2e-long")} - known
    eventually(lambda: job_of(api, uuid)["State"] == "finished")
    assert {job["Uuid"] for job in jobs(api, "e2e-long")} - known == {uuid}
    assert "line 200" in log(api, job_of(api, uuid))


def test_an_upgrade_while_a_job_runs(stage: PlaybookRunner, box: NspawnContainer, api: Api) -> None:
    box.run("rm -f /root/long; echo >> /usr/local/bin/drp-agent")  # another version, and the job is long
    known = {job["Uuid"] for job in jobs(api, "e2e-long")}
    stage_job(api, "e2e-long")
    eventually(lambda: box.attempt("test -s /root/long").returncode == 0)
    pid = box.run("systemctl show -p MainPID drp-agent")
    assert stage.role("upgrade").changed > 0
    new = [job for job in jobs(api, "e2e-long") if job["Uuid"] not in known]
    assert [job["State"] for job in new] == ["finished"]
    assert "line 200" in log(api, new[0])
    assert box.run("cat /root/long") == "started\nended"
    assert box.run("systemctl show -p MainPID drp-agent") != pid
    assert stage.role("upgrade").changed == 0


def test_how_exposed_the_service_is(box: NspawnContainer, capsys: pytest.CaptureFixture[str]) -> None:
    told = box.run("systemd-analyze security --no-pager drp-agent | tail -1")
    with capsys.disabled():
        print(f"\n{told}")
    assert "Overall exposure level for drp-agent.service" in told
    assert box.run("systemd-analyze verify drp-agent.service 2>&1 | grep drp-agent || true") == ""


def test_drpcli_from_the_server(stage: PlaybookRunner, box: NspawnContainer, api: Api) -> None:
    arch = box.run("uname -m").replace("x86_64", "amd64").replace("aarch64", "arm64")
    content = b"#!/bin/sh\necho version 3.12\n"
    raw = {"Content-Type": "application/octet-stream"}
    assert api("POST", f"files/drpcli.{arch}.linux", data=content, headers=raw).status_code == 201
    only = ["--tags", "drpcli"]
    wrong = stage.role("main", *only, fails=True, agent_drpcli=True, agent_drpcli_sha256="0" * 64)
    assert "0" * 64 in wrong.output, wrong.output
    digest = hashlib.sha256(content).hexdigest()
    assert stage.role("main", *only, agent_drpcli=True, agent_drpcli_sha256=digest).changed == 1
    assert stage.role("main", *only, agent_drpcli=True).changed == 0
    assert box.run("drpcli") == "version 3.12"


def test_uninstall(stage: PlaybookRunner, box: NspawnContainer, api: Api, bare: str) -> None:
    token = box.run("cat /etc/drp-agent/tokens/*")
    uuid = machine(api)["Uuid"]
    assert stage.role("uninstall", "--check").changed > 0
    # what cannot be ended now can be ended later: the files that say what it is are still there
    lost = stage.role("uninstall", fails=True, agent_controller_endpoint="https://127.0.0.1:1")
    assert "127.0.0.1:1" in lost.output
    assert stage.role("uninstall", agent_delete_machine=True, agent_drpcli=True).changed > 0
    assert stage.role("uninstall").changed == 0
    assert api("GET", f"machines/{uuid}").status_code == 404
    left = set(box.run(FILES).splitlines()) - set(bare.splitlines())
    ours = {"/root/first-boot", "/root/handed-over", "/root/long"}
    assert {
        path for path in left - ours if not path.startswith(("/var/lib/systemd", "/var/cache", "/etc/.pwd"))
    } == set()
    assert "drp-agent" not in box.run("systemctl list-units --all --plain --no-legend 'drp*'")
    # v3.12 takes the token of a user that is gone until its life ends, but it may do nothing any more
    useless = {"Authorization": f"Bearer {token}"}
    assert api("GET", "stages", headers=useless).json() == []
    assert api("POST", "stages", json={"Name": "new"}, headers=useless).status_code == 403
    assert [user["Name"] for user in api("GET", "users").json() if user["Name"].startswith("drp-agent")] == []


def stage_job(api: Api, workflow: str) -> None:
    """Have the box run a workflow from its beginning."""
    uuid = machine(api)["Uuid"]
    clear = [{"op": "replace", "path": "/Workflow", "value": ""}]
    begin = [
        {"op": "replace", "path": "/Workflow", "value": workflow},
        {"op": "replace", "path": "/Runnable", "value": True},
    ]
    assert api("PATCH", f"machines/{uuid}", json=clear).status_code == 200
    assert api("PATCH", f"machines/{uuid}", json=begin).status_code == 200
