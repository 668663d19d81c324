# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A session whose token is in a file: replacing the file replaces the token of a running agent."""

from __future__ import annotations

from ...client.auth import TokenSession, check_token
from ...client.errors import LoginRequired, UsageError


class FileSession(TokenSession):
    """A machine token is never renewed by itself; one that is refused is read again from the file, once."""

    def __init__(self, path: str) -> None:
        """UsageError when there is no token in the file."""
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

    def explain(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            f"the endpoint does not accept the token in {self._path}: it is expired, or another server "
            "issued it. Write a new one there; the agent reads it without a restart",
            type="AUTH",
            code=error.code,
        )


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"token_file: {path} cannot be read: {error}") from error
