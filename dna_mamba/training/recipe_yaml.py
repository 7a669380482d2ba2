"""Recipes as YAML, where names stay as they are written: ``2``, ``010`` and ``1:30`` are contigs, not numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dna_mamba.errors import InputError


class TextKeys(NamedTuple):
    """Keys whose values are text, or lists of it, whatever else YAML 1.1 might read there.

    Attributes:
        paths: such keys, each with the sections it stands in.
        of_items: such keys in mappings that stand among those values.
    """

    paths: frozenset[tuple[str, ...]] = frozenset()
    of_items: tuple[str, ...] = ()


NO_TEXT = TextKeys()
_PREFIX = "tag:yaml.org,2002:"
_STRING, _NULL, _MERGE = _PREFIX + "str", _PREFIX + "null", _PREFIX + "merge"


def read_yaml(path: str | Path, overrides: tuple[str, ...] = (), text: TextKeys = NO_TEXT) -> dict[str, Any]:
    """The mapping in a YAML file, with ``a.b=value`` overrides, values read as YAML, those of ``text`` as text.

    Raises:
        InputError: the file is missing or not a YAML mapping, or an override has no value or no place to go.
    """
    try:
        content = _load(Path(path).read_text(encoding="utf-8"), text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", place=path, remedy="give a YAML recipe") from None
    except yaml.YAMLError as error:
        raise InputError(f"is not YAML: {' '.join(str(error).split())}", place=path, remedy="correct it") from None
    if not isinstance(content, dict):
        raise InputError("is not a YAML mapping", place=path, remedy="see pipelines/recipes for examples")
    for override in overrides:
        apply_override(content, override, text)
    return content


def apply_override(content: dict[str, Any], override: str, text: TextKeys = NO_TEXT) -> None:
    """Set ``a.b`` of a recipe to what stands after ``=``, read as YAML. Raises InputError as ``read_yaml`` does."""
    key, equals, value = override.partition("=")
    path = tuple(key.split("."))
    if not equals or not all(path):
        raise InputError(f"--set {override!r} is not key=value", remedy="write, for example, --set schedule.steps=100")
    *parents, leaf = path
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise InputError(f"--set {override!r}: {parent!r} is not a section of the recipe")
    try:
        content[leaf] = _load(value, text, path)
    except yaml.YAMLError:
        raise InputError(f"--set {override!r}: the value is not YAML", remedy="quote it") from None


def _load(source: str, text: TextKeys, path: tuple[str, ...] = ()) -> Any:
    """What a text holds, safely; ``path`` is the key that it is the value of."""
    loader = yaml.SafeLoader(source)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _keep_text(node, text, path)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _keep_text(node: yaml.Node, text: TextKeys, path: tuple[str, ...]) -> None:
    """Take the scalars below the keys of ``text`` as they are written.

    Null in place of a list is left: it is refused later rather than taken for a contig, or for none.
    """
    if path in text.paths:
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
            node.tag = _STRING
        for item in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(item, yaml.ScalarNode) and item.value and item is not node:
                item.tag = _STRING
            for key, value in _entries(item) if isinstance(item, yaml.MappingNode) else ():
                if key in text.of_items and isinstance(value, yaml.ScalarNode):
                    value.tag = _STRING
    elif isinstance(node, yaml.MappingNode):
        for key, value in _entries(node):
            _keep_text(value, text, (*path, key))


def _entries(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """Keys and values of a mapping, merged ones (``<<``) included."""
    for key, value in node.value:
        if key.tag == _MERGE:
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(merged, yaml.MappingNode):
                    yield from _entries(merged)
        elif isinstance(key, yaml.ScalarNode):
            yield key.value, value
