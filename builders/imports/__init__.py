"""Official releases as input: name -> the import of it. Adding one adds a line here."""

from lethebench.builders.imports.mllmu.importer import MllmuImport
from lethebench.builders.imports.mlu.importer import MluImport
from lethebench.builders.imports.shared.base import Import

IMPORTS: dict[str, Import] = {
    "mllmu": MllmuImport(),
    "mlu": MluImport(),
}
