# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody between the machine and the static port has a kernel of their own."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from rogue_server import RogueServer, Seen, answer

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.host import kexec
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.served import Served
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls

MACHINE = "3e7031fe-0000-4000-8000-000000000001"
KERNEL, INITRD = b"kernel" * 1000, b"initrd" * 1000
TRUSTED = {
    "kernel": hashlib.sha256(KERNEL).hexdigest(),
    "initrd": hashlib.sha256(INITRD).hexdigest(),
    "params": "quiet root=/dev/ram0",
}


class Lab(t.NamedTuple):
    static: RogueServer
    ran: list[list[str]]
    values: dict[str, t.Any]
    load: t.Callable[..., None]


@pytest.fixture
def lab(serve: t.Any, connect: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    served = {"/k": KERNEL, "/i": INITRD}

    def respond(request: Seen) -> list[bytes]:
        if request.path.endswith("/kexec"):
            text = f"kernel {static.url}/k\ninitrd {static.url}/i\nparams init=/evil\n"
            return [answer(text.encode())]
        return [answer(served[request.path])]

    static: RogueServer = serve(respond)
    values: dict[str, t.Any] = {"kexec-ok": True, "last-boot-macaddr": "aa:bb"}
    ran: list[list[str]] = []
    (tmp_path / "cmdline").write_text("quiet")
    monkeypatch.setattr(params, "get", lambda _client, _kind, _key, name, **_options: values.get(name))
    monkeypatch.setattr(kexec.shutil, "which", lambda name: f"/sbin/{name}")

    def run(command: t.Sequence[str]) -> int:
        ran.append(list(command))
        return 0

    def load(endpoint: str = "https://127.0.0.1:9", **changes: t.Any) -> None:
        usual = {"trust": Tls(fingerprint="0" * 64), "token": "t0ken"}
        client = connect(endpoint, **{**usual, **changes})
        client._info = {"file_port": static.port, "prov_enabled": True}
        ran.clear()
        kexec.load_kernel(client, Served("machines", MACHINE), None, run, str(tmp_path / "cmdline"))

    return Lab(static, ran, values, load)


def test_a_pinned_server_is_not_bypassed(lab: Lab) -> None:
    for trust in (Tls(), Tls(ca_path=None, fingerprint="0" * 64), Tls(verify=False, fingerprint="0" * 64)):
        with pytest.raises(kexec.KexecUnavailable, match="plain HTTP"):
            lab.load(trust=trust)
    assert lab.ran == []
    assert lab.static.seen == []


def test_with_checksums_of_the_server(lab: Lab) -> None:
    lab.values[kexec.TRUSTED_BOOT] = TRUSTED
    lab.load()
    command = " ".join(lab.ran[0])
    assert "--command-line=quiet root=/dev/ram0 BOOTIF=aa:bb" in command
    assert "evil" not in command


@pytest.mark.parametrize("name", ["kernel", "initrd"])
def test_an_exchanged_file(lab: Lab, name: str) -> None:
    lab.values[kexec.TRUSTED_BOOT] = {**TRUSTED, name: "0" * 64}
    with pytest.raises(kexec.KexecUnavailable, match=f"the {name} that came"):
        lab.load()
    assert lab.ran == []


@pytest.mark.parametrize(
    "value", [{}, [], "x", 7, {**TRUSTED, "params": ""}, {**TRUSTED, "kernel": "latest"}]
)
def test_a_param_that_vouches_for_nothing(lab: Lab, value: t.Any) -> None:
    lab.values[kexec.TRUSTED_BOOT] = value
    with pytest.raises(kexec.KexecUnavailable, match="must hold"):
        lab.load()
    assert lab.ran == []


def test_where_nothing_proves_the_server_it_is_as_before(lab: Lab) -> None:
    lab.load(trust=Tls(verify=False))
    assert "init=/evil" in " ".join(lab.ran[0])
    lab.load("http://127.0.0.1:9", trust=Tls())
    assert lab.ran
