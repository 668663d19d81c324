# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the filter ``Profiles=In(name)``, which servers have since July 2019, before one that lacks it."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t
import urllib.parse

import requests
from patience import LIMIT

from simulator.launch import Simulator


@contextlib.contextmanager
def with_profiles_index(simulator: Simulator) -> t.Iterator[str]:
    """An endpoint, plain HTTP, that hands everything on and answers this one filter by itself."""
    session = requests.Session()
    session.trust_env = False
    session.verify = simulator.ca

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _mark, query = self.path.partition("?")
            pairs = urllib.parse.parse_qsl(query)
            rest = urllib.parse.urlencode([pair for pair in pairs if pair[0] != "Profiles"])
            wanted = [value[3:-1] for name, value in pairs if name == "Profiles"]
            answer = session.get(
                f"{simulator.endpoint}{path}?{rest}",
                headers={"Authorization": self.headers.get("Authorization", "")},
                timeout=LIMIT,
            )
            body = answer.content
            if wanted and answer.status_code == 200:
                machines = [one for one in answer.json() if set(wanted) & set(one["Profiles"])]
                body = json.dumps(machines).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
