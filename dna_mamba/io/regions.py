"""Places on a genome as users write them: ``chr:start-end``, 1-based inclusive outside, 0-based half-open inside."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.genome import MITOCHONDRIA, Interval, other_names

_SPAN = re.compile(r"(?P<start>[0-9,]*)(?P<dash>-?)(?P<end>[0-9,]*)")
_QUOTED = re.compile(r"\{(?P<chrom>[^}]*)\}(?::(?P<span>.*))?")
_NOTATION = "write chr:start-end, 1-based, both ends included"


def parse_region(text: str, lengths: Mapping[str, int]) -> Interval:
    """``chr``, ``chr:start-``, ``chr:-end`` or ``chr:start-end`` on one of the contigs of these ``lengths``.

    Thousands separators are allowed. Names may hold colons (``HLA-A*01:01``): the longest part of the text that is a
    contig is the name; a text that can be read both ways is refused unless the name stands in braces,
    ``{HLA:1}:5-10``, as in htslib. ``chr1`` may stand for ``1`` and the other way round; the result has the contig's
    name. ``chr:start`` is refused: to bcftools it is one base, to samtools all from there on.

    Raises:
        InputError: no such contig, no numbers, start before 1 or after end, or an end past the contig's.
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return _on_contig(quoted["chrom"], quoted["span"], text, lengths)
    chrom, colon, span = text.rpartition(":")
    is_name, is_span = text in lengths, bool(colon) and chrom in lengths
    if is_name and is_span and _SPAN.fullmatch(span):
        remedy = f"write {{{text}}} for the contig or {{{chrom}}}:{span} for the place"
        raise InputError(f"region {text!r} is a contig and a place on {chrom!r}", remedy=remedy)
    if is_name or not colon:
        return _on_contig(text, None, text, lengths)
    return _on_contig(chrom, span, text, lengths)


def place_region(region: Interval, lengths: Mapping[str, int], source: str | Path) -> Interval:
    """The same region under the genome's name of its contig.

    Args:
        region: 0-based half-open.
        lengths: of the genome's contigs, in base pairs.
        source: where the region comes from, for errors.

    Raises:
        InputError: no such contig, or an end past the contig's.
    """
    chrom = _find_contig(region.chrom, f"region {region} (1-based)", lengths, source)
    if region.end > lengths[chrom]:
        what = f"region {region} (1-based) ends past {chrom}, which has {lengths[chrom]} bp"
        raise InputError(what, place=source, remedy="cut it, or take the genome that it was made for")
    return region if chrom == region.chrom else replace(region, chrom=chrom)


def _find_contig(chrom: str, region: str, lengths: Mapping[str, int], source: str | Path | None = None) -> str:
    """The genome's name of a contig; that of the mitochondrion has to be given as it is."""
    names = [name for name in (chrom, *other_names(chrom)) if name in lengths]
    if names and (names[0] == chrom or chrom not in MITOCHONDRIA):
        return names[0]
    there = names or [*list(lengths)[:5], *(["..."] if len(lengths) > 5 else [])]
    raise InputError(f"{region}: no contig {chrom!r}", place=source, remedy=f"there is {', '.join(there)}")


def _on_contig(given: str, span: str | None, text: str, lengths: Mapping[str, int]) -> Interval:
    chrom = _find_contig(given, f"region {text!r}", lengths)
    length = lengths[chrom]
    if span is None:
        return Interval(chrom, 0, length)
    first, last = _parse_span(span, text, length)
    if first > length:
        raise InputError(f"region {text!r} starts past {chrom}, which has {length} bp", remedy=_NOTATION)
    if not 1 <= first <= last:
        raise InputError(f"region {text!r} does not run from 1 or more upwards", remedy=_NOTATION)
    if last > length:
        remedy = f"write {chrom}:{first}-"
        raise InputError(f"region {text!r} ends past {chrom}, which has {length} bp", remedy=remedy)
    return Interval(chrom, first - 1, last)


def _parse_span(span: str, text: str, length: int) -> tuple[int, int]:
    """First and last base, 1-based; a missing number is the contig's first or last base."""
    match = _SPAN.fullmatch(span)
    digits = [match[group].replace(",", "") for group in ("start", "end")] if match else []
    if match is None or not any(digits) or max(map(len, digits)) > 18:
        raise InputError(f"region {text!r} has no numbers after its colon", remedy=_NOTATION)
    if not match["dash"]:
        what = f"region {text!r} is one base to bcftools, and all from there on to samtools"
        raise InputError(what, remedy=f"write {text}-{span} or {text}-")
    first, last = digits
    return int(first or 1), int(last or length)
