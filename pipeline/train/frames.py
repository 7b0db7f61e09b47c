"""Fills the slots of hand-written sentence frames: one frame gives any number of masked sentences with their targets.

No name is ever written: a slot becomes a mask token with the words that news puts around names (descriptors, appositions,
possessives, list grammar). What varies on purpose is what the stages before the tagger will get wrong: the kind of a name,
a reference that nobody resolved, a second name that is no member. The frames say what is true; nothing here invents an event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from pipeline.detect.spans import IN_QUESTION, NAME, OTHER, PERSON, PLACE, STATE
from pipeline.model import Event, Role, Status
from pipeline.train.sample import NONE, UNKNOWN, Sample, Target, finish, holds, mark, swapped, target, unlabelled


@dataclass(frozen=True, slots=True)
class Frame:
    """A sentence frame: `text` with slots, the status of its labels, its register and the phenomenon it was written for."""

    text: str
    status: Status
    register: str
    phenomenon: str
    slots: tuple[str, ...]

    @property
    def events(self) -> frozenset[str]:
        """The labels that its slots carry."""
        return frozenset(slot.split(":")[1].split("|")[0] for slot in self.slots if ":" in slot)


_SLOT = re.compile(r"\{([^}]+)\}")


def read_frames(text: str) -> tuple[Frame, ...]:
    """Reads frames, a JSON object a line."""
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(Frame(r["frame"], Status(r["status"]), r["register"], r["phenomenon"], tuple(_SLOT.findall(r["frame"]))) for r in rows)


def read_phrases(text: str) -> dict[str, tuple[str, ...]]:
    """Reads the phrases that fill slots: lines under a heading in square brackets.

    >>> read_phrases("# why\\n[head]\\nbloc\\npact\\n")
    {'head': ('bloc', 'pact')}
    """
    found: dict[str, list[str]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1]
            found[heading] = []
        elif line.strip() and not line.startswith("# "):
            found[heading].append(line.strip())
    return {key: tuple(lines) for key, lines in found.items()}


_CUES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (Role.OBSERVER, re.compile(r"observer", re.I)),
    (Role.BOARD, re.compile(r"\bboard\b|steering|executive committee|bureau", re.I)),
    (Role.FOUNDER, re.compile(r"\bfound(?:ing|ers?|ed)\b|co-found|start(?:ed)? a body|brainchild", re.I)),
    (Role.LEAD, re.compile(r"\bled by|\bleads?\b|\bchairs?\b|\bchairing|presidency|at the (?:head|helm)|spearhead", re.I)),
    (Role.SIGNATORY, re.compile(r"\bsign(?:s|ed|ing)?\b|signator|\bsignature|put (?:its|their) names?|ratif", re.I)),
    (Role.PARTNER, re.compile(r"\bpartners?\b", re.I)),
)


def role_of(frame: Frame, at: int, event: Event) -> Role | None:
    """The role that the words around the slot at that character of the frame hint at; None where nothing is taught.

    Who joins a body that the same frame forms is a founder, unless it signs it.
    """
    if event not in (Event.JOINED, Event.MEMBER, Event.WILL_JOIN):
        return None
    before = re.split(r"[.;:!?]\s", frame.text[:at])[-1]
    after = re.split(r"[.;!?](?:\s|$)", frame.text[at:])[0]
    words = _SLOT.sub("", before + " " + after)
    cues = [role for role, pattern in _CUES if pattern.search(words)]
    several = sum(slot[0] in "LM" for slot in frame.slots) > 1
    if event is Event.JOINED and "C:formed" in frame.slots:
        return (
            Role.SIGNATORY
            if Role.SIGNATORY in cues and Role.FOUNDER not in cues
            else None
            if several and Role.LEAD in cues
            else Role.FOUNDER
        )
    if not cues:
        return Role.MEMBER
    if several or len(cues) > 1:  # which of the slots the cue belongs to is not known
        return None
    return cues[0]


_PLURAL = re.compile(r"\s+(?:have|are|were|both|each|all|say|want|join|sign|quit|leave|plan|remain)\b")
_SINGULAR = re.compile(r"(?:'s)?\s+(?:has|is|was|does|[a-z]+[^s\W]s)\b")
_ONE_ONLY = re.compile(
    r"\b(?:it|its|itself|newest|latest|th|sole|only|alone|neither|nor|country|company|firm|bank|party|state|which)\b", re.I
)

_LENGTHS, _WEIGHTS = (1, 2, 3, 4, 5, 7, 9, 12, 20), (24, 24, 17, 11, 8, 7, 5, 3, 1)


class Filler:
    """Makes samples from frames, with the choices of one random generator: the same seed gives the same samples."""

    def __init__(self, frames: Sequence[Frame], phrases: Mapping[str, Sequence[str]], random: Random) -> None:
        self.frames = tuple(frames)
        self.phrases = phrases
        self.random = random
        self.organisations = True  # the world that the sentence at hand is set in: organisations, or states
        self.with_body = [f for f in self.frames if "C" in f.slots or any(s.startswith("C:") for s in f.slots)]
        self.alike: dict[str, list[Frame]] = {}
        for frame in self.with_body:
            for event in frame.events:
                self.alike.setdefault(event, []).append(frame)
        self.leads = [(key.split()[1:], line) for key, lines in phrases.items() if key.startswith("lead ") for line in lines]

    def samples(self, count: int) -> Iterable[Sample]:
        """Yields that many samples, about as many from each frame, in random order; one in fourteen is a list under a line."""
        done = 0
        while done < count:
            for frame in self.random.sample(self.frames, len(self.frames)):
                if done >= count:
                    return
                done += 1
                yield self.bullet() if self.random.random() < 0.07 else self.sample(frame)

    # A whole sample.

    def sample(self, frame: Frame) -> Sample:
        """A masked sentence from a frame, perhaps with a clause around it and a sentence before it."""
        random = self.random
        self.organisations = random.random() < 0.55
        text = self.fill(frame)
        context, sentence = self._cut(text) if random.random() < 0.8 else ("", text)
        chance = random.random()
        headline = "headline" in frame.register or frame.register in ("bullet", "shorthand", "timeline")
        if chance < 0.08 and not headline:
            sentence = self._joined(sentence, self.fill(random.choice(self.with_body)))
        elif chance < 0.2 and not headline:
            sentence = self._joined(sentence, self._about_another(random.choice(self.with_body)))
        elif chance < 0.36 and not headline:
            sentence = self._before(sentence)
        elif chance < 0.52 and not headline:
            sentence = self._after(sentence)
        elif chance < 0.56:
            sentence = self.slots(random.choice(self.phrases["dateline"])) + " " + sentence
        about = holds(sentence, IN_QUESTION) or holds(context, IN_QUESTION)
        if about and random.random() < 0.1:
            # what is said of another body is nothing about the one in question
            sentence = unlabelled(swapped(sentence, {IN_QUESTION: OTHER}))
            context = self._neutral(True) if random.random() < 0.7 else ""
        elif not context.strip() and random.random() < (0.7 if about else 0.95):
            context = self._context(frame, about)
        context, sentence = self._noise(unlabelled(context)), self._noise(sentence)
        if random.random() < 0.04 and "(" not in sentence:
            sentence = sentence.replace(" ,", "")  # commas get lost in captions and captions of captions
        return finish(context, sentence, f"frame:{frame.phenomenon}")

    def bullet(self) -> Sample:
        """A line of a list, under the line that says what it is a list of; or that line and its list in one sentence."""
        random = self.random
        self.organisations = random.random() < 0.6
        wanted, kind, lead = self._lead()
        if random.random() < 0.3:
            parts = [f"{lead.rstrip(' :')} {random.choice([':', ':', '–', '—'])} {self.names(random.choice([1, 2, 3, 5, 8, 14]), wanted)}"]
            if random.random() < 0.3:
                more, _, tail = self._lead()
                parts.append(f"{tail.rstrip(' :')} : {self.names(random.choice([1, 2, 3, 5]), more)}")
            sentence = random.choice([" ; ", " . ", " / "]).join(self.slots(part) for part in parts) + random.choice([" .", ""])
            context = self._neutral(random.random() < 0.6) if random.random() < 0.8 else ""
            return finish(self._noise(unlabelled(context)), self._noise(sentence), f"list:{kind}")
        line = random.choices(
            [
                self.name(wanted),
                self.name(wanted) + random.choice([" ( {PL} )", " , {PL}", " – {PL}", " ( {X} )", " ( {D} )"]),
                self.name(wanted) + random.choice([" : {P} , {TITLE}", " – {P}", " , represented by {P}", " ( {P} )"]),
                "{PL} : " + self.names(random.choice([1, 2, 3, 5]), wanted),
                self.name(wanted) + random.choice([" , a {ROLE}", " – {ROLE} from {PL}", " ( {ROLE} )", " , which sells software"]),
                self.names(random.choice([2, 3, 5, 8, 14]), wanted),
            ],
            [50, 10, 10, 10, 10, 10],
        )[0]
        context, sentence = self.slots(lead), random.choice(["• ", "• ", "", "- ", "* "]) + self.slots(line)
        return finish(self._noise(unlabelled(context)), self._noise(sentence), f"list:{kind}")

    def _lead(self) -> tuple[Target, str, str]:
        """What a line that introduces a list says of the names in it, in a word too, and the line."""
        (event_word, role_word), lead = self.random.choice(self.leads)
        event = None if event_word == "none" else Event(event_word)
        status = Status.PLANNED if event is Event.WILL_JOIN else Status.COMPLETED
        return target(event, status, Role(role_word) if role_word in list(Role) else None), event_word, lead

    def _cut(self, text: str) -> tuple[str, str]:
        """One sentence of a text, and the one before it."""
        parts = re.split(r"(?<=[.!?])[\"”]?\s+(?=[A-Z⟦\"“\d])", text)
        if len(parts) == 1 or any(len(part.split()) < 2 for part in parts):
            return "", text
        at = self.random.randrange(len(parts))
        return (parts[at - 1] if at else ""), parts[at]

    def _joined(self, first: str, second: str) -> str:
        link = self.random.choice([" , while ", " , and ", " , but ", " ; ", " , whereas ", " as ", " after "])
        pair = [first.rstrip(" ."), second.rstrip(" .")]
        if self.random.random() < 0.5:
            pair.reverse()
        return link.join(pair) + " ."

    def _about_another(self, frame: Frame) -> str:
        return unlabelled(swapped(self.fill(frame), {IN_QUESTION: OTHER, OTHER: NAME}))

    def _before(self, sentence: str) -> str:
        return f"{self.slots(self.random.choice(self.phrases['distractor-before']))} {sentence}"

    def _after(self, sentence: str) -> str:
        tail = self.slots(self.random.choice(self.phrases["distractor-after"]))
        return f"{sentence.rstrip(' .')} {self.random.choice(['', ', ', ', '])}{tail} ."

    def _neutral(self, about: bool) -> str:
        return self.slots(self.random.choice(self.phrases["neutral-with" if about else "neutral-without"]))

    def _context(self, frame: Frame, about: bool) -> str:
        """A sentence to stand before one of that frame; where it is not about the coalition, mostly one that is."""
        random, chance = self.random, self.random.random()
        if not about:
            events = sorted(frame.events & self.alike.keys())
            if events and chance < 0.45:
                return self.fill(random.choice(self.alike[random.choice(events)]))
            return self._neutral(chance < 0.85)
        if chance < 0.3:
            return self._neutral(True)
        if chance < 0.5:
            return self._neutral(False)
        if chance < 0.8:
            return self.fill(random.choice(self.with_body))
        if chance < 0.95:
            return self._about_another(random.choice(self.with_body))
        return self.slots(random.choice(self.phrases["clutter"]))

    def _noise(self, text: str) -> str:
        """Turns some names into another kind: what the stages before the tagger take them for is not sure."""
        random = self.random
        if random.random() < 0.25:
            return swapped(text, {STATE: NAME, PLACE: NAME})
        if random.random() < 0.05:
            return swapped(text, {PERSON: NAME})
        if random.random() < 0.05:
            return swapped(text, {NAME: STATE})
        return text

    # Slots.

    def fill(self, frame: Frame) -> str:
        """The frame with its slots filled: text with marks."""
        pieces: list[str] = []
        end = 0
        bodies = sum(slot == "A" or (slot[0] == "C" and not slot.startswith("C2")) for slot in frame.slots)
        for found in _SLOT.finditer(frame.text):
            pieces.append(frame.text[end : found.start()])
            end = found.end()
            slot, after = found[1], frame.text[end : end + 40]
            head, _, label = slot.partition(":")
            event_word, _, status_word = label.partition("|")
            event = Event(event_word) if event_word else None
            wanted = target(
                event, Status(status_word) if status_word else frame.status, role_of(frame, found.start(), event) if event else None
            )
            if head in ("L", "M"):
                pieces.append(self._members(frame, head, after, wanted))
            elif head == "C":
                pieces.append(self._body(wanted, after, "".join(pieces), bodies))
            else:
                pieces.append(self.slot(head, after))
        pieces.append(frame.text[end:])
        return "".join(pieces)

    def slots(self, text: str) -> str:
        """A phrase with its slots filled."""
        while _SLOT.search(text):
            text = _SLOT.sub(lambda found: self._body(NONE, " x", "", 1) if found[1] == "C" else self.slot(found[1], ""), text)
        return text

    def slot(self, head: str, after: str) -> str:
        """What a slot without a label stands for."""
        random = self.random
        match head:
            case "C2":
                plain = after.startswith(("'", "-"))
                token = mark(OTHER if random.random() < 0.88 else NAME)
                return token if plain or random.random() < 0.5 else f"the {token}"
            case "A":
                return self._reference(after)
            case "X":
                return self._stranger()
            case "P":
                return self._person(after)
            case "PL":
                return mark(random.choices([PLACE, STATE, NAME], [70, 22, 8])[0])
            case "D":
                return self.slots(random.choice(self.phrases["date"])) if random.random() < 0.8 else ""
            case "N":
                return random.choice(
                    [str(random.randrange(3, 90)), str(random.randrange(100, 200)), random.choice(["five", "seven", "twelve", "thirty"])]
                )
            case "R" | "ROLE":
                return random.choice(self.phrases["role-organisation" if self.organisations else "role-state"])
            case "HEAD":
                return random.choice(self.phrases["head"])
            case "TITLE":
                return random.choice(self.phrases["person-title"])
        raise ValueError(f"no such slot: {head}")

    def _stranger(self) -> str:
        random = self.random
        token = random.choices([NAME, STATE, OTHER, PLACE, PERSON], [60, 14, 8, 12, 6] if self.organisations else [36, 44, 8, 8, 4])[0]
        return f"{random.choice(['the ', '', '', '', ''])}{mark(token)}"

    def _person(self, after: str) -> str:
        random, chance = self.random, self.random.random()
        person = mark(PERSON if random.random() < 0.9 else NAME)
        if after.startswith("'"):
            return person
        title = random.choice(self.phrases["person-title"])
        if chance < 0.35:
            return person
        if chance < 0.6:
            return f"{title} {person}"
        if chance < 0.7:
            return f"{mark(STATE)} {title} {person}"
        if chance < 0.78:
            return f"{mark(STATE if not self.organisations else NAME)} 's {title} , {person}"
        if chance < 0.9:
            return f"{person} , {title} of {self._stranger()}" + ("" if after[:1] in ",.;:)" else " ,")
        return f"{self._stranger()} {title} {person}"

    def _reference(self, after: str) -> str:
        random = self.random
        if random.random() < 0.7:
            return mark(IN_QUESTION)
        if random.random() < 0.3:
            return "its" if after.startswith("'s") else "it"
        return f"{random.choice(['the', 'the', 'this'])} {random.choice(self.phrases['head'])}"

    def _body(self, wanted: Target, after: str, before: str, bodies: int) -> str:
        """The coalition in question, as a name, a name with its acronym, or a name with words around it."""
        random = self.random
        token, chance = mark(IN_QUESTION, wanted), random.random()
        if bodies > 1 and wanted == NONE and chance < 0.06:
            return self._reference(after)
        tight = after.startswith(("'", "-", "’")) or before.endswith(("-", "(", "/"))
        article = "" if re.search(r"\b(?:the|a|an|this|its|'s|our|their)\s*(?:[a-z]+\s*)?$", before) or random.random() < 0.45 else "the "
        again = mark(IN_QUESTION, UNKNOWN if wanted != NONE else NONE)
        if tight or chance < 0.62:
            return article + token
        if chance < 0.72:
            return f"{article}{token} ( {again} )"
        if chance < 0.84:
            return f"{article}{self.slots(random.choice(self.phrases['adjective']))} {token}"
        if chance < 0.89:
            return f"{article}{random.choice(self.phrases['head'])} {token}"
        if chance < 0.92:
            return f"the {random.choice(self.phrases['head'])} known as {token}"
        if chance < 0.95:
            return f'{article}" {token} "'
        if chance < 0.97:
            return f"{article}{token} , or {again} ,"
        return f"{article}{token} {random.choice(self.phrases['head'])}"

    # Members.

    def _members(self, frame: Frame, head: str, after: str, wanted: Target) -> str:
        random = self.random
        plural, singular = bool(_PLURAL.match(after)), bool(_SINGULAR.match(after))
        if head == "M":
            if singular or plural or after.startswith("'") or _ONE_ONLY.search(frame.text) or random.random() < 0.8:
                return self.name(wanted, after)
            return self.names(random.choice([2, 2, 3, 5]), wanted, after)
        if singular and not plural:
            return self.name(wanted, after)
        count = random.choices(_LENGTHS, _WEIGHTS)[0]
        if plural:
            count = max(count, 2)
        return self.names(count, wanted, after)

    def names(self, count: int, wanted: Target, after: str = "") -> str:
        """A list of names in one of the ways that news writes lists."""
        random = self.random
        if count > 1 and random.random() < 0.04:
            return self._set(wanted)
        if count == 1:
            return self.name(wanted, after)
        style = random.choices(["plain", "free", "located", "described", "owned", "bracketed"], [60, 18, 5, 8, 4, 5])[0]
        if style == "plain":
            article = random.random() < 0.1
            items = [("the " if article and random.random() < 0.5 else "") + mark(self._kind(), wanted) for _ in range(count)]
        elif style == "located":
            place = random.choice([" ( {} )", " of {}", " in {}", " , {}"])
            items = [mark(self._kind(), wanted) + place.format(mark(PLACE)) for _ in range(count)]
        elif style == "described":
            items = [f"{random.choice(['the ', '', 'the ', 'a '])}{self.slot('R', '')} {mark(self._kind(), wanted)}" for _ in range(count)]
        elif style == "owned":
            items = [f"{mark(STATE)} 's {mark(self._kind(), wanted)}" for _ in range(count)]
        elif style == "bracketed":
            inner = random.choice(["( {N} )", "({D})", "( {ROLE} )", "( {P} )"])
            items = [f"{mark(self._kind(), wanted)} {self.slots(inner)}" for _ in range(count)]
        else:
            items = [self.name(wanted) for _ in range(count)]
        loose = style in ("located", "described") and random.random() < 0.5
        comma = " ; " if loose else random.choice([" , "] * 9 + [" ; ", " / ", " · "])
        last = random.choice([" and "] * 6 + [" , and "] * 3 + [" as well as ", " along with ", " & ", " and also ", comma, comma])
        text = comma.join(items[:-1]) + last + items[-1]
        chance = random.random()
        if chance < 0.05:
            return self.slots(random.choice(self.phrases["list-before"])) + " " + text
        if chance < 0.1:
            return comma.join(items) + " " + self.slots(random.choice(self.phrases["list-after"]))
        return text

    def _set(self, wanted: Target) -> str:
        """A reference to several members ("both banks"): one mention with their kind."""
        return mark(NAME if self.organisations else STATE, wanted)

    def name(self, wanted: Target, after: str = "") -> str:
        """One member, with what news puts around a name."""
        random = self.random
        kind = self._kind()
        token, chance = mark(kind, wanted), random.random()
        tight = after.startswith(("'", "-", "’"))
        if tight or chance < 0.62:
            return f"the {token}" if not tight and random.random() < 0.08 else token
        if chance < 0.7:
            article = random.choice(["the ", "", "", "a "])
            return f"{article}{self.slot('R', '')} {token}"
        if chance < 0.74:
            return f"{random.choice([mark(STATE), mark(PLACE)])} {random.choice(['', self.slot('R', '')])} {token}"
        if chance < 0.77:
            return f"{random.choice([mark(STATE), mark(PLACE), mark(NAME)])} 's {random.choice(['', self.slot('R', '') + ' '])}{token}"
        if chance < 0.8:
            return f"{mark(PLACE)} -based {random.choice(['', self.slot('R', '') + ' '])}{token}"
        if chance < 0.83 and self.organisations:
            return f"{token} ( {mark(NAME, wanted)} )"
        if chance < 0.87:
            return f"{token} ( {random.choice([mark(PLACE), mark(STATE), self.slot('R', ''), self.slot('N', '')])} )"
        if chance < 0.95:
            described = self.slots(random.choice(self.phrases["descriptor-organisation" if self.organisations else "descriptor-state"]))
            return f"{token} , {described}" + ("" if after[:1] in tuple(",.;:)") else " ,")
        return random.choice(self.phrases["around-state" if kind == STATE else "around-organisation"]).replace("{}", token)

    def _kind(self) -> str:
        """The mask of a member: mostly what it is, at times what it would be taken for."""
        if self.organisations:
            return self.random.choices([NAME, PLACE, PERSON, STATE, OTHER], [90, 3, 2.5, 2, 2.5])[0]
        return self.random.choices([STATE, NAME, PLACE, PERSON, OTHER], [86, 6, 4.5, 0.5, 3])[0]
