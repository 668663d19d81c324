# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile server, or whoever may write there, could put anywhere: all of it is data.

``command`` makes the file that the environment variable ``MARK`` names.
"""

from __future__ import annotations

import typing as t

MARK = "HOSTILE_MARK"

TEXTS = {
    "command": "{{ lookup('pipe', 'touch ' ~ lookup('env', '" + MARK + "')) }}",
    "expression": "{{ 6 * 7 }}",
    "in words": "rack {{ 6 * 7 }} of {{ ansible_user }}",
    "undefined": "{{ there_is_no_such_variable }}",
    "omit": "{{ omit }}",
    "statement": "{% if true %}evaluated{% endif %}",
    "comment": "{# a comment #}shown",
    "only a comment": "{# a comment #}",
    "unclosed": "{{ 6 * ",
    "raw": "{% raw %}{{ 6 * 7 }}{% endraw %}",
    "nested": "{{ '{{ 6 * 7 }}' }}",
    "unsafe tag": "!unsafe {{ 6 * 7 }}",
    "vault tag": "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3161",
    "header": "#jinja2: variable_start_string:'[['\n[[ 6 * 7 }} {{ 6 * 7 }}",
    "list": "['{{ 6 * 7 }}', 1]",
    "map": '{"a": "{{ 6 * 7 }}"}',
    "bool": "True",
    "number": "42",
}

MAPS: dict[str, dict[str, t.Any]] = {
    "unsafe": {"__ansible_unsafe": "{{ 6 * 7 }}"},
    "vault": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3161"},
    "trusted": {"__ansible_type": "TrustedAsTemplate", "value": "{{ 6 * 7 }}"},
    "name": {"{{ 6 * 7 }}": "plain", "plain": ["{{ 6 * 7 }}", {"{% if true %}": "{#"}]},
}
