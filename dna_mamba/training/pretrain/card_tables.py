"""The tables of a model card: held-out loss beside the baselines, genome by genome, and by length of context."""

from collections.abc import Mapping
from typing import Any

LogRows = list[dict[str, Any]]
HOW = (
    "Loss is the mean over bases masked a few at a time, both strands joined where tokens allow, on evenly spaced "
    "windows of what is held out, as many of each genome, which then count by their bases. Markov baselines count "
    "words on both strands of the training contigs and are asked on every base held out: one context each, one half "
    "added to each count, or (interpolated) contexts of all lengths to the one named, each completed by what the next "
    "shorter one predicts."
)


def held_out_table(rows: LogRows, use: str) -> str:
    """The model and every baseline on one part of the split, and how far apart they are; empty if it was not asked."""
    model, baselines = _last(rows, "evaluate", use), _last(rows, "baselines", use)
    if model is None:
        return ""
    what = f"**this model** ({model['n_bases']:,} bases, {model['loss_nats']:.4f} nats a token)"
    lines = [f"| {use} | bits per base |", "|---|---|", f"| {what} | **{model['bits_per_base']:.4f}** |"]
    if baselines is None:
        return "\n".join(lines)
    by_name = baselines["bits_per_base"]
    lines += [f"| {name} | {bits:.4f} |" for name, bits in by_name.items()]
    best = min(by_name, key=by_name.__getitem__)
    return "\n".join([*lines, "", f"{_margin(by_name[best] - model['bits_per_base'])} the best baseline, {best}."])


def by_genome_table(rows: LogRows, use: str) -> str:
    """The model and the best baseline of each kind on every genome; empty where there is one genome."""
    model, baselines = _last(rows, "evaluate", use), _last(rows, "baselines", use)
    genomes = (model or {}).get("by_genome", {})
    if len(genomes) < 2:
        return ""
    by_genome = {} if baselines is None else baselines["by_genome"]
    kinds = list(dict.fromkeys(kind_of(name) for bits in by_genome.values() for name in bits))
    lines = [
        " | ".join([f"| {use} by genome", "bases", "this model", *kinds, "fewer than the best baseline |"]),
        "|" + "---|" * (len(kinds) + 4),
    ]
    for name, figures in genomes.items():
        cells = [name, f"{figures['n_bases']:,}", f"**{figures['bits_per_base']:.4f}**"]
        best = _best_by_kind(by_genome.get(name, {}))
        cells += [f"{best[kind][0]:.4f} ({best[kind][1]})" if kind in best else "" for kind in kinds]
        margin = f"{min(best.values())[0] - figures['bits_per_base']:+.4f}" if best else ""
        lines.append("| " + " | ".join([*cells, margin]) + " |")
    return "\n".join(lines)


def contexts_table(rows: LogRows, use: str) -> str:
    """What longer windows bring; empty if they were not compared."""
    found = _last(rows, "contexts", use)
    if found is None:
        return ""
    shortest, *longer = found["windows"]
    lines = [
        f"| {use}, window around a masked base | bits per base | fewer than with {shortest['window_bp']:,} bp |",
        "|---|---|---|",
        f"| {shortest['window_bp']:,} bp | {shortest['bits_per_base']:.4f} | |",
    ]
    for window in longer:
        gain = f"{window['gain_bits']:.4f} ± {window['gain_error']:.4f}"
        lines.append(f"| {window['window_bp']:,} bp | {window['bits_per_base']:.4f} | {gain} |")
    return "\n".join(lines)


def kind_of(name: str) -> str:
    """The kind in a baseline's name: what stands before its context."""
    return name.removesuffix(name.rpartition(" ")[2]).strip().removesuffix(" order")


def _best_by_kind(bits_by_name: Mapping[str, float]) -> dict[str, tuple[float, str]]:
    """Loss and context of the best baseline of each kind."""
    best: dict[str, tuple[float, str]] = {}
    for name, bits in bits_by_name.items():
        found = bits, name.rpartition(" ")[2]
        best[kind_of(name)] = min(best.get(kind_of(name), found), found)
    return best


def _margin(bits: float) -> str:
    return f"{abs(bits):.4f} bits per base {'better' if bits > 0 else 'worse'} than"


def _last(rows: LogRows, event: str, use: str) -> dict[str, Any] | None:
    return next((row for row in reversed(rows) if row["event"] == event and row["split"] == use), None)
