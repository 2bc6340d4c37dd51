"""The function `verify`, which imports the checks when it is called: `lethe list` imports this module too."""

from pathlib import Path

from lethebench.builders.verify.findings import Report


def verify(path: str | Path) -> Report:
    """Check a build.

    Args:
        path: a folder that `build` wrote, or a download of one.

    Returns:
        The status of every check and the problems; problems of the data are not raised.

    Raises:
        BuildError: the folder is not a build or has a link out of it, or this release does not read its benchmark or
            major version.
    """
    from lethebench.builders.verify.checks import check_build

    return check_build(Path(path))
