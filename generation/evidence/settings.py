"""Surroundings of evidence, which suit any subject."""

from collections.abc import Mapping

from lethebench.generation.evidence import streets, tables, walls
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named

PLACES: Mapping[str, Mapping[str, Mapping[str, Setting]]] = {
    "wall": {
        "train": named(walls.wallpaper, walls.hoarding, walls.lobby, walls.plaster),
        "test": named(walls.underground, walls.brickwork, walls.concrete),
    },
    "table": {
        "train": named(tables.desk, tables.carpet, tables.linen),
        "test": named(tables.marble, tables.leather, tables.felt),
    },
    "street": {
        "train": named(streets.street, streets.yard, streets.avenue),
        "test": named(streets.shopfront, streets.quay, streets.tunnel_mouth),
    },
}
"""Where things are -> use -> name -> setting. Training and testing share none."""
