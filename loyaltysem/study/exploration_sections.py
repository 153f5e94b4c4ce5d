"""Whether the items can be factored, and how many factors they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from loyaltysem.analysis.exploration.adequacy import bartlett_sphericity, kmo
from loyaltysem.analysis.exploration.parallel import parallel_analysis
from loyaltysem.study.part import Part
from loyaltysem.survey.responses import Responses

#: Samples of unrelated items and the seed they are drawn with: moderate, told in the table.
SAMPLES, SEED = 200, 1
#: Fewer items than these have no factors to count.
FEWEST_ITEMS = 4


def rating_items(
    responses: Responses, measurement: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return the rating items people were asked, by the construct of the model they measure."""
    rated = {i.name for i in responses.questionnaire.asked_items if i.scale.kind == "likert"}
    there = rated & {str(name) for name in responses.data.columns}
    found = {
        latent: tuple(name for name in names if name in there)
        for latent, names in measurement.items()
    }
    return {latent: names for latent, names in found.items() if names}


def flat(scales: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the items of all scales, each once."""
    return list(dict.fromkeys(name for names in scales.values() for name in names))


def adequacy_part(answers: pd.DataFrame) -> Part:
    """Return KMO and Bartlett's test: ``measure item value``.

    `measure` is ``n_obs``, ``kmo``, ``bartlett_chisq``, ``bartlett_df``, ``bartlett_pvalue``, or
    ``kmo_item`` with the item's name.
    """
    adequate, sphere = kmo(answers), bartlett_sphericity(answers)
    rows: list[tuple[str, str, float]] = [
        ("n_obs", "", float(adequate.n_obs)),
        ("kmo", "", adequate.overall),
        ("bartlett_chisq", "", sphere.chisq),
        ("bartlett_df", "", float(sphere.df)),
        ("bartlett_pvalue", "", sphere.pvalue),
    ]
    rows += [("kmo_item", str(name), float(value)) for name, value in adequate.items.items()]
    table = pd.DataFrame(rows, columns=["measure", "item", "value"])
    low = tuple(f for f in adequate.findings if f.code.startswith("exploration.low_kmo"))
    return Part({"adequacy": table}, low)


def parallel_part(answers: pd.DataFrame) -> Part:
    """Return the eigenvalues beside those of unrelated items.

    ``parallel``: the columns of `ParallelAnalysis.frame`, ``factor_kept`` and ``component_kept``
    (above chance), and the settings ``criterion n_samples n_obs seed``, the same in every row.
    """
    found = parallel_analysis(answers, n_samples=SAMPLES, seed=SEED)
    position = found.frame["position"]
    table = found.frame.assign(
        factor_kept=position <= found.n_factors,
        component_kept=position <= found.n_components,
        criterion=found.criterion,
        n_samples=found.n_samples,
        n_obs=found.n_obs,
        seed=found.seed,
    )
    return Part({"parallel": table})
