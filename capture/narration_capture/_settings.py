"""Settings of the plugin, as pytest's configuration has them."""

from pathlib import Path
from typing import Final

import pytest

STEPS: Final = "steps"
"""The folder of step definitions where `narration_steps` names none; it need not exist."""

VOCABULARY: Final = "narration_capture.gherkin"
"""The module of the steps that come with the plugin."""


def features_folder(config: pytest.Config) -> Path | None:
    """Return the folder of feature files, or None if `narration_features` is not set."""
    name = str(config.getini("narration_features") or "")
    return config.rootpath / name if name else None


def stories_folder(config: pytest.Config) -> Path:
    """Return the folder of golden stories."""
    return config.rootpath / str(config.getini("narration_stories"))


def step_folders(config: pytest.Config) -> list[Path]:
    """Return the folders of the project's own step definitions that exist.

    Raises:
        UsageError: `narration_steps` names a folder that does not.
    """
    folders = {name: config.rootpath / name for name in config.getini("narration_steps")}
    for name, folder in folders.items():
        if name != STEPS and not folder.is_dir():
            raise pytest.UsageError(f"narration_steps: there is no folder {folder}")
    return [folder for folder in folders.values() if folder.is_dir()]
