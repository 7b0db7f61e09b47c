"""What Prometheus reads of a daemon: gauges of what its store shows, and counters of what it has done since it began.

Names and units go by https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from pipeline import __version__

if TYPE_CHECKING:
    from pipeline.daemon.keeper import Keeper
    from pipeline.store import Pulse

CONTENT_TYPE = CONTENT_TYPE_LATEST


def text(keeper: Keeper) -> bytes:
    """Gives all that there is to measure, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Of(keeper))
    return generate_latest(registry)


class _Of(Collector):
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        health, pulse = self._keeper.seen()
        life = self._keeper.life()
        yield InfoMetricFamily("pipeline_build", "The running version.", value={"version": __version__})
        yield _gauge("pipeline_healthy", "Whether the store answers, the work advances and feeds are read.", health.is_well)
        yield _gauge("pipeline_ready", "Whether the first look is done and the store answers.", health.is_ready)
        yield _gauge("pipeline_started_timestamp_seconds", "When the daemon began.", self._keeper.started.timestamp())
        yield _gauge("pipeline_tick_age_seconds", "Seconds since a look ended.", life.idle)
        yield _gauge("pipeline_store_answers", "Whether the store answered just now.", pulse is not None)
        if pulse:
            yield from _of_store(pulse)
        yield from self._counted()

    def _counted(self) -> Iterable[Metric]:
        tally = self._keeper.tally
        for name, what, about, labels in (
            ("pipeline_fetches", "fetches", "Fetches of feeds (and rosters) and pages by outcome.", ["kind", "outcome"]),
            ("pipeline_stage_seconds", "seconds", "Seconds spent by stage of the cycle.", ["stage"]),
            ("pipeline_jobs", "jobs", "Jobs by outcome: done, cut short, failed, bug.", ["job", "outcome"]),
            ("pipeline_deliveries", "deliveries", "Messages handed to channels, and tries that failed.", ["outcome"]),
        ):
            family = CounterMetricFamily(name, about, labels=labels)
            for key, amount in sorted(tally.counts(what).items()):
                family.add_metric(list(key), amount)
            yield family


def _of_store(pulse: Pulse) -> Iterable[Metric]:
    feeds = GaugeMetricFamily("pipeline_feeds", "Feeds and rosters by state; one may be in several.", labels=["state"])
    for state, n in (("configured", pulse.feeds), ("due", pulse.due), ("failing", pulse.failing), ("quiet", pulse.quiet)):
        feeds.add_metric([state], n)
    yield feeds
    waiting = GaugeMetricFamily("pipeline_queue_length", "What waits to be done now.", labels=["queue"])
    age = GaugeMetricFamily("pipeline_queue_age_seconds", "For how long the oldest in a queue has been waiting.", labels=["queue"])
    for queue, n, since in (
        ("feeds", pulse.due, pulse.due_since),
        ("articles", pulse.unread, pulse.unread_since),
        ("deliveries", pulse.unsent, pulse.unsent_since),
    ):
        waiting.add_metric([queue], n)
        age.add_metric([queue], _age(since, pulse.at))
    yield waiting
    yield age
    yield _gauge("pipeline_dead_letters", "Messages that a channel never took.", pulse.dead)
    yield _gauge("pipeline_notices", "Notices about feeds that are not over.", pulse.notices)
    if pulse.read:
        yield _gauge("pipeline_feed_read_timestamp_seconds", "When a feed was last read.", pulse.read.timestamp())
    kept = GaugeMetricFamily("pipeline_kept", "What the store holds.", labels=["what"])
    for what, n in (("articles", pulse.articles), ("claims", pulse.claims), ("changes", pulse.changes), ("alerts", pulse.alerts)):
        kept.add_metric([what], n)
    yield kept
    size = GaugeMetricFamily("pipeline_store_bytes", "Size of the store and of its write-ahead log.", labels=["file"])
    size.add_metric(["store"], pulse.file_bytes)
    size.add_metric(["log"], pulse.log_bytes)
    yield size


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
