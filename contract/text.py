"""Clean text that comes from outside: answers of an API, released files, names of files, inputs of metrics."""


def clean_text(text: str) -> str:
    r"""Return a text that Arrow, UTF-8 and tokenizers take: halves of surrogate pairs are joined, or become U+FFFD.

    JSON allows a lone half (`"\ud83d"`, an emoji that was cut), and Python reads a file name that is not UTF-8 as such.
    Control characters stay: they are valid text.

    >>> clean_text("caf\ud83d"), clean_text("\ud83d\ude00") == "\U0001f600"
    ('caf\ufffd', True)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
