"""Writing a file all or nothing: the target is the old file or the new one at any moment, and nothing else is left."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from .errors import FileRefused


def write_atomically(target: str | os.PathLike[str], pieces: Iterable[bytes]) -> None:
    """Write a file beside its target, sync it, and put it in the target's place; a link is followed to its file.

    Where the system knows files without a name, the new one has none until it is whole, so that even a process killed
    on the way leaves nothing behind. Raises `FileRefused` where the target cannot be written.
    """
    path = os.path.realpath(os.fspath(target))
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(0, "it is a folder")
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError(0, "it is not a file that can be replaced")
        if not _write_nameless(path, pieces):
            _write_beside(path, pieces)
        _sync_folder(os.path.dirname(path))
    except OSError as error:
        raise FileRefused(os.fspath(target), f"it cannot be written: {error.strerror or error}") from None


def _write_nameless(path: str, pieces: Iterable[bytes]) -> bool:
    """Write by way of a file without a name (Linux); return False, with nothing consumed, where there are none."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return False
    folder = os.path.dirname(path)
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_WRONLY, _mode(path))
    except OSError:
        return False
    with os.fdopen(handle, "wb") as file:
        _fill(file.fileno(), pieces)
        os.fchmod(file.fileno(), _mode(path))
        name = f".{os.path.basename(path)[:80]}.{os.getpid()}.{handle}.tmp"
        beside = os.path.join(folder, name)
        root = os.open("/", os.O_RDONLY)  # a folder handle makes os.link follow the link in /proc to the file
        try:
            os.link(f"/proc/self/fd/{file.fileno()}", beside, src_dir_fd=root)
        finally:
            os.close(root)
    _move(beside, path)
    return True


def _write_beside(path: str, pieces: Iterable[bytes]) -> None:
    import tempfile

    handle, beside = tempfile.mkstemp(
        prefix=f".{os.path.basename(path)[:80]}.", suffix=".tmp", dir=os.path.dirname(path)
    )
    try:
        with os.fdopen(handle, "wb") as file:
            _fill(file.fileno(), pieces)
        os.chmod(beside, _mode(path))
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    _move(beside, path)


def _fill(handle: int, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        waiting = memoryview(piece)
        while waiting:
            waiting = waiting[os.write(handle, waiting) :]
    os.fsync(handle)


def _move(beside: str, path: str) -> None:
    try:
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _mode(path: str) -> int:
    """Return the permissions of the file that is replaced, or those of a new file."""
    with suppress(OSError):
        return os.stat(path).st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: str) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
