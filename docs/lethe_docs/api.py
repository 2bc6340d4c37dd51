"""Pages of the Python API, from the names that packages export, their signatures and docstrings."""

import ast
import inspect
import re
from importlib import import_module
from typing import Any

from lethe_docs.links import arxiv_link, toctree

PACKAGES = {
    "lethebench": "The sequence of requests of a build.",
    "lethebench.builders": "Build, verify and read benchmarks.",
    "lethebench.baselines": "Trainers of the unlearning methods, the embedded model, presets.",
    "lethebench.baselines.losses": "Losses of the methods as functions of tensors.",
    "lethebench.evaluation.likelihood": "Exact log-probabilities of answers.",
    "lethebench.evaluation.metrics": "Metrics as functions of arrays.",
    "lethebench.evaluation.judges.protocol": "What a judge of your own implements.",
}
"""Package -> what it is for; its page has the names of `__all__`, or its public functions and classes."""
_SECTION = re.compile(r"^(Args|Arguments|Parameters|Attributes|Returns|Raises|Yields|Examples?):\s*$", re.M)
_DOCTEST = re.compile(r"^>>> .*\n?(?:^(?!```).+\n?)*", re.M)
_NAMES = r"[a-z_<][\w<>]*(?:, [\w<>.]+)*"
_ENTRY = re.compile(rf"^(\*{{0,2}}[\w.*` ]+?|{_NAMES})(?: \(.*?\))?: ?(.*)$", re.S)


def pages() -> dict[str, str]:
    """Return path -> Markdown of the pages of the API, and of their index."""
    names = {package: package.removeprefix("lethebench.").replace(".", "-") for package in PACKAGES}
    rows = "\n".join(f"- [`{package}`]({names[package]}.md): {what}" for package, what in PACKAGES.items())
    index = f"# Python API\n\n{rows}\n\nWhat is not listed here may change in any version.\n"
    contents = {f"api/{names[package]}.md": _page(package) for package in PACKAGES}
    return {"api/index.md": index + toctree(names.values())} | contents


def _page(package: str) -> str:
    module = import_module(package)
    exported = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == package
    ]
    members = {name: getattr(module, name) for name in exported if not name.startswith("__")}
    documented = {name: value for name, value in members.items() if inspect.isfunction(value) or inspect.isclass(value)}
    documented = {name: value for name, value in documented.items() if "Function" not in _bases(value)}
    ordered = sorted(documented.items(), key=lambda pair: (inspect.isfunction(pair[1]), pair[0].lower()))
    return (
        "\n\n".join(
            [
                f"# {package.removeprefix('lethebench.')}",
                PACKAGES[package],
                *(
                    [markdown(notes)]
                    if (notes := inspect.cleandoc(module.__doc__ or "").partition("\n")[2].strip())
                    else []
                ),
                *(_entry(name, value, package) for name, value in ordered),
            ]
        )
        + "\n"
    )


def _bases(value: Any) -> set[str]:
    """Return the names of the classes that a class is derived from; empty for a function."""
    return {base.__name__ for base in getattr(value, "__mro__", ())}


def _entry(name: str, value: Any, package: str) -> str:
    kind = "class" if inspect.isclass(value) else "function"
    body = markdown(inspect.cleandoc(value.__dict__.get("__doc__") or "" if kind == "class" else value.__doc__ or ""))
    if kind == "class":
        body += "".join(_member(member, item) for member, item in vars(value).items() if not member.startswith("_"))
    fence = "`" * 6
    return f"{fence}{{py:{kind}}} {package}.{name}{_signature(value)}\n\n{body}\n{fence}"


def _member(name: str, value: Any) -> str:
    function = value.fget if isinstance(value, property) else getattr(value, "__func__", getattr(value, "func", value))
    doc = getattr(function, "__doc__", None)
    if not (inspect.isfunction(function) and doc):
        return ""
    kind = "method" if inspect.isfunction(value) or isinstance(value, classmethod | staticmethod) else "property"
    signature = _signature(function) if kind == "method" else ""
    return f"\n\n`````{{py:{kind}}} {name}{signature}\n\n{markdown(inspect.cleandoc(doc))}\n`````"


def _signature(value: Any) -> str:
    """Return the signature without types, which the docstring gives in words; "" for a class with many fields."""
    try:
        parameters = [item for item in inspect.signature(value).parameters.values() if item.name not in ("self", "cls")]
    except (TypeError, ValueError):
        return ""
    if len(parameters) > 12:
        return "(...)"
    text = str(inspect.Signature([item.replace(annotation=inspect.Parameter.empty) for item in parameters]))
    try:
        ast.parse(f"def f{text}: pass")
    except SyntaxError:  # a default without a literal form
        bare = [
            item.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty) for item in parameters
        ]
        text = "(" + ", ".join(item.name for item in bare) + ")"
    return text


def markdown(doc: str) -> str:
    """Return a docstring in Google style as Markdown."""
    doc = _DOCTEST.sub(lambda match: f"\n```pycon\n{match[0].rstrip()}\n```\n", doc)
    parts = _SECTION.split(doc.replace("[`", "`").replace("`]", "`"))
    text = [_escaped(parts[0].strip())]
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        section, _, after = _until_dedent(body)
        lines = inspect.cleandoc("\n" + section)
        if title.startswith("Example"):
            text += [f"**{title}**", f"```python\n{lines}\n```"]
        else:
            text += [f"**{title}**", _items(lines, title)]
        text += [_escaped(after.strip())] if after.strip() else []
    return "\n\n".join(text)


def _until_dedent(body: str) -> tuple[str, str, str]:
    lines = body.splitlines()
    end = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    return "\n".join(lines[:end]), "", "\n".join(lines[end:])


def _items(text: str, title: str) -> str:
    """Return the entries of a section as a list; Returns and Yields, which have none, as a paragraph."""
    entries = re.split(r"\n(?=\S)", text)
    if title in ("Returns", "Yields") and not all(re.match(rf"{_NAMES}: ", entry) for entry in entries):
        return _escaped(" ".join(text.split()))
    lines = []
    for entry in entries:
        match = _ENTRY.match(entry)
        meaning = " ".join((match[2] if match else entry).split())
        lines.append(f"- `{match[1].strip('` ')}`: {_escaped(meaning)}" if match else f"- {_escaped(meaning)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return a text in which angle brackets and asterisks outside of code are no markup, and papers are links."""
    parts = re.split(r"(```.*?```|`[^`]*`|(?:^    .*$\n?)+)", text, flags=re.S | re.M)
    return "".join(
        part if number % 2 else arxiv_link(re.sub(r"([<*\[\]])", r"\\\1", part)) for number, part in enumerate(parts)
    )
