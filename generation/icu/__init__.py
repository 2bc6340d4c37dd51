"""The `icu` benchmark: private documents, their facts and the questions about them."""
