"""Scanned pages of medical reports and labor contracts, drawn from a profile.

from lethebench.generation.documents import render
render(profile, View(masked=("diagnosis",)))      # RGB page, the diagnosis blacked out
"""

from lethebench.generation.documents.pages import portrait_box, portrait_corners, render
from lethebench.generation.documents.scan import SIZE

__all__ = ["SIZE", "portrait_box", "portrait_corners", "render"]
