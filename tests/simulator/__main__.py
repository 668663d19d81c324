# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: ``python -m simulator``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from .serve import serve
from .server_profile import V3_12, V3_12_LICENSED
from .v4.server_profile import V4


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="API port, 0 for any free one")
    parser.add_argument("--static-port", type=int, default=0, help="static file port, 0 for any free one")
    parser.add_argument("--state-dir", type=Path, help="folder for certificate and files; kept at the end")
    parser.add_argument("--v4", action="store_true", help="behave like a v4 server instead of v3.12")
    parser.add_argument("--licensed", action="store_true", help="let roles and tenants be written (v3.12)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input ends")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drp-simulator-") as temporary:
        folder = options.state_dir or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(
            serve(
                folder.resolve(),
                options.port,
                options.static_port,
                exit_with_stdin=options.exit_with_stdin,
                server_profile=V4 if options.v4 else V3_12_LICENSED if options.licensed else V3_12,
            )
        )


if __name__ == "__main__":
    main()
