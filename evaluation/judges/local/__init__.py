"""The local judge: rules for English, German, Spanish and French, without a model and without a download."""
