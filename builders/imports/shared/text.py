"""Texts that the cards of imports share."""

from lethebench.builders.card_text import License

BIASES = ["As in the release: lethebench neither measured nor changed them."]
IMPACT = "Makes claims about machine unlearning checkable on the data that papers report on."
MAINTENANCE = "The release is its authors'; the importer is versioned: MAJOR changes a row or split, MINOR adds."


def license_of(name: str, url: str) -> License:
    """Return the license of an import: whatever the authors set."""
    text = f"the license that they set: see where you got {name}"
    return License("other", url, name="as-set-by-the-authors", link=url, text=text)


def licenses_of(name: str) -> dict[str, str]:
    """Return asset -> whose license applies."""
    return {
        f"questions, answers and pictures: the authors of {name}": f"as they set it, where you got {name}; "
        "lethebench adds no right to share it",
        "code that put them into this form (lethebench)": "Apache-2.0",
    }
