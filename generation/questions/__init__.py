"""Questions about profiles: records, templates, phrasing and wrong values."""
