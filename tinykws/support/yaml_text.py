# SPDX-License-Identifier: Apache-2.0
"""Reads YAML as people expect it: `yes`, `no`, `on`, `off` are text (as in YAML 1.2), and a key may occur only once."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tinykws.support.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """SafeLoader, but only true and false are booleans, and a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))


def load_yaml(text: str, *, source: str) -> dict[str, Any]:
    """Reads a YAML mapping; `source` names it in errors. Raises ConfigError."""
    try:
        values = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, TypeError) as error:
        raise ConfigError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{source} holds no keys", hint="write lines such as `words: [yes, no]`")
    return values
