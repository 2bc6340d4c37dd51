"""Cards of datasets read by libyaml: `datasets` reads a card at every load, and PyYAML's own parser takes 20 ms."""

from functools import partial
from types import SimpleNamespace

import yaml
from huggingface_hub import repocard


def use_libyaml() -> None:
    """Make huggingface_hub, and nothing else, read YAML by libyaml where PyYAML has it."""
    safe_load = partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    repocard.yaml = SimpleNamespace(**{**vars(yaml), "safe_load": safe_load})
