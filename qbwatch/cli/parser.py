"""The parser of all commands, which loads a command's module only when that command is chosen."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from qbwatch import __version__
from qbwatch.errors import UsageError

COMMANDS: Final = {
    "demo": "show on sample logs what qbwatch does: nothing to configure, nothing is sent",
    "init": "find the logs of this machine, ask who is told, and write the configuration",
    "service": "let the system start the watcher by itself: install, remove, status",
    "watch": "follow the logs, store what is found, and alert, until stopped",
    "scan": "classify log files or folders once, and print what was found",
    "explain": "say what a code or a pasted log line means, and what to do",
    "rules": "list, check and test the rules",
    "unknown": "show the failures that no rule knows, grouped, so that a rule can be written",
    "sources": "show how each followed log stands, and what became of its bytes",
    "incidents": "list, show, acknowledge and resolve incidents",
    "receivers": "list who is told, send a test, and see what keeps messages from arriving",
    "drill": "send a labelled false failure the whole way, and say how long each stage took",
    "silence": "hear nothing of some problems for a while: add, list and end silences",
    "route": "say which receivers would hear of a problem, when, and why",
    "status": "show how every application, incident, log and receiver stands, the worst first",
    "check": "say in one line and an exit code whether all is well, for an RMM or Nagios",
    "doctor": "check everything that must be true for alerts to arrive, and say what to do about what is not",
    "deliveries": "list what was sent, to whom, with what result; try again what was given up",
    "report": "write or send the weekly report, of all clients or of one",
    "history": "ask what is stored: SQL, rankings, trends, search; export, back up, check and prune it",
}
"""What each command does in one line; the module of the same name beside this one adds its arguments."""


class CommandParser(argparse.ArgumentParser):
    """The parser of one command, which learns its arguments when it is first asked to parse some."""

    def __init__(self, *arguments: Any, module: str | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._module = module

    def fill(self) -> None:
        """Load the command's module and let it add its arguments. Raises UsageError beside foreign packages."""
        if self._module is None:
            return
        from qbwatch.install import check_packages  # noqa: PLC0415 - reads what is installed, which `--help` need not

        foreign = check_packages()
        if foreign:
            raise UsageError(foreign)
        module, self._module = self._module, None
        import_module(module).add(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as any parser does, once the arguments are known."""
        self.fill()
        return super().parse_known_args(args, namespace)


class _Version(argparse.Action):
    """Says which program this is and which rules ship with it; they are only read when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        """Print it and end."""
        from rules.pack import pack_at  # noqa: PLC0415 - `--help` need not know them

        print(f"qbwatch {__version__}, rule pack {pack_at()}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; none of their modules is loaded yet."""
    return _built()[0]


def full_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands, each with all its arguments."""
    parser, commands = _built()
    for command in commands:
        command.fill()
    return parser


def _built() -> tuple[argparse.ArgumentParser, list[CommandParser]]:
    parser = argparse.ArgumentParser(
        prog="qbwatch",
        description="Watches QuickBooks Desktop sync logs, says in plain words why a sync failed, "
        "and tells the right people what mends it.",
        epilog="Exit codes: 0 fine, 1 found something wrong, 2 wrong usage or configuration.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the program's version and its rules'")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration (default: QBWATCH_CONFIG, else "
                        "qbwatch.toml in the platform's configuration folder)")  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=CommandParser)
    return parser, [
        commands.add_parser(name, help=told, description=told, module=f"qbwatch.cli.{name}")
        for name, told in COMMANDS.items()
    ]
