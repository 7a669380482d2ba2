"""Region notation of samtools, ``chr:start-end``: 1-based inclusive outside, 0-based half-open inside."""

import re
from collections.abc import Iterable

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval

_SPAN = re.compile(r"(?P<start>[0-9,]*)(?P<dash>-?)(?P<end>[0-9,]*)")
_QUOTED = re.compile(r"\{(?P<chrom>[^}]*)\}(?::(?P<span>.*))?")
_NOTATION = "write chr:start-end, 1-based, both ends included"


def parse_region(text: str, contigs: Iterable[Contig]) -> Interval:
    """``chr``, ``chr:start``, ``chr:start-``, ``chr:-end`` or ``chr:start-end`` on one of the contigs.

    Thousands separators are allowed. Names may hold colons (``HLA-A*01:01``): the longest part of the text that is a
    contig is the name; a text that can be read both ways is refused unless the name stands in braces,
    ``{HLA:1}:5-10``, as in htslib.

    Raises:
        InputError: no such contig, no numbers, start before 1 or behind end, or an end behind the contig's.
    """
    lengths = dict(contigs)
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


def _on_contig(chrom: str, span: str | None, text: str, lengths: dict[str, int]) -> Interval:
    if chrom not in lengths:
        names = ", ".join(list(lengths)[:5]) + (" ..." if len(lengths) > 5 else "")
        raise InputError(f"region {text!r}: no contig {chrom!r}", remedy=f"there are {names}")
    length = lengths[chrom]
    if span is None:
        return Interval(chrom, 0, length)
    first, last = _parse_span(span, text, length)
    if first > length:
        raise InputError(f"region {text!r} starts behind {chrom}, which has {length} bp", remedy=_NOTATION)
    if not 1 <= first <= last:
        raise InputError(f"region {text!r} does not run from 1 or more upwards", remedy=_NOTATION)
    if last > length:
        raise InputError(
            f"region {text!r} ends behind {chrom}, which has {length} bp", remedy=f"write {chrom}:{first}-"
        )
    return Interval(chrom, first - 1, last)


def _parse_span(span: str, text: str, length: int) -> tuple[int, int]:
    """First and last base, 1-based; a missing number is the contig's first or last base."""
    match = _SPAN.fullmatch(span)
    digits = [match[group].replace(",", "") for group in ("start", "end")] if match else []
    if match is None or not any(digits) or max(map(len, digits)) > 18:
        raise InputError(f"region {text!r} has no numbers behind its colon", remedy=_NOTATION)
    first, last = digits
    return int(first or 1), int(last or length)
