"""The daemon, seen from the command line: `daemon`, `status` and `install-service`. Arguments in, printing out."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from pipeline.arguments import as_json, configuration, print_json, utc_now
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


def waiting(sub: argparse.ArgumentParser, about: str) -> None:
    """Adds --wait to a command: for ever, or for so many seconds."""
    sub.add_argument("--wait", type=float, nargs="?", const=math.inf, default=0.0, metavar="SECONDS", help=f"{about}; SECONDS at most")


def run_daemon(args: argparse.Namespace) -> int:
    from pipeline.daemon import keeper

    if args.look_every is not None and not 0 < args.look_every <= MOST_LOOK_SECONDS:
        raise UsageError(f"--look-every takes seconds, more than 0 and no more than {MOST_LOOK_SECONDS:g}, which is a day")
    if not args.wait >= 0:
        raise UsageError("--wait takes seconds, 0 or more")
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
