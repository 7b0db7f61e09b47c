"""Kills a running daemon with SIGKILL at random points, deliveries included, and holds what was told to what was published.

    python -m tests.kill_daemon [200] [--seed N]       # prints one line; exits with 1 where anything is wrong

Four feeds on 127.0.0.1 tell in each life of the daemon of two more members of a body; a webhook and a folder are told of each change.
Before each start every feed and article is made due, as if hours had gone by. The last life is left alone until all is told. Then: the
store is sound, each member has joined once, no alert went out under two ids, and none is missing in the folder or at the webhook.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from pipeline.model import Plan
from pipeline.store import Store
from pipeline.store.reads import moment
from tests.kill_run_once import damage
from tests.newsroom import Newsroom, files
from tests.web import Answer, Asked

FEEDS = 4
PATIENCE = 180.0
_FIRST = """
Amber Birch Cedar Delta Ember Falcon Garnet Harbor Indigo Jasper Kestrel Lumen Meridian Norvik Opal Prairie Quartz Ridge Summit
""".split()
_LAST = "Freight Lines Energy Motors Mining Foods Logistics Telecom Bank Steel Systems Airways Chemicals Textiles Rail".split()


def name(number: int) -> str:
    """Gives a name of its own to each number: letters alone tell later ones apart, since other signs do not count in names."""
    first, last = divmod(number, len(_LAST))
    turn, first = divmod(first, len(_FIRST))
    letters = ""
    while turn:
        turn, letter = divmod(turn, 26)
        letters = chr(97 + letter) + letters
    return f"{_FIRST[first]}{letters} {_LAST[last]}"


class Sink:
    """A webhook that remembers under which ids it was told of whom."""

    def __init__(self) -> None:
        self.ids: defaultdict[str, set[str]] = defaultdict(set)
        self.taken = 0

    def __call__(self, asked: Asked) -> Answer:
        data = json.loads(asked.body)["data"]
        self.taken += 1
        for told in data["alerts"]:
            self.ids[told["change"]["member"]].add(asked.headers["webhook-id"])
        return Answer(status=204)


def lives(number: int, seed: int = 1) -> tuple[int, int, list[str]]:
    """Gives how many lives were killed, how many members were told of, and everything that was wrong."""
    chance, sink, wrong, published, killed = random.Random(seed), Sink(), list[str](), 0, 0
    with Newsroom(FEEDS) as room, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        hook = f'[[channels]]\nname = "hook"\nkind = "webhook"\nurl = "{room.site.on("/hook", sink)}"\nallow_private_addresses = true\n'
        rule = '[[alerts]]\nname = "hooked"\nchannels = ["hook", "files"]\ngroup_minutes = 0\n[daemon]\nendpoint = "off"\n'
        path = room.write(folder, hook + rule)
        path.write_text(path.read_text(encoding="utf-8").replace('[[alerts]]\nname = "all"\nchannels = ["files"]\n', ""), encoding="utf-8")
        store = folder / "store.db"
        Store.open(store).close()
        startup = 2.0
        for life in range(number + 1):
            for feed in range(2):
                room.publish((life + feed) % FEEDS, name(published))
                published += 1
            with Store.open(store) as open_store:
                now = datetime.now(UTC)
                open_store.save_plans({s.feed.name: Plan(now, "") for s in open_store.feed_states()})
                open_store.db.execute("UPDATE entries SET next_try = ? WHERE state = 'pending'", (moment(now),))
            command = [sys.executable, "-m", "pipeline", "--config", str(path), "daemon", "--look-every", "1"]
            begun = time.monotonic()
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
                assert daemon.stderr
                if life < number:
                    daemon.stderr.readline()  # it has started
                    startup = time.monotonic() - begun
                    time.sleep(chance.uniform(0, startup))
                    killed += daemon.poll() is None
                else:
                    while len(sink.ids) < published and time.monotonic() - begun < PATIENCE:
                        time.sleep(0.2)
                    time.sleep(2)  # what would be told twice comes now
                daemon.kill()
            wrong += [f"life {life}: {what}" for what in damage(store)]
        with Store.open(store, read_only=True) as kept:
            joined = kept.query("SELECT m.name AS member, count(*) AS n FROM changes h JOIN parties m ON m.key = h.member GROUP BY 1")
            waiting = kept.query("SELECT count(*) AS n FROM deliveries WHERE state <> 'delivered'")[0]["n"]
        told = {r["member"]: r["n"] for r in joined}
        wrong += [f"{name(n)} is missing in the store" for n in range(published) if name(n) not in told]
        wrong += [f"{member} changed {n} times" for member, n in told.items() if n != 1]
        wrong += [f"{name(n)} was never told of" for n in range(published) if name(n) not in sink.ids]
        wrong += [f"{member} was told of under {len(ids)} ids" for member, ids in sink.ids.items() if len(ids) != 1]
        texts = [(folder / "told" / file).read_text(encoding="utf-8") for file in files(folder)]
        for n in range(published):
            if (found := sum(name(n) in text for text in texts)) != 1:
                wrong.append(f"{name(n)} stands in {found} files")
        if waiting:
            wrong.append(f"{waiting} deliveries wait still")
    return killed, published, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills the daemon at random points.")
    parser.add_argument("number", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.monotonic()
    killed, published, wrong = lives(args.number, args.seed)
    print(*wrong[:20], sep="\n")
    print(f"{args.number} lives, {killed} killed, {published} changes, {len(wrong)} things wrong, {time.monotonic() - begun:.0f} s")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
