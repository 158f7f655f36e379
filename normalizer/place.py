"""Where it happened, by the names in the text. Never a silent pick among several readings.

Each name is read in every way it can be; level words ("desa", "kec.") and a kecamatan named beside
it or elsewhere leave fewer readings. The code is the lowest region that all remaining ones share.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from normalizer.event import Place, PlaceCandidate, PlacePrecision, RegionCode
from normalizer.gazetteer import Gazetteer, Region, as_candidate, load_gazetteer, suggest
from normalizer.landmark import find_landmark
from normalizer.mention import Mention, Weight, find_mentions
from normalizer.text import Words

__all__ = ["Hints", "find_place", "is_region_code", "load_gazetteer", "suggest"]

#: What a clerk can choose from at one glance.
_MAX_CANDIDATES = 8
#: Mentions are compared with one another; a complaint names a handful, a pasted list hundreds.
_MAX_MENTIONS = 40
_CODE = re.compile(r"[0-9]{2}\.[0-9]{2}(?:\.[0-9]{2}(?:\.[0-9]{4})?)?")
#: Lengths of the codes of a regency, a kecamatan and a village.
_PRECISION = {
    5: PlacePrecision.REGENCY,
    8: PlacePrecision.KECAMATAN,
    13: PlacePrecision.VILLAGE,
}


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known beside the text."""

    #: Fields of an SMS such as ``PARON#BABADAN#jalan rusak``.
    segments: tuple[str, ...] = ()
    #: The SMS keyword named the regency.
    regency_named: bool = False
    #: A code that a person chose; it is believed.
    code: RegionCode | None = None
    landmark: str | None = None
    coordinates: tuple[float, float] | None = None


def is_region_code(code: str | None) -> bool:
    """Whether it has the form of a regency's, kecamatan's or village's code, known to us or not."""
    return code is not None and _CODE.fullmatch(code) is not None


def find_place(words: Words, gazetteer: Gazetteer, hints: Hints | None = None) -> Place:
    """The place of a text that holds no personal data any more; its landmark is taken from it."""
    hints = hints or Hints()
    if hints.code is not None:
        chosen = gazetteer.candidate(hints.code)
        code: str | None = hints.code
        candidates: tuple[PlaceCandidate, ...] = () if chosen is None else (chosen,)
    else:
        code, candidates = _decide(words, gazetteer, hints)
    latitude, longitude = hints.coordinates or (None, None)
    return Place(
        code=code,
        precision=PlacePrecision.NONE if code is None else _PRECISION[len(code)],
        candidates=candidates,
        landmark=hints.landmark or find_landmark(words, gazetteer.words),
        latitude=latitude,
        longitude=longitude,
        gazetteer=gazetteer.version,
    )


def _decide(
    words: Words, gazetteer: Gazetteer, hints: Hints
) -> tuple[str | None, tuple[PlaceCandidate, ...]]:
    read = find_mentions(words, gazetteer, hints.segments)
    regency = gazetteer.regency
    mentions = _qualified(read.found[:_MAX_MENTIONS])
    if len(mentions) > 1:
        mentions = _without_repeats(_narrowed(mentions))
    firm = [mention for mention in mentions if mention.weight is Weight.FIRM]
    # "Kabupaten Madiun, desa Sidorejo" is not ours, unless our regency is named as well.
    home = hints.regency_named or any(regency in mention.readings for mention in firm)
    if (read.elsewhere and not home) or (read.unknown_kecamatan and not _with_kecamatan(firm)):
        return None, _ranked(mentions, share=0.5)
    lowest = _lowest(firm)
    if lowest:
        return _common({region.code for region in lowest}, regency), _ranked(mentions, lowest)
    if home or any(mention.weight is Weight.NEAR for mention in mentions):
        return regency.code, _ranked(mentions) or (as_candidate(regency, 0.5),)
    return None, _ranked(mentions)


def _with_kecamatan(firm: list[Mention]) -> bool:
    """Whether a kecamatan of ours is named, alone or with its village."""
    return any(mention.joined or mention.level == "kecamatan" for mention in firm)


def _qualified(mentions: list[Mention]) -> list[Mention]:
    """Make one place of two names side by side: "Babadan, Paron", "Kec. Paron, Desa Babadan"."""
    joined: list[Mention] = []
    for mention in mentions:
        before = joined[-1] if joined else None
        if before is not None and mention.start - before.end <= 0:
            both = before.level is not None and mention.level is not None
            one = _inside(before, mention, both) or _inside(mention, before, both)
            if one is not None:
                joined[-1] = one
                continue
        joined.append(mention)
    return [mention for mention in joined if mention.weight is not Weight.FAINT]


def _inside(village: Mention, around: Mention, both_levels: bool) -> Mention | None:
    if village.joined or around.joined or around.weight is Weight.FAINT:
        return None
    parents = {region.code for region in around.readings if region.level == "kecamatan"}
    readings = tuple(r for r in village.readings if r.level == "village" and r.kecamatan in parents)
    if not readings:
        return None
    exact = village.exact and around.exact
    return Mention(
        start=min(village.start, around.start),
        end=max(village.end, around.end),
        level=village.level,
        readings=readings,
        score=(1.0 if both_levels else 0.9) if exact else 0.7,
        weight=Weight.FIRM,
        exact=exact,
        joined=True,
    )


def _narrowed(mentions: list[Mention]) -> list[Mention]:
    """Let a kecamatan that stands elsewhere in the text choose among villages of one name."""
    result = list(mentions)
    for at, mention in enumerate(mentions):
        if mention.joined or any(region.level != "village" for region in mention.readings):
            continue
        for other_at, other in enumerate(mentions):
            parents = {region.code for region in other.readings if region.level == "kecamatan"}
            inside = tuple(r for r in mention.readings if r.kecamatan in parents)
            road = other.weight is Weight.NEAR and other.exact
            if other_at == at or other.joined or road or not inside:
                continue
            sure = mention.level is not None or other.level is not None
            score = (0.95 if sure else 0.7) if mention.exact else 0.6
            result[at] = replace(mention, readings=inside, score=score, weight=Weight.FIRM)
            if mention.level is not None and other.level is None:
                # "di desa Babadan …, Paron": then Paron was said as the kecamatan.
                kept = tuple(r for r in other.readings if r.code == inside[0].kecamatan)
                result[other_at] = replace(other, readings=kept, weight=Weight.FIRM)
    return result


def _without_repeats(mentions: list[Mention]) -> list[Mention]:
    """Drop a name that was said more exactly elsewhere in the text."""
    kept: list[Mention] = []
    for at, mention in enumerate(mentions):
        mine = set(mention.readings)
        repeats = any(
            set(other.readings) < mine or (set(other.readings) == mine and other_at < at)
            for other_at, other in enumerate(mentions)
            if other_at != at and other.weight >= mention.weight
        )
        if not repeats:
            kept.append(mention)
    return kept


def _lowest(firm: list[Mention]) -> set[Region]:
    """All firm readings, without a region in which another name already lies whole."""
    if len(firm) == 1:
        return set(firm[0].readings)
    remaining: set[Region] = set()
    for mention in firm:
        for region in mention.readings:
            below = any(
                all(r.code != region.code and r.code.startswith(region.code) for r in o.readings)
                for o in firm
                if o is not mention
            )
            if not below:
                remaining.add(region)
    return remaining


def _common(codes: set[str], regency: Region) -> str:
    if len(codes) == 1:
        return next(iter(codes))
    kecamatan = {code[:8] for code in codes}
    return next(iter(kecamatan)) if len(kecamatan) == 1 else regency.code


def _ranked(
    mentions: list[Mention], lowest: Collection[Region] = (), share: float = 1.0
) -> tuple[PlaceCandidate, ...]:
    """Every reading once, at its best score: what the mention is worth, divided by its readings.

    Of firm mentions only the ``lowest`` count, if there are any.
    """
    scores: dict[str, tuple[float, Region]] = {}
    for mention in mentions:
        score = share * mention.score / len(mention.readings)
        for region in mention.readings:
            if lowest and mention.weight is Weight.FIRM and region not in lowest:
                continue
            if score > scores.get(region.code, (0.0, region))[0]:
                scores[region.code] = (score, region)
    ranked = sorted(scores.values(), key=lambda entry: (-entry[0], entry[1].code))
    return tuple(as_candidate(region, score) for score, region in ranked[:_MAX_CANDIDATES])
