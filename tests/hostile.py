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

OPTIONS_OF_SSH = {
    "proxy command": "-oProxyCommand=touch${IFS}" + "{mark};",
    "proxy command as two words": "-o ProxyCommand=touch${IFS}" + "{mark}",
    "another configuration": "-F/tmp/config",
    "a local forward": "-L2222:localhost:22",
    "after white space": " -oProxyCommand=touch${IFS}" + "{mark};",
    "after a line end": "\n-oProxyCommand=touch${IFS}" + "{mark};",
    "after a host": "192.0.2.1 -oProxyCommand=touch${IFS}" + "{mark};",
    "after a user": "root@-oProxyCommand=touch${IFS}" + "{mark};",
}
"""What a tool takes for an option where a host or a user was meant; ``{mark}`` is the file that is made."""

NO_HOSTS: dict[str, t.Any] = {
    **{name: text.replace("{mark}", "/tmp/mark") for name, text in OPTIONS_OF_SSH.items()},
    "two hosts": "192.0.2.1,192.0.2.2",
    "a pattern": "all:!web-1",
    "an expression": "{{ 6 * 7 }}",
    "a substitution": "$(touch /tmp/mark)",
    "back-quotes": "`touch /tmp/mark`",
    "a path": "../../etc/passwd",
    "a URL": "https://192.0.2.1/",
    "another user": "root@192.0.2.1",
    "a tab": "192.0.2.1\t",
    "a line end": "192.0.2.1\n",
    "a zero byte": "192.0.2.1\x00",
    "an escape sequence": "\x1b[2Jweb-1",
    "from right to left": "web\u202e-1",
    "without width": "web\u200b-1",
    "a scope with an option": "fe80::1%-oProxyCommand=x",
    "brackets": "[192.0.2.1]",
    "too long": "a" * 300,
    "a list": ["192.0.2.1", "-x"],
    "a map": {"192.0.2.1": 1},
    "true": True,
}
"""What is neither a host name nor an address, whatever it looks like."""

HOSTS = {
    "a name": "web-1",
    "a name with a domain": "web-1.example.com",
    "a name with an underscore": "web_1.example.com",
    "IPv4": "192.0.2.1",
    "IPv6": "2001:db8::1",
    "IPv6 with a scope": "fe80::1%eth0",
}

THE_CONTROLLER = {
    "its name": "localhost",
    "its name in other letters": "LocalHost",
    "its name with a domain": "localhost.localdomain",
    "its name for IPv6": "ip6-localhost",
    "in full width": "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
    "with a long s": "localho\u017ft",
    "IPv4": "127.0.0.1",
    "another of IPv4": "127.8.9.10",
    "any of IPv4": "0.0.0.0",
    "digits of full width": "\uff11\uff12\uff17.0.0.1",
    "IPv6": "::1",
    "any of IPv6": "::",
    "IPv6 with a scope": "::1%lo",
    "IPv4 in IPv6": "::ffff:127.0.0.1",
    "a number": "2130706433",
    "hexadecimal": "0x7f.1",
}
"""Spellings of the machine on which Ansible runs."""

NO_KEYS = ("../users/victim", "..", ".", "./victim", "x/../../users/victim", "a/./b", "../../info", "x/..")
"""Names that would lead to another object than they say."""

TERMINAL = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "cleared": "\x1b[2J\x1b[H",
    "back": "ok\r\x08\x08no",
    "C1": "\x9b31m",
}
"""What a terminal obeys."""

SEALED = {"Key": "a" * 43 + "=", "Nonce": "b" * 32, "Payload": "c" * 40}
NESTED_SECRETS: dict[str, t.Any] = {
    "a password in a map": {"bmc": {"user": "admin", "password": "planted-1"}},
    "a token in a list": {"hooks": [{"url": "https://x", "api_token": "planted-2"}]},
    "deep": {"a": {"b": [[{"c": {"Client-Secret": "planted-3"}}]]}},
    "sealed in a list": {"pins": [1, {**SEALED, "Payload": "planted-4"}]},
    "sealed in a map": {"pin": {"old": {**SEALED, "Payload": "planted-5"}}},
    "a map under a telling name": {"credentials": {"any": "planted-6"}},
}
"""Params that hold ``planted-<number>`` where nobody is to see it."""
PLANTED = "planted-"
