"""How far a record reaches: the stretch of reference that it says something of, as htslib 1.24 reckons it."""

import re

from dna_mamba.io.vcf.reader import N_FIXED_COLUMNS, VcfRecord

_SYMBOLIC = re.compile(r"<(?:DEL|DUP|INV|CNV)(?::[^>]*)?>")
_REFERENCE_BLOCKS = frozenset({"<*>", "<NON_REF>"})
_NUMBER = re.compile(r"[+-]?\d{1,18}")


def record_end(record: VcfRecord) -> int:
    """0-based end of the stretch of a record that starts at ``pos - 1``, the furthest that any of these reaches.

    REF; INFO/END; for ``<DEL>``, ``<DUP>``, ``<INV>`` and ``<CNV>``, their subtypes included, the base before and
    INFO/SVLEN bases (of its own ALT, the sign plays no part); for ``<*>`` and ``<NON_REF>`` FORMAT/LEN bases, the
    most of any sample. Values that are not numbers do not count. VCF 4.5, sections 1.6.1 and 3.
    """
    start = record.pos - 1
    ends = [start + len(record.ref)]
    is_symbolic = [_SYMBOLIC.fullmatch(alt) is not None for alt in record.alts]
    info = _stated(record.info, {"END", "SVLEN"} if any(is_symbolic) else {"END"})
    end, *more = _numbers(info.get("END", ""))
    if end is not None and not more:
        ends.append(end)
    for length, counts in zip(_numbers(info.get("SVLEN", "")), is_symbolic, strict=False):
        if length is not None and counts:
            ends.append(start + 1 + abs(length))
    if not _REFERENCE_BLOCKS.isdisjoint(record.alts):
        ends += [start + length for length in _sample_lengths(record.line)]
    return max(ends)


def _stated(info: str, keys: set[str]) -> dict[str, str]:
    """INFO by key, read until each of ``keys`` was met, as htslib does: that tells which of two ENDs counts."""
    found: dict[str, str] = {}
    for key, _, value in (entry.partition("=") for entry in info.split(";")):
        if key in keys:
            found[key] = value
            if len(found) == len(keys):
                break
    return found


def _numbers(text: str) -> list[int | None]:
    """Comma-separated integers; a decimal is cut to its integer part, anything else is None."""
    matches = (_NUMBER.match(part) for part in text.split(","))
    return [int(match[0]) if match else None for match in matches]


def _sample_lengths(line: str) -> list[int]:
    """FORMAT/LEN of every sample that has one."""
    formats, *samples = line.removesuffix("\r").split("\t")[N_FIXED_COLUMNS:] or [""]
    keys = formats.split(":")
    if "LEN" not in keys:
        return []
    at = keys.index("LEN")
    values = [sample.split(":")[at] for sample in samples if sample.count(":") >= at]
    return [length for value in values for length in _numbers(value) if length is not None]
