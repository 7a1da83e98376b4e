"""Where the platform wants a user's files to lie."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

_NAME = "qbwatch"


def config_file() -> Path:
    """Return where qbwatch.toml is looked for: QBWATCH_CONFIG, else the user's folder, else that of all users."""
    named = os.environ.get("QBWATCH_CONFIG")
    if named:
        return Path(named)
    ours, machines = _ours(), _machines()
    return machines if machines.exists() and not ours.exists() else ours


def _ours() -> Path:
    return platformdirs.user_config_path(_NAME, appauthor=False) / "qbwatch.toml"


def _machines() -> Path:
    """Return where it lies for all users: there a service and whoever looks after it find the same one."""
    folder = platformdirs.site_config_path(_NAME, appauthor=False) if sys.platform == "win32" else Path("/etc", _NAME)
    return folder / "qbwatch.toml"


def _decides_for_all() -> bool:
    return sys.platform == "win32" or os.geteuid() == 0


def cache_folder() -> Path:
    """Return where may lie what can be made anew at any time."""
    return platformdirs.user_cache_path(_NAME, appauthor=False)


def new_config_file() -> Path:
    """Return where a new qbwatch.toml goes: where `config_file` finds it, for all users if this one may decide that."""
    named = os.environ.get("QBWATCH_CONFIG")
    if named or (_ours().exists() and not _machines().exists()):
        return config_file()
    return _machines() if _decides_for_all() else _ours()


def store_for(config: Path) -> str:
    """Return what [store] path says beside the new *config*: data does not belong into /etc."""
    return "/var/lib/qbwatch/qbwatch.db" if config.is_relative_to("/etc") else "qbwatch.db"
