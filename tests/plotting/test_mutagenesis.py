import numpy as np
import pytest

from dna_mamba.plotting import mutagenesis_map, save_figure

pytest.importorskip("matplotlib")


def drawn(length, unknown=()):
    rng = np.random.default_rng(1)
    sequence = "".join("N" if i in unknown else "ACGT"[i % 4] for i in range(length))
    p = rng.dirichlet([1, 1, 1, 1], size=length)
    log_p = np.log(p)
    llr = log_p - log_p[np.arange(length), np.arange(length) % 4][:, None]
    llr[list(unknown)] = np.nan
    return llr, mutagenesis_map(sequence, llr, log_p, chrom="chrI", start=999, title="t")


@pytest.mark.parametrize(("length", "rows"), [(20, 1), (100, 1), (101, 2), (300, 3)])
def test_every_position_is_drawn_once_on_one_scale(length, rows):
    llr, figure = drawn(length)
    heats = [axes for axes in figure.axes if axes.get_images()]
    assert len(heats) == rows
    image = np.concatenate([axes.get_images()[0].get_array().T for axes in heats])
    np.testing.assert_array_equal(image, llr)
    limit = np.abs(llr).max()
    assert {axes.get_images()[0].get_clim() for axes in heats} == {(-limit, limit)}
    letters = "".join(label.get_text() for axes in heats for label in axes.get_xticklabels())
    assert letters == ("ACGT" * 75)[:length]
    dots = np.concatenate([axes.lines[0].get_xydata() for axes in heats])
    assert dots[:, 0].tolist() == list(range(1000, 1000 + length))
    assert dots[:, 1].tolist() == [i % 4 for i in range(length)]
    logos = [axes for axes in figure.axes if axes.get_ylabel() == "bits"]
    assert len({axes.get_ylim() for axes in logos}) == 1
    ticks = [int(t.get_text().replace(",", "")) for axes in logos for t in axes.get_xticklabels()]
    assert ticks and all(t % 5 == 0 and 1000 <= t < 1000 + length for t in ticks)


def test_n_and_nothing_known(tmp_path):
    _, figure = drawn(21, unknown=(3, 4))
    heat = figure.axes[0]
    assert heat.get_images()[0].get_array().mask[:, [3, 4]].all() and len(heat.lines[0].get_xdata()) == 19
    _, nothing = drawn(5, unknown=range(5))
    for name, made in (("a.png", figure), ("b.svg", nothing)):
        save_figure(made, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
