"""Let a language model write profiles, wordings and wrong answers; everything that it writes is checked by code."""
