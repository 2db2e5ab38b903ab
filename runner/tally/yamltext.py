"""YAML as Kubernetes' own reader understands it, which is not quite what PyYAML does.

To kubectl 12:30 and 2026-01-01 are texts, 1e3 is a number and y a bool; to PyYAML it is the other way round.
"""

import re
import sys
from typing import Any

import yaml

_INTEGER = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_TAKEN_FOR_ANOTHER = re.compile(r"[yYnN]$|0o[0-7]+$|" + _DECIMAL.pattern)
_READ_OTHERWISE = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read(text: str) -> list[object]:
    """Read all documents.

    Args:
        text: YAML, or JSON.

    Raises:
        ValueError: It is neither; the message is one line, without a full stop.
    """
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def write(manifest: dict[str, Any]) -> str:
    """Write one document as a person would: a schedule in quotes, a script line by line.

    Args:
        manifest: An object of Kubernetes.
    """
    text: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return text


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own)
        first: [(tag, pattern) for tag, pattern in known if tag not in _READ_OTHERWISE]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _DECIMAL, list("-+0123456789."))


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


_Dumper.add_representer(str, _text)


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|"
    return '"' if " " in text or _TAKEN_FOR_ANOTHER.match(text) else None
