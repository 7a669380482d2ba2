"""Long jobs that stop and resume, whatever they compute: progress, stores of lines and arrays, shards, provenance."""

from dna_mamba.runs.array_store import ArrayStore
from dna_mamba.runs.inputs import InputFile, can_be_read_twice
from dna_mamba.runs.line_store import LineStore
from dna_mamba.runs.progress import (
    Facts,
    Progress,
    check_resumable,
    earlier_fact,
    is_file_target,
    kept_progress,
    progress_directory,
    progress_for,
)
from dna_mamba.runs.shards import Claim, Shard, Span, parse_shard, span_of

__all__ = [
    "ArrayStore",
    "Claim",
    "Facts",
    "InputFile",
    "LineStore",
    "Progress",
    "Shard",
    "Span",
    "can_be_read_twice",
    "check_resumable",
    "earlier_fact",
    "is_file_target",
    "kept_progress",
    "parse_shard",
    "progress_directory",
    "progress_for",
    "span_of",
]
