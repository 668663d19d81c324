# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server in the place of the embedded one: RS_ENDPOINT and RS_KEY name it.

Tests that count requests (``needs_counters``) reach it through a proxy. What only the embedded server can do
is refused: a test that needs it bears a marker for it.
"""

from __future__ import annotations

import hashlib
import ssl
import typing as t
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

import requests
from counting_proxy import CountingProxy

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
    """Offers what tests use of ``simulator.launch.Simulator``, as far as any server can.

    ``reset`` removes all that is there if the server ``may_be_emptied``, else what was not there at first.
    """

    def __init__(self, folder: Path, endpoint: str, key: str, may_be_emptied: bool) -> None:
        self._direct = endpoint.rstrip("/")
        self.username, _, self.password = key.partition(":")
        place = urllib.parse.urlsplit(self._direct)
        certificate = ssl.get_server_certificate((place.hostname or "", place.port or 8092))
        self._direct_ca = folder / "server.pem"
        self._direct_ca.write_text(certificate)
        self._fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        self._proxy = CountingProxy(self._direct, folder)
        # a certificate that is not good for itself is hidden behind that of the proxy
        self.counting, self._always_counting = False, not self._is_trusted()
        self._session = requests.Session()
        self._session_url = self.endpoint
        self._session.verify, self._session.trust_env = self.ca, False
        self._log_in()
        self.static = f"http://{place.hostname}:{self._get('info')['file_port']}"
        self.offers = {"needs_counters"}
        """Of what tests may need."""
        if self._get("plugin_providers/incrementer"):
            self.offers.add("needs_incrementer")
        self._machine_tokens: dict[str, str] = {}
        # what the server brings along stays
        self._kept = {("files", path) for path in self._all_files()}
        prefs = self._get("prefs")
        self._prefs, self._global = {**PREFS, "baseTokenSecret": prefs["baseTokenSecret"]}, {}
        if not may_be_emptied:
            self._kept |= set(self._everything())
            self._prefs = {name: prefs[name] for name in self._prefs if name in prefs}
            self._global = self._get("profiles/global")["Params"]

    @property
    def endpoint(self) -> str:
        return self._proxy.endpoint if self._through_proxy else self._direct

    @property
    def ca(self) -> str:
        return str(self._proxy.certificate.cert if self._through_proxy else self._direct_ca)

    @property
    def fingerprint(self) -> str:
        return self._proxy.certificate.fingerprint if self._through_proxy else self._fingerprint

    @property
    def _through_proxy(self) -> bool:
        return self.counting or self._always_counting

    def _is_trusted(self) -> bool:
        try:
            requests.get(f"{self._direct}/api/v3", verify=str(self._direct_ca), timeout=60)
        except requests.exceptions.SSLError:
            return False
        return True

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(f"a real server has no {name}: mark the test with what it needs")

    def stats(self) -> dict[str, int]:
        self._require_counting()
        return self._proxy.stats()

    def log(self) -> list[dict[str, t.Any]]:
        self._require_counting()
        return list(self._proxy.log)

    def _require_counting(self) -> None:
        """A count of nothing proves nothing."""
        if not self._through_proxy:
            raise AttributeError("nothing is counted: mark the test with needs_counters")

    def reset_stats(self) -> None:
        self._proxy.reset()

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
        for kind, key in self._everything():
            if (kind, key) not in self._kept:
                self._delete(kind, key)
        self._call("POST", "profiles/global/params", json=self._global)
        self._call("POST", "prefs", json=self._prefs)
        self.reset_stats()
        self._proxy.log.clear()

    def _everything(self) -> Iterator[tuple[str, str]]:
        """Kind and key of what can be removed, in an order in which that works."""
        for kind in KINDS:
            for obj in self._get(kind) or []:
                if kind != "profiles" or obj["Name"] != "global":
                    yield kind, str(obj[KEYS.get(kind, "Id" if "cows" in kind else "Name")])
        for user in self._get("users"):
            if user["Name"] != self.username:
                yield "users", user["Name"]
        for pack in self._get("contents"):
            if pack["meta"]["Type"] == "dynamic":
                yield "contents", pack["meta"]["Name"]
        yield from (("isos", iso) for iso in self._get("isos"))
        yield from (("files", path) for path in self._all_files())

    def _all_files(self, folder: str = "") -> list[str]:
        found = []
        for name in self._get(f"files?path={urllib.parse.quote(folder or '/')}") or []:
            path = f"{folder}/{name}".rstrip("/")
            # what is inside comes before the folder itself
            found += [*self._all_files(path), path] if name.endswith("/") else [path]
        return found

    def _call(self, method: str, path: str, **options: t.Any) -> requests.Response:
        url = f"{self._session_url}/api/v3/{path}"
        answer = self._session.request(method, url, timeout=60, **options)
        if answer.status_code in (401, 403):  # a test may revoke all tokens
            self._log_in()
            answer = self._session.request(method, url, timeout=60, **options)
        return answer

    def _log_in(self) -> None:
        login = (self.username, self.password)
        url = f"{self._session_url}/api/v3/users/{self.username}/token?ttl=86400"
        answer = requests.get(url, auth=login, verify=self._session.verify, timeout=60)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['Token']}"

    def _get(self, path: str) -> t.Any:
        answer = self._call("GET", path)
        return answer.json() if answer.status_code == 200 else None

    def _delete(self, kind: str, key: str) -> None:
        # objects of the server itself and of packs answer that they are read-only
        self._call("DELETE", f"{kind}/{urllib.parse.quote(key.lstrip('/'))}")
