"""Official releases as input: name -> the import of it. Adding one adds a line here."""

from lethebench.builders.importing.base import Import
from lethebench.builders.importing.mllmu import MllmuImport
from lethebench.builders.importing.mlu import MluImport

IMPORTS: dict[str, Import] = {
    "mllmu": MllmuImport(),
    "mlu": MluImport(),
}
