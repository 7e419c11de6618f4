"""Whether descriptors 1 and 2 are still standard output and error, or by chance the number of somebody else's file."""

import errno
import os
import stat
from typing import Final

Identity = tuple[int, int, int]


def _identity(descriptor: int) -> Identity | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_rdev)


STANDARD: Final = (1, 2)
_at_start: Final = {descriptor: _identity(descriptor) for descriptor in STANDARD}

is_inherited: Final = os.get_inheritable
"""Returns whether programs that this one starts have a descriptor too; raises OSError where it is closed.

They have those that came with the start and those that `os.dup2` put there on purpose, but no file or socket that
Python opened: that one has the number only because it was free. Cheap enough to be asked before each write.
"""


def check_standard(descriptor: int) -> None:
    """Check that lines may be written to descriptor 1 or 2.

    Raises:
        OSError: it was closed; its number may be somebody else's.
    """
    if is_inherited(descriptor):
        return
    # A program may keep its own from its children, or put the null device there.
    if _identity(descriptor) != _at_start[descriptor] and not stat.S_ISCHR(os.fstat(descriptor).st_mode):
        raise OSError(errno.EBADF, f"descriptor {descriptor} was closed, and its number now belongs to another file")
