"""Settings of the plugin, as pytest's configuration has them."""

from pathlib import Path

import pytest


def features_folder(config: pytest.Config) -> Path | None:
    """Return the folder of feature files, or None if `narration_features` is not set."""
    name = str(config.getini("narration_features") or "")
    return config.rootpath / name if name else None


def stories_folder(config: pytest.Config) -> Path:
    """Return the folder of golden stories."""
    return config.rootpath / str(config.getini("narration_stories"))


def step_folders(config: pytest.Config) -> list[Path]:
    """Return the folders of the project's own step definitions that exist."""
    return [folder for name in config.getini("narration_steps") if (folder := config.rootpath / name).is_dir()]
