# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that differs between the releases of ansible-core; nothing else asks for a version or tries an import.

Each entry names the release that makes it needless.  When that release is the oldest supported one, the
entry goes, and its callers call Ansible.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible import constants, errors
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.release import __version__
from ansible.utils import unsafe_proxy
from ansible.utils.vars import combine_vars

OLDEST = (2, 16)
"""The oldest supported release; meta/runtime.yml says the same, but Ansible only warns."""
CORE = tuple(int(number) for number in re.findall(r"\d+", __version__)[:2])

_TEXTS_ARE_TEMPLATES = CORE < (2, 19)
"""Before 2.19 every text in a variable is a template, wherever it came from."""
_TEMPLATE_MARKS = ("{{", "{%", "{#")


def too_old() -> str:
    """What to tell the user of a release that is too old; "" for all others.  Needed for ever."""
    if CORE >= OLDEST:
        return ""
    oldest = ".".join(map(str, OLDEST))
    return f"digitalrebar.provision needs ansible-core {oldest} or newer, and this is {__version__}"


def require_core(error: t.Callable[[str], Exception]) -> None:
    """Raise ``error`` on a release that is too old."""
    if too_old():
        raise error(too_old())


def may_be_template(text: str) -> bool:
    """Whether Ansible could find something to evaluate in a text."""
    return "{" in text and any(mark in text for mark in _TEMPLATE_MARKS)


# ---- 2.19: only texts that are trusted are templates ---------------------------------------------------


def as_data(value: t.Any) -> t.Any:
    """``value`` from a server, safe to be a variable: no text in it is evaluated.  Needless from 2.19.

    Before, texts with the marks of a template are marked as unsafe, names in maps too.  Others stay plain:
    tools that read the output of ansible-inventory know no marked texts.  What needs no mark is returned
    itself, not a copy.
    """
    return _marked(value) if _TEXTS_ARE_TEMPLATES else value


def _marked(value: t.Any) -> t.Any:
    if isinstance(value, str):
        if may_be_template(value):
            return unsafe_proxy.wrap_var(value)
        return str.__str__(value) if isinstance(value, unsafe_proxy.AnsibleUnsafe) else value
    if isinstance(value, dict):
        pairs = [(_marked(name), _marked(inner)) for name, inner in value.items()]
        same = all(new is old for pair, item in zip(pairs, value.items()) for new, old in zip(pair, item))
        return value if same else dict(pairs)
    if isinstance(value, (list, tuple)):
        items = [_marked(inner) for inner in value]
        return value if all(new is old for new, old in zip(items, value)) else items
    return value


# ---- 2.19: omit is an error, and no text that stands for it --------------------------------------------

try:
    ValueOmittedError = errors.AnsibleValueOmittedError
except AttributeError:

    class ValueOmittedError(Exception):  # type: ignore[no-redef]
        """The value of a template is ``omit``.  Needless from 2.19."""


_OMIT = "__omit_place_holder__digitalrebar.provision"


def template(templar: t.Any, value: t.Any, **options: t.Any) -> t.Any:
    """``value`` with its templates evaluated; ValueOmittedError when that comes to ``omit``.

    From 2.19 the ``template`` of the templar does just that.  ``options`` are those of older ones.
    """
    if not _TEXTS_ARE_TEMPLATES:
        return templar.template(value)
    variables = templar.available_variables
    omit = variables.get("omit")
    if omit is not None:
        return _without_omitted(templar.template(value, **options), omit)
    templar.available_variables = {**variables, "omit": _OMIT}
    try:
        return _without_omitted(templar.template(value, **options), _OMIT)
    finally:
        templar.available_variables = variables


def template_text(templar: t.Any, text: str) -> str:
    """A text with its templates evaluated, still a text; ValueOmittedError when that comes to ``omit``.

    Before 2.19 templating turns texts that look like lists, maps or booleans into those, unless told not to.
    """
    options = {"convert_data": False} if _TEXTS_ARE_TEMPLATES else {}
    return str(template(templar, text, **options))


def _without_omitted(value: t.Any, omit: str) -> t.Any:
    if isinstance(value, str) and value == omit:
        raise ValueOmittedError
    if isinstance(value, dict):
        return {name: _without_omitted(inner, omit) for name, inner in value.items() if inner != omit}
    if isinstance(value, list):
        return [_without_omitted(inner, omit) for inner in value if inner != omit]
    return value


# ---- 2.19: expressions keep the types of their values --------------------------------------------------


def evaluate_expression(plugin: t.Any, expression: t.Any, variables: t.Mapping[str, t.Any]) -> t.Any:
    """What Jinja makes of an expression of a constructed inventory, in its own type.

    From 2.19 Constructable does just that.  Before, it would turn numbers into texts, and texts that look
    like lists or maps into those; the way through JSON keeps them as they are.
    """
    if not _TEXTS_ARE_TEMPLATES:
        return plugin._compose(expression, variables)
    templar = plugin.templar
    extra = plugin._vars if plugin.get_option("use_extra_vars") else None
    templar.available_variables = combine_vars(variables, extra) if extra else variables
    source = "{{ (" + str(expression) + ") | ansible.builtin.to_json }}"
    document = templar.template(source, convert_data=False, disable_lookups=True)
    return as_data(json.loads(document))


def evaluate_conditional(templar: t.Any, condition: t.Any) -> bool:
    """Whether a condition holds.  From 2.19 the templar has a method of this name."""
    if not _TEXTS_ARE_TEMPLATES:
        return bool(templar.evaluate_conditional(condition))
    source = "{% if " + str(condition) + " %} True {% else %} False {% endif %}"
    return bool(boolean(templar.template(source)))


# ---- 2.19: a failure without an exception shows none -----------------------------------------------------


def action_failure(message: str) -> errors.AnsibleActionFail:
    """What an action raises to fail with a message.  From 2.19 AnsibleActionFail does.

    Before, its result is taken as it is: the message would be a template, and "NoneType: None" a traceback.
    """
    failure = errors.AnsibleActionFail(as_data(message))
    if _TEXTS_ARE_TEMPLATES:
        failure.result.pop("exception", None)
    return failure


# ---- 2.18: plugins remember where their options come from ----------------------------------------------


if CORE >= (2, 18):

    class OptionOrigins:
        """Mixin of plugins that ask ``get_option_and_origin``.  Needless from 2.18."""

else:

    class OptionOrigins:  # type: ignore[no-redef]
        """Mixin of plugins that ask ``get_option_and_origin``.  Needless from 2.18.

        Before, that method looks at the environment and at defaults only.
        """

        _option_sources: t.ClassVar[dict[str, t.Any]] = {}

        def set_options(
            self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None
        ) -> None:
            self._option_sources = {"keys": task_keys, "variables": var_options, "direct": direct}  # type: ignore[misc]
            super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)  # type: ignore[misc]

        def get_option_and_origin(self, option: str, hostvars: t.Any = None) -> tuple[t.Any, str]:
            sources = dict(getattr(self, "_option_sources", {}))
            if hostvars is not None:
                sources["variables"] = hostvars
            try:
                found = constants.config.get_config_value_and_origin(
                    option, plugin_type=self.plugin_type, plugin_name=self._load_name, **sources
                )
            except errors.AnsibleError as error:
                raise KeyError(str(error)) from None
            return t.cast("tuple[t.Any, str]", found)
