"""The `icu` benchmark."""
