"""Genomes packed on disk: two bits a base and what they cannot say beside them, read a slice at a time."""

from dna_mamba.data.store.manifest import StoredGenome, is_store
from dna_mamba.data.store.packing import check_store_target, pack_genomes
from dna_mamba.data.store.sources import GenomeSource, find_sources
from dna_mamba.data.store.store import GenomeStore

__all__ = [
    "GenomeSource",
    "GenomeStore",
    "StoredGenome",
    "check_store_target",
    "find_sources",
    "is_store",
    "pack_genomes",
]
