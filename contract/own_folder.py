"""Write folders and files whole or not at all, and replace or remove nothing that the tool did not write.

A folder proves to be the tool's own by a list of its files: `.lethe.json` in it, or the manifest of a build. While a
folder is written, it lies in a hidden work folder `.NAME.lethe` beside it, whose `.lethe.json` is also the lock. A
killed process leaves at most that, and the next command with the same output removes it.
"""

import ctypes
import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from lethebench.contract.errors import UserError
from lethebench.contract.folder_kinds import KINDS, MARKER, Kind, listing

UNFINISHED = ".lethe-partial"
"""End of the name of a file that is being written; it begins with a dot."""
NEW, OLD, KEPT = "new", "old", "kept"
"""In a work folder: the new folder, the one that it replaces, and files that outlive a failed command."""
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL}
"""Errors of file systems without locks, where two processes are not told apart."""
RENAME_EXCHANGE, AT_FDCWD = 2, -100
NO_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
Error = type[UserError]


def refuse_foreign(out: Path, kind: Kind, error: Error = UserError) -> None:
    """Raise unless a folder of a kind can be written to `out` without losing anything else.

    Raises:
        UserError: `out` is a file, a mount point or the current directory, or holds a file that is not listed.
    """
    out = _resolved(out, error)
    tidy(out)
    parent = next((parent for parent in out.parents if os.path.lexists(parent)), out)
    if not parent.is_dir():
        raise error(f"{out} would be in {parent}, which is a file: choose another --out")
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise error(f"{out} is a file: choose another --out")
    example = out / kind.name.split()[1]
    if out.is_mount():
        raise error(f"{out} is a mount point, which cannot be replaced: choose a folder in it, e.g. {example}")
    if Path.cwd().is_relative_to(out):
        raise error(f"{out} is the current directory, which cannot be replaced: choose a folder in it, e.g. {example}")
    foreign = _foreign(out, kind)
    if foreign is None:
        return
    if kind.own_files(out) is None:
        raise error(f"{out} is not empty and is not {kind.name} (e.g. {foreign}): choose another --out or empty it")
    raise error(f"{out} is {kind.name} that also holds {foreign}, which would be lost: move it or choose another --out")


def work_folder(out: Path) -> Path:
    """Return the hidden folder beside `out` in which it is written."""
    name = out.name
    if len(os.fsencode(name)) > 200:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return out.parent / f".{name}.lethe"


def kept_file(out: Path, name: str) -> Path:
    """Return the path of a file or folder that outlives a failed command that writes `out`, inside `new_folder`."""
    return work_folder(out.resolve()) / KEPT / name


def finished_path(folder: Path) -> Path:
    """Return the path that a folder yielded by `new_folder` will have; any other path is returned unchanged."""
    work = folder.parent
    if folder.name != NEW or not (work.name.startswith(".") and work.name.endswith(".lethe")):
        return folder
    return work.with_name(work.name.removeprefix(".").removesuffix(".lethe"))


@contextmanager
def new_folder(out: Path, kind: Kind, error: Error = UserError) -> Iterator[Path]:
    """Yield a folder to fill. It becomes `out` when the block succeeds and is removed when it fails.

    An earlier folder of this kind at `out` stays as it is until then; the two exchange their names. What a killed
    process left is removed first.

    Raises:
        UserError: see `refuse_foreign`; or another process is writing there; or a foreign file has come into `out`
            meanwhile: then the new folder is kept beside it.
    """
    refuse_foreign(out, kind, error)
    out = _resolved(out, error)
    work = work_folder(out)
    with _work(work, out, error):
        refuse_foreign(out, kind, error)
        (work / NEW).mkdir()
        try:
            yield work / NEW
            kind.mark(work / NEW)
            _put(work, out, kind, error)
        finally:
            discard(work / NEW)


@contextmanager
def lock(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock file; it is removed at the end, and so are folders made for it that are still empty.

    Raises:
        UserError: another process holds it; the message is `busy`.
    """
    path = path.resolve()
    descriptor, folders = _acquire(path, busy, UserError)
    try:
        clean(path.parent)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        _remove_empty(folders)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write; it becomes `path` when the block succeeds and is removed when it fails."""
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def remove_kept(out: Path, name: str) -> None:
    """Remove a file or folder of `kept_file`, and the work folder unless it keeps another."""
    path = kept_file(out, name)
    if path.exists():
        with _work(work_folder(out.resolve()), out.resolve(), UserError):
            discard(path)


def remove_empty_file(path: Path) -> None:
    """Remove a file of this command's that nothing was kept in."""
    path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder that the caller made inside a folder that is being written; links are not followed."""
    if not folder.is_dir() or folder.is_symlink():
        folder.unlink(missing_ok=True)
        return
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            discard(Path(entry.path))
        else:
            os.unlink(entry.path)
    folder.rmdir()


def remove_listed(folder: Path, files: Sequence[str] | set[str], last: str) -> None:
    """Remove these files of a folder, `last` of all the one of that name, and folders that are empty then."""
    parents = {parent for name in files for parent in (folder / name).parents if parent.is_relative_to(folder)}
    for name in sorted(set(files) - {last}):
        if not name.endswith("/"):
            (folder / name).unlink(missing_ok=True)
    empty = {folder / name for name in files if name.endswith("/")}
    _remove_empty(sorted((parents | empty) - {folder}, key=lambda path: -len(path.parts)))
    (folder / last).unlink(missing_ok=True)
    _remove_empty([folder])


def tidy(out: Path) -> None:
    """Remove what a killed process that wrote `out` left, except files that it keeps."""
    work = work_folder(out.resolve())
    if work.exists():
        with suppress(UserError), _work(work, out.resolve(), UserError):  # in use by another process, or foreign
            pass


def clean(folder: Path) -> None:
    """Remove what killed processes left below a folder, except files that they keep."""
    for name in sorted({name for path in listing(folder) for name in _work_folders(path)}):
        work = folder / name
        with suppress(OSError, ValueError, KeyError, TypeError):  # in use by another process, or not from lethebench
            text = (work / MARKER).read_text("utf-8") if (work / MARKER).exists() else ""
            out = work.with_name(json.loads(text)["id"] if text else work.name[1 : -len(".lethe")])
            if work_folder(out) == work:
                tidy(out)
    for path in listing(folder):
        if path.endswith(UNFINISHED) and path.rpartition("/")[2].startswith("."):
            (folder / path).unlink(missing_ok=True)


def _work_folders(path: str) -> Iterator[str]:
    """Yield the work folders among the parents of a path."""
    parts = path.split("/")
    for index, part in enumerate(parts[:-1]):
        if part.startswith(".") and part.endswith(".lethe"):
            yield "/".join(parts[: index + 1])


def _resolved(out: Path, error: Error) -> Path:
    """Return the path with links followed."""
    try:
        return out.resolve()
    except (OSError, RuntimeError) as reason:  # a loop of links
        raise error(f"{out} cannot be written: {reason}: choose another --out") from None


def _foreign(folder: Path, kind: Kind) -> str | None:
    """Return the first path below a folder that its marker does not list, None if there is none."""
    own = kind.own_files(folder) or set()
    own |= {f"{parent}/" for name in own for parent in PurePosixPath(name).parents}  # emptied by a killed process
    return next((name for name in listing(folder) if name not in own), None)


@contextmanager
def _work(work: Path, out: Path, error: Error) -> Iterator[None]:
    """Hold the work folder; remove what a killed process left in it."""
    busy = f"{out}: another process is writing there; wait for it or choose another --out"
    foreign = _foreign_in_work(work)
    if foreign is not None:
        raise error(f"{foreign} is not from lethebench: move it")
    descriptor, folders = _acquire(work / MARKER, busy, error)
    try:
        if os.fstat(descriptor).st_size == 0:
            os.write(descriptor, json.dumps({"kind": "work", "id": out.name, "files": []}).encode() + b"\n")
        _recover(work, out, error)
        (work / KEPT).mkdir(exist_ok=True)
        yield
    finally:
        with suppress(OSError):
            (work / KEPT).rmdir()
        if set(os.listdir(work)) <= {MARKER}:
            (work / MARKER).unlink(missing_ok=True)
        os.close(descriptor)
        _remove_empty([work, *folders])


def _foreign_in_work(work: Path) -> Path | None:
    """Return a path that keeps a work folder from being used, None if the tool made it or it is free."""
    try:
        names = set(os.listdir(work))
    except FileNotFoundError:
        return work if work.is_symlink() else None
    except NotADirectoryError:
        return work
    own = {MARKER, NEW, OLD, KEPT} if MARKER in names else set()
    return work if work.is_symlink() else next((work / name for name in sorted(names - own)), None)


def _recover(work: Path, out: Path, error: Error) -> None:
    """Finish or undo what a killed process was doing."""
    if (work / OLD).exists() and not os.path.lexists(out):
        os.rename(work / OLD, out)
    for folder in (work / NEW, work / OLD):
        if folder.exists():
            _remove_replaced(folder, error)


def _remove_replaced(folder: Path, error: Error) -> None:
    """Remove a folder in a work folder: one that is not finished, or one whose marker lists all its files."""
    kind = next((kind for kind in KINDS if kind.own_files(folder) is not None), None)
    if kind is None:
        discard(folder)
        return
    if foreign := _foreign(folder, kind):
        raise error(f"{folder} holds {foreign}, which came into an earlier output: move it and run again")
    remove_listed(folder, kind.own_files(folder) or set(), last=kind.marker)


def _put(work: Path, out: Path, kind: Kind, error: Error) -> None:
    """Give the new folder the name `out`, and remove an earlier one if nothing foreign has come into it."""
    new = work / NEW
    if not os.path.lexists(out):
        try:
            os.rename(new, out)
            return
        except OSError:
            if not os.path.lexists(out):
                raise
    _flush(new)
    if (foreign := _foreign_in(out, kind)) is not None:
        _keep_beside(new, out, foreign, error)
    new.chmod(out.stat().st_mode & 0o7777)
    if _exchange(new, out):
        if (foreign := _foreign_in(new, kind)) is not None:
            _exchange(new, out)
            _keep_beside(new, out, foreign, error)
        _remove_old(new, kind)
        return
    os.rename(out, work / OLD)
    try:
        os.rename(new, out)
    except OSError:
        os.rename(work / OLD, out)
        raise
    _remove_old(work / OLD, kind)


def _remove_old(folder: Path, kind: Kind) -> None:
    """Remove a folder that was replaced."""
    if (files := kind.own_files(folder)) is None:
        folder.rmdir()
    else:
        remove_listed(folder, files, last=kind.marker)


def _foreign_in(out: Path, kind: Kind) -> str | None:
    return _foreign(out, kind) if out.is_dir() and not out.is_symlink() else out.name


def _keep_beside(new: Path, out: Path, foreign: str, error: Error) -> None:
    """Keep the new folder under a free name beside `out`, and raise."""
    numbers = iter(range(1, 1 << 20))
    target = next(path for i in numbers if not os.path.lexists(path := out.with_name(f"{out.name}.new{i}")))
    os.rename(new, target)
    raise error(f"{out} holds {foreign}, which came while the command ran: the result is in {target}; move one of them")


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders in one step; return False where the file system cannot."""
    renameat2: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    if renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _flush(folder: Path) -> None:
    """Write a folder to the disk before the one that it replaces is removed."""
    for name in listing(folder):
        if not name.endswith("/") and not (folder / name).is_symlink():
            with (folder / name).open("rb") as file:
                os.fsync(file.fileno())


def _acquire(path: Path, busy: str, error: Error) -> tuple[int, list[Path]]:
    """Lock a file that may be removed by the process that holds it; return it with the folders made for it."""
    folders: list[Path] = []
    while True:
        missing = [folder for folder in path.parents if not folder.exists()]
        try:
            for folder in reversed(missing):
                folder.mkdir(exist_ok=True)
                folders.insert(0, folder)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except FileNotFoundError:  # another process has removed the folder
            continue
        except OSError:
            _remove_empty(folders)
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as reason:
            if reason.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(descriptor)
                raise error(busy) from None
            if reason.errno not in NO_LOCKS:
                os.close(descriptor)
                raise
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor, folders
        os.close(descriptor)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
