"""The systemd unit: started with the machine, again however it ends, and kept from all that it does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from qbwatch.service.job import Job

_UNIT: Final = """\
[Unit]
Description=qbwatch: watches the logs of QuickBooks syncs and alerts when one fails
Wants=network-online.target
After=network-online.target
# However often it fails, systemd does not give up.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
{user}Restart=always
RestartSec=10
# It ends what it has begun: what is stored, and the message that is being sent.
KillSignal=SIGTERM
TimeoutStopSec=30
# Its secrets, one NAME=VALUE a line, if the configuration says ${{env:NAME}}; readable by root alone.
EnvironmentFile=-/etc/qbwatch/environment
Environment=XDG_CACHE_HOME=/var/cache
CacheDirectory=qbwatch

# It reads logs, writes its own folder, and sends. Nothing else.
UMask=0077
NoNewPrivileges=yes
# As root it may read the logs of all users, and no more.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writes}
{private}PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""
# A service with folders of its own there would not find what lies in everybody's.
_SHARED: Final = ("/tmp/", "/var/tmp/")  # noqa: S108 - compared, not used


def unit(job: Job) -> str:
    """Return the unit that keeps *job* running."""
    is_private = not any(str(path).startswith(_SHARED) for path in (job.config, *job.writes))
    return _UNIT.format(
        command=" ".join(quoted(word) for word in (job.program, *job.arguments)),
        user=f"User={job.account}\n" if job.account else "",
        writes=" ".join(quoted(str(folder)) for folder in job.writes),
        private="PrivateTmp=yes\n" if is_private else "",
    )


def quoted(word: str) -> str:
    """Return *word* as systemd takes it for one.

    >>> quoted("/srv/my logs/100%")
    '"/srv/my logs/100%%"'
    """
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return plain if plain and not set(plain) & set(" \t'\"\\;") else f'"{plain}"'
