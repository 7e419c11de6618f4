"""The version of the installed package; the build takes it from git."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("narration-core")
except PackageNotFoundError:  # the folder alone, copied or put on the path
    __version__ = "unknown"
