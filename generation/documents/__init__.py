"""Pictures of documents: medical reports and labor contracts, drawn from a profile as a scanner would see them.

from lethebench.generation.documents import render
render(profile, View(masked=("diagnosis",)))      # an RGB page with every mention of the diagnosis blacked out
"""

from lethebench.generation.documents.pages import portrait_box, render
from lethebench.generation.documents.scan import SIZE

__all__ = ["SIZE", "portrait_box", "render"]
