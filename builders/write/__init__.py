"""Write a build: shards, manifest, card, Croissant metadata."""
