# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A session whose token is in a file: replacing the file replaces the token of a running agent."""

from __future__ import annotations

import os

from ...client.auth import TokenSession, check_token
from ...client.errors import LoginRequired, TokenRevoked, UsageError

_ADVICE = "Write a new one there; the agent reads it without a restart"


class FileSession(TokenSession):
    """A machine token is never renewed by itself; one that is refused is read again from its file, once.

    ``path`` may name several files, separated by colons: the one that was written last counts.  So a copy
    that systemd has made at the start of the service gives way to a token that was written since.
    """

    def __init__(self, path: str) -> None:
        """UsageError when there is no token in any of the files."""
        self._path = path
        super().__init__(_read(path))

    def replace_token(self, refused: str, fail_fast: bool = False) -> bool:  # noqa: ARG002  the protocol's signature
        try:
            found = check_token(_read(self._path))
        except UsageError:
            return False
        if found == refused:
            return False
        self._token = found
        self.secrets.add(found)
        return True

    def on_token_revoked(self) -> TokenRevoked:
        return TokenRevoked(
            f"the token in {self._path} was revoked, because the password or the secret that it depends on "
            f"was changed. {_ADVICE}",
            type="AUTH",
            code=403,
        )

    def explain(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            f"the endpoint does not accept the token in {self._path}: it is expired, or another server "
            f"issued it. {_ADVICE}",
            type="AUTH",
            code=error.code,
        )


def _read(paths: str) -> str:
    """What is in the newest of the files."""
    newest, text = -1.0, ""
    problem: Exception | None = None
    for path in filter(None, paths.split(os.pathsep)):
        try:
            with open(path, encoding="utf-8") as file:
                written = os.fstat(file.fileno()).st_mtime
                if written > newest:
                    newest, text = written, file.read()
        except (OSError, UnicodeDecodeError) as error:
            problem = error
    if newest < 0:
        raise UsageError(f"token_file: {paths} cannot be read: {problem}") from problem
    return text
