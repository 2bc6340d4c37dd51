"""Makes the documentation site: pages written by hand, files of the repository, and pages made from the registries."""
