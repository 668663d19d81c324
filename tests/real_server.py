# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server in the place of the embedded one: RS_ENDPOINT and RS_KEY name it, ``reset`` empties it.

What only the embedded server can do is refused: a test that needs it bears a marker for it.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import typing as t
import urllib.parse
import uuid
from pathlib import Path

import requests

# in this order nothing is still in use when its turn comes; jobs go once their machines are gone
KINDS = (
    "machines", "jobs", "workflows", "stages", "bootenvs", "tasks", "templates", "plugins", "profiles",
    "params", "leases", "reservations", "subnets", "cows", "typed-cows",
)  # fmt: skip
KEYS = {"templates": "ID", "machines": "Uuid", "jobs": "Uuid", "leases": "Addr", "reservations": "Addr"}
PREFS = {
    "defaultWorkflow": "", "defaultStage": "none", "defaultBootEnv": "local", "unknownBootEnv": "ignore",
    "knownTokenTimeout": "3600", "unknownTokenTimeout": "600",
    **dict.fromkeys(
        ("logLevel", "debugBootEnv", "debugDhcp", "debugFrontend", "debugPlugins", "debugRenderer"), "warn"
    ),
}  # fmt: skip

# the only way to the token of a machine: a file that the server renders for it
TOKEN_FILE = {
    "Name": "token-of-a-machine",
    "OS": {"Name": "token-of-a-machine"},
    "Templates": [
        {"Name": "token", "Path": "token-of-{{.Machine.UUID}}", "Contents": "{{.GenerateToken}}"},
    ],
}


class RealServer:
    """Offers what tests use of ``simulator.launch.Simulator``, as far as any server can."""

    def __init__(self, folder: Path) -> None:
        self.endpoint = os.environ["RS_ENDPOINT"].rstrip("/")
        self.username, _, self.password = os.environ["RS_KEY"].partition(":")
        place = urllib.parse.urlsplit(self.endpoint)
        certificate = ssl.get_server_certificate((place.hostname or "", place.port or 8092))
        self.fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        self.ca = str(folder / "server.pem")
        Path(self.ca).write_text(certificate)
        self._session = requests.Session()
        self._session.verify, self._session.trust_env = self.ca, False
        self._session.auth = (self.username, self.password)
        token = self._get(f"users/{self.username}/token?ttl=86400")["Token"]
        self._session.auth = None
        self._session.headers["Authorization"] = f"Bearer {token}"
        info = self._get("info")
        self.static = f"http://{place.hostname}:{info['file_port']}"
        # what the server brings along stays
        self._files = set(self._all_files())
        self._machine_tokens: dict[str, str] = {}

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(f"a real server has no {name}: mark the test with what it needs")

    def reset_stats(self) -> None:
        """Nothing is counted, so there is nothing to forget."""

    def clear_faults(self) -> None:
        """There are no faults."""

    def identity_for_a_token(self) -> dict[str, str]:
        """Members of a machine that is yet to be created, and for which ``machine_token`` will work.

        A token holds for the UUID and the secret of a machine.  So it is made for a machine that has both
        and exists only until its file was rendered.
        """
        identity = {"Uuid": str(uuid.uuid4()), "Secret": uuid.uuid4().hex}
        name = TOKEN_FILE["Name"]
        self._call("POST", "bootenvs", json=TOKEN_FILE).raise_for_status()
        self._call("POST", "machines", json={"Name": name, "BootEnv": name, **identity}).raise_for_status()
        answer = self._session.get(f"{self.static}/token-of-{identity['Uuid']}", timeout=60)
        answer.raise_for_status()
        self._machine_tokens[identity["Uuid"]] = answer.text
        self._delete("machines", identity["Uuid"])
        self._delete("bootenvs", str(name))
        return identity

    def machine_token(self, machine: str) -> str:
        """The token of a machine that was created with ``identity_for_a_token``."""
        return self._machine_tokens[machine]

    def reset(self) -> None:
        """Remove whatever a test may have left."""
        for kind in KINDS:
            for obj in self._get(kind) or []:
                if kind != "profiles" or obj["Name"] != "global":
                    self._delete(kind, str(obj[KEYS.get(kind, "Id" if "cows" in kind else "Name")]))
        for user in self._get("users"):
            if user["Name"] != self.username:
                self._delete("users", user["Name"])
        for pack in self._get("contents"):
            if pack["meta"]["Type"] == "dynamic":
                self._delete("contents", pack["meta"]["Name"])
        for iso in self._get("isos"):
            self._delete("isos", iso)
        for path in self._all_files():
            if path not in self._files:
                self._delete("files", path)
        self._call("POST", "profiles/global/params", json={})
        self._call("POST", "prefs", json=PREFS)

    def _all_files(self, folder: str = "") -> list[str]:
        found = []
        for name in self._get(f"files?path={urllib.parse.quote(folder or '/')}") or []:
            path = f"{folder}/{name}".rstrip("/")
            # what is inside comes before the folder itself
            found += [*self._all_files(path), path] if name.endswith("/") else [path]
        return found

    def _call(self, method: str, path: str, **options: t.Any) -> requests.Response:
        return self._session.request(method, f"{self.endpoint}/api/v3/{path}", timeout=60, **options)

    def _get(self, path: str) -> t.Any:
        answer = self._call("GET", path)
        return answer.json() if answer.status_code == 200 else None

    def _delete(self, kind: str, key: str) -> None:
        # objects of the server itself and of packs answer that they are read-only
        self._call("DELETE", f"{kind}/{urllib.parse.quote(key.lstrip('/'))}")
