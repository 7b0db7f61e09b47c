"""The daemon, seen from the command line: `daemon`, `status` and `install-service`. Arguments in, printing out."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from pipeline.arguments import as_json, configuration, print_json, seconds, utc_now
from pipeline.errors import UsageError

Command = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]

DONE, FAILED = 0, 1
MOST_LOOK_SECONDS = 86_400.0


def add_commands(command: Command) -> None:
    """Adds the parsers of these commands."""
    keep = command(
        "daemon", run_daemon, "keep reading feeds as they fall due, until told to stop", "pipeline --config config/pipeline.toml daemon"
    )
    keep.add_argument(
        "--look-every", type=float, metavar="SECONDS", help="how often to look for what is due; without it what [daemon] says, or 60"
    )
    keep.add_argument("--log", choices=["text", "json"], default="", help="how to log to standard error; without it what [daemon] says")
    waiting(keep, "stand by while another daemon keeps the store, and take over when it ends")

    how = command("status", show_status, "say how the daemon is; exit code 1 if it is unhealthy, or there is none", "pipeline status")
    as_json(how)

    install = command(
        "install-service",
        install_service,
        "write a unit for systemd (or print it), or the files for a container and for monitoring",
        "pipeline --config /srv/pipeline/config/pipeline.toml install-service --system --run-as pipeline\n"
        "  pipeline install-service --files deploy",
    )
    what = install.add_mutually_exclusive_group(required=True)
    what.add_argument("--user", action="store_true", help="a unit of your own: no root is needed")
    what.add_argument("--system", action="store_true", help="a hardened unit of the machine; it may write to the configured folders alone")
    what.add_argument("--files", type=Path, metavar="DIR", help="Containerfile, rules for Prometheus, a board for Grafana")
    install.add_argument("--run-as", default="", metavar="USER", help="whose the system's unit is; without it the configuration's owner")
    install.add_argument("--print", action="store_true", help="print the unit and write nothing")
    install.add_argument("--force", action="store_true", help="replace what is there")


def waiting(sub: argparse.ArgumentParser, about: str) -> None:
    """Adds --wait to a command: for ever, or for so many seconds."""
    sub.add_argument("--wait", type=seconds, nargs="?", const=math.inf, default=0.0, metavar="SECONDS", help=f"{about}; SECONDS at most")


def run_daemon(args: argparse.Namespace) -> int:
    from pipeline.daemon import keeper

    if args.look_every is not None and not 0 < args.look_every <= MOST_LOOK_SECONDS:
        raise UsageError(f"--look-every takes seconds, more than 0 and no more than {MOST_LOOK_SECONDS:g}, which is a day")
    keeper.run(configuration(args), look_seconds=args.look_every or 0.0, wait=args.wait, log=args.log)
    return DONE


def show_status(args: argparse.Namespace) -> int:
    from pipeline.daemon import status as how

    document = how.asked(configuration(args), utc_now())
    now = utc_now()  # the answer may have taken its time
    if args.json:
        print_json(document)
    else:
        print(how.shown(document, now), end="")
    return DONE if document["healthy"] else FAILED


def install_service(args: argparse.Namespace) -> int:
    from pipeline import templates
    from pipeline.daemon import service

    if args.files:
        for name in service.FILES:
            service.write(args.files / name, templates.read(name), force=args.force)
            print(args.files / name)
        return DONE
    config = configuration(args)
    text = service.unit(config, system=args.system, user=args.run_as)
    if args.print:
        print(text, end="")
        return DONE
    path = (service.SYSTEM_FOLDER if args.system else service.user_folder()) / service.UNIT
    service.write(path, text, force=args.force)
    if args.system:
        service.make_folders(config, args.run_as)
    systemctl = "systemctl" if args.system else "systemctl --user"
    print(f"{path} is written. Start it, now and after each start of the machine:")
    print(f"  {systemctl} daemon-reload && {systemctl} enable --now pipeline")
    if not args.system:
        print("  loginctl enable-linger   # so that it goes on when you log out")
    return DONE
