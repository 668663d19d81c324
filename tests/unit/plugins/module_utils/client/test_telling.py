# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message keeps its words when one of them happens to be somebody's password."""

from __future__ import annotations

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.masking import is_telling, mask

MESSAGE = "Key 'pin': invalid value true: the param of admin must be a string, not open-sesame"


@pytest.mark.parametrize("secret", ["", "a", "pin", "true", "admin", "ADMIN", "param", "string"])
def test_words_of_any_message_are_not_masked(secret: str) -> None:
    assert not is_telling(secret)
    assert mask(MESSAGE, {secret}) == MESSAGE


def test_other_secrets_are() -> None:
    assert is_telling("open-sesame")
    assert "open-sesame" not in mask(MESSAGE, {"true", "open-sesame"})
