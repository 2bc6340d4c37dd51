"""What is read from the Hub: the types of a card, of eval.yaml and of an earlier manifest.json."""

from typing import Any

from lethebench.contract.records import Inside, Record, Text


class NamedEntry(Record):
    """An entry of `configs` or `dataset_info` on the Hub."""

    config_name: Text = "default"


class HubCard(Record):
    """The YAML of a README.md on the Hub, as far as ours is merged with it."""

    tags: list[Text] | Text | None = None
    configs: list[NamedEntry] | None = None
    dataset_info: list[NamedEntry] | NamedEntry | None = None


class EvalTask(Record):
    """A task in eval.yaml."""

    id: Text
    split: Text | None = None


class EvalTasks(Record):
    """eval.yaml of a build on the Hub."""

    tasks: list[EvalTask]


class Earlier(Record):
    """manifest.json on the Hub, as far as a push replaces its files."""

    splits: dict[Text, Any]
    files: dict[Inside, Any]
