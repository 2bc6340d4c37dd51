"""Structured answers: JSON schemas of a few kinds, and the check of an answer against its schema."""

import json
from collections.abc import Collection, Mapping
from typing import Any

Schema = Mapping[str, Any]


class RejectedError(ValueError):
    """An answer that cannot be used; its text tells the model why."""


def text() -> Schema:
    """Return the schema of a text."""
    return {"type": "string"}


def whole() -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer"}


def choice(values: Collection[str]) -> Schema:
    """Return the schema of one of several texts."""
    return {"type": "string", "enum": list(values)}


def items(schema: Schema, count: int) -> Schema:
    """Return the schema of a list of `count` items."""
    return {"type": "array", "items": schema, "minItems": count, "maxItems": count}


def record(**properties: Schema) -> Schema:
    """Return the schema of an object that has exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse(answer: str, schema: Schema) -> Any:
    """Return the content of an answer, which may be in a code fence or have text around it.

    Raises:
        RejectedError: It is no JSON, or has another form than the schema.
    """
    start, end = answer.find("{"), answer.rfind("}")
    try:
        content = json.loads(answer[start : end + 1]) if start >= 0 else None
    except (ValueError, RecursionError):
        content = None
    if content is None:
        raise RejectedError("it is not one complete JSON object")
    check(content, schema)
    return content


def check(content: Any, schema: Schema, path: str = "the answer") -> None:
    """Raise RejectedError unless a value has the form of a schema."""
    kind = schema["type"]
    if kind == "object":
        if not isinstance(content, dict):
            raise RejectedError(f"{path} must be an object")
        properties = schema["properties"]
        for name in [*properties, *content]:
            if name not in content or name not in properties:
                raise RejectedError(f"{path} {'lacks' if name in properties else 'must not have'} {name!r:.60}")
            check(content[name], properties[name], name if path == "the answer" else f"{path}.{name}")
    elif kind == "array":
        if not isinstance(content, list) or len(content) != schema["minItems"]:
            raise RejectedError(f"{path} must be a list of {schema['minItems']} items")
        for number, item in enumerate(content, start=1):
            check(item, schema["items"], f"item {number} of {path}")
    elif kind == "integer":
        if not isinstance(content, int) or isinstance(content, bool):
            raise RejectedError(f"{path} must be a whole number")
    elif not isinstance(content, str) or not content.strip():
        raise RejectedError(f"{path} must be a text")
    elif "enum" in schema and content not in schema["enum"]:
        raise RejectedError(f"{path} is {content!r:.80}, which is not one of the choices")
