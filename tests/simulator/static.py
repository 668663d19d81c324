# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The static service: plain HTTP, no credentials, the boot files and what was uploaded."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from urllib.parse import unquote

from aiohttp import web

from .blobs import inside
from .render import machine_file
from .sendfile import send_file
from .server import Server


def static_handler(server: Callable[[], Server]) -> Callable[[web.BaseRequest], object]:
    """Serves the tree of whichever server is current."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405)
        now = server()
        name = unquote(request.raw_path.partition("?")[0]).lstrip("/")
        path = inside(now.root, name)
        if path.name == "index.html":
            return web.Response(status=301, headers={"Location": "./"})
        if path.is_dir() and not name.endswith("/"):
            return web.Response(status=301, headers={"Location": f"{path.name}/"})
        if path.is_dir() and (path / "index.html").is_file():
            path = path / "index.html"
        if path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return await send_file(request, path, kind)
        if path.is_dir():
            names = sorted(f"{p.name}/" if p.is_dir() else p.name for p in path.iterdir())
            body = "".join(f'<a href="{entry}">{entry}</a>\n' for entry in names)
            return web.Response(text=f"<pre>\n{body}</pre>\n", content_type="text/html")
        rendered = machine_file(now, name)
        if rendered is not None:
            return web.Response(text=rendered, content_type="text/plain")
        return web.Response(status=404, text="404 page not found\n")

    return handle
