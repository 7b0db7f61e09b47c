"""The only place where the parts are put together: knowledge from the package, a store, a fetcher, a detector.

It opens and closes; it reads no feed and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import detect, importing, intake, resolve
from pipeline.config import Config
from pipeline.cycle import Detecting, Parts
from pipeline.detect import Detector
from pipeline.detect.lexicon import Lexicon
from pipeline.errors import UsageError
from pipeline.fetch import Fetcher
from pipeline.fetch.archive import Archive, Replay
from pipeline.model import Article, Detection, KnownName, Owner, Party, Watched
from pipeline.owners import Owners, owners_from
from pipeline.store import Store

if TYPE_CHECKING:
    from pipeline.detect.judge import LearnedJudge
    from pipeline.detect.tagger import Tagger

IGO_DAY = date(2014, 12, 31)
"""The day for which the set `igo` speaks: the last year that its authors observed."""


@contextmanager
def open_parts(
    config: Config,
    *,
    read_only: bool = False,
    detector: Detecting | None = None,
    replay: Path | None = None,
    store: Store | None = None,
    fetcher: Fetcher | Replay | None = None,
    lock_wait: float = 0.0,
) -> Iterator[Parts]:
    """Opens what a cycle needs and closes it again; what is handed in takes the place of our own, and stays open. The WARC files of the
    folder `replay` take the place of the network.

    Raises StoreError where the store cannot be opened; `read_only` opens it beside a writer, for a cycle that is not run, and
    `lock_wait` is for how many seconds another writer is waited for.
    """
    with ExitStack() as stack:
        store = store or stack.enter_context(Store.open(config.store_path, read_only=read_only, lock_wait=lock_wait))
        if replay:
            fetcher = stack.enter_context(Replay(replay))
        elif fetcher is None:
            archive = stack.enter_context(Archive(config.archive)) if config.archive else None
            fetcher = stack.enter_context(Fetcher(config.fetch, archive.keep if archive else None))
        learned = store.known_names()
        # Learned names go in before the watch list, so that a body that is watched from now on keeps the key that it had.
        identities = load_identities(config.watch, learned)
        identities.rule(store.rulings().roots(), store.rulings().apart)
        detecting = detector or _OwnDetector(config.watch, learned)

        def teach(names: Sequence[KnownName], unlearned: Sequence[KnownName]) -> None:
            # A run that is cut short and the one that goes on must know the same, so the detector learns at once as well.
            identities.learn(names, unlearned)
            if isinstance(detecting, _OwnDetector):
                detecting.learn(names, unlearned)

        owners = load_owners(config.owners)
        yield Parts(config, store, fetcher, detecting, identities, teach, owners=owners)


class _OwnDetector:
    """Our own detector, loaded when the first article is read: most looks for due feeds bring none, and it takes 200 MB."""

    def __init__(self, watched: Sequence[Watched], learned: Sequence[KnownName]) -> None:
        self._watched, self._learned = watched, list(learned)
        self._detector: Detector | None = None

    @property
    def version(self) -> str:
        return self._loaded().version

    def detect(self, article: Article) -> Detection:
        return self._loaded().detect(article)

    def learn(self, names: Sequence[KnownName], unlearned: Sequence[KnownName] = ()) -> None:
        if gone := {(n.spelling, n.party.key, n.kind) for n in unlearned}:
            self._learned = [n for n in self._learned if (n.spelling, n.party.key, n.kind) not in gone]
            self._detector = None  # it cannot forget: it is loaded anew, and learns the others again
        self._learned += names
        if self._detector:
            self._detector.learn(_coalitions_in(names))

    def _loaded(self) -> Detector:
        if self._detector is None:
            self._detector = load_detector(self._watched)
            self._detector.learn(_coalitions_in(self._learned))
        return self._detector


def _coalitions_in(names: Sequence[KnownName]) -> tuple[KnownName, ...]:
    return tuple(n for n in names if n.kind in {resolve.COALITION, resolve.ACRONYM})


def load_detector(watched: Sequence[Watched] = (), model: Path | None = None) -> detect.Detector:
    """Gives the detector with the knowledge of the package; the watch list adds names that it shall know.

    A folder that `pipeline train` wrote to takes the place of the package's model. Raises UsageError where it holds none.
    """
    learned = _learned_of(model) if model else _learned()
    names = [(w.name, w.aliases) for w in watched]
    return detect.Detector.read(_detector_texts(), learned.tagger, names, learned.confidence, learned.judge)


def load_lexicon() -> Lexicon:
    """Gives the knowledge of the detector by itself, to go through its stages one by one."""
    return Lexicon.read(_detector_texts())


def _detector_texts() -> dict[str, str]:
    return {name: _knowledge(name) for name in detect.FILES}


@dataclass(frozen=True, slots=True)
class _Learned:
    """What is learned of the detector; nothing where the package was built without models (see `pipeline train`)."""

    tagger: Tagger | None = None
    judge: LearnedJudge | None = None
    confidence: detect.Confidence | None = None


def _learned_of(folder: Path | Traversable) -> _Learned:
    # Their libraries take a quarter of a second and 20 MB to load.
    from pipeline.detect.judge import LearnedJudge
    from pipeline.detect.network import ModelError
    from pipeline.detect.tagger import Tagger

    def model(name: str) -> bytes | str:
        path = folder.joinpath(name)
        return str(path) if isinstance(path, Path) and path.is_file() else path.read_bytes()

    try:
        tagger = Tagger(model("tagger.onnx"), folder.joinpath("tokenizer.json").read_bytes())
        judge = LearnedJudge(model("judge.onnx"), folder.joinpath("judge-tokenizer.json").read_bytes())
    except OSError as problem:
        raise UsageError(f"holds no model: {problem.filename} cannot be read: {problem.strerror}", about=str(folder)) from problem
    except ModelError as problem:
        raise UsageError(str(problem), about=str(folder)) from problem
    path = folder.joinpath("confidence.json")
    return _Learned(tagger, judge, detect.Confidence.read(path.read_text(encoding="utf-8")) if path.is_file() else None)


@cache
def _learned() -> _Learned:
    folder = resources.files("pipeline").joinpath("knowledge", "model")
    return _learned_of(folder) if folder.is_dir() else _Learned()


def load_identities(watched: Sequence[Watched] = (), learned: Sequence[KnownName] = ()) -> resolve.Identities:
    """Gives all that is known of spellings: the watch list goes before what was learned, and that before the package's lists."""
    return resolve.Identities((*_listed_names(), *learned, *resolve.known_from_watch(watched)), load_forms())


def load_forms() -> resolve.Forms:
    """Gives the words around a name that do not tell two bodies apart, and the sorts of bodies."""
    return resolve.forms_from(_knowledge("name-forms.txt"), _knowledge("heads.txt"))


def load_owners(configured: Sequence[Owner] = ()) -> Owners:
    """Gives who is behind which publisher; what is configured goes before the package's list."""
    return Owners((*configured, *owners_from(_knowledge("owners.csv"))))


def load_places() -> frozenset[str]:
    """Gives the folded words that name a state, its people or its capital."""
    return resolve.places_from(_knowledge("states.csv"))


@contextmanager
def open_memory(config: Config, *, lock_wait: float = 0.0) -> Iterator[tuple[Store, resolve.Identities]]:
    """Opens the store for writing with all that is known of spellings, for what needs neither network nor detector.

    Raises StoreError where it cannot be opened; `lock_wait` is for how many seconds another writer is waited for.
    """
    with Store.open(config.store_path, lock_wait=lock_wait) as store:
        yield store, known_identities(config, store)


def look_up(config: Config, store: Store, name: str) -> Party | None:
    """Gives the party that a name stands for by all that is known of spellings, where anything was said of it: NATO under its full
    name, a state by its capital."""
    identities = known_identities(config, store)
    member = identities.member(name, among_states=True)
    for party in (identities.coalition(name), member.party if member else None):
        if party and (found := store.find_parties(party.key)):
            return found[0]
    return None


def known_identities(config: Config, store: Store) -> resolve.Identities:
    """Gives all that is known of spellings: by the package, the watch list, what articles taught, and the judgements that hold."""
    identities = load_identities(config.watch, store.known_names())
    identities.rule(store.rulings().roots(), store.rulings().apart)
    return identities


def bundled_list(name: str) -> tuple[intake.MemberList, importing.Origin] | None:
    """Gives a list of members that comes with the package; None where there is none of that name."""
    if name != "igo":
        return None
    names = resolve.known_from_igos(_knowledge("igos.csv"))
    spelled_out: dict[str, str] = {}
    for before, after in pairwise(names):
        if before.kind == resolve.COALITION and after.kind == resolve.ACRONYM:
            spelled_out[after.spelling] = before.spelling
    glossary = intake.Glossary(spelled_out, intake.names_from(_knowledge("igo-states.csv")))
    origin = importing.Origin("igo", IGO_DAY, "Correlates of War", "Intergovernmental Organizations, version 3")
    return intake.read(_knowledge("igo_memberships.csv"), IGO_DAY, glossary=glossary), origin


@cache
def _listed_names() -> tuple[KnownName, ...]:
    return (
        *resolve.known_from_gazetteer(_knowledge("gazetteer-coalitions.csv")),
        *resolve.known_from_igos(_knowledge("igos.csv")),
        *resolve.known_from_states(_knowledge("states.csv")),
        *resolve.known_from_companies(_knowledge("companies.csv")),
    )


@cache
def _knowledge(name: str) -> str:
    return resources.files("pipeline").joinpath("knowledge", name).read_text(encoding="utf-8")
