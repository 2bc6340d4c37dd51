"""The questions of the `icu` benchmark."""
