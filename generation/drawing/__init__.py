"""The drawing kit that portraits, documents and subjects share."""
