"""The result of a fit: what was asked, what came out, and how to read it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array
from loyaltysem.estimation.frames import (
    by_group,
    covariance_frame,
    explained_variance,
    latent_frame,
)
from loyaltysem.estimation.modification import modification_frame, score_test_frame
from loyaltysem.estimation.replication.bootstrap import Bootstrap, bootstrap
from loyaltysem.estimation.residual_frames import Residuals, residuals_of
from loyaltysem.estimation.score_frames import score_frame
from loyaltysem.estimation.solved import Solved
from loyaltysem.estimation.standardized import standardized_frame
from loyaltysem.estimation.summary import summary_html, summary_text
from loyaltysem.estimation.to_lavaan import write_lavaan


@dataclass(frozen=True, slots=True, repr=False)
class SEMResult(Solved):
    """A fitted structural equation model: its fields are those of `Solved`."""

    def fit_measures(self, *names: str) -> pd.Series:
        """Return fit indices, all or the named ones, keyed by lavaan's names with ``_`` for ``.``.

        ``gfi``, ``agfi`` and ``pgfi`` are Jöreskog and Sörbom's, from covariances only, as AMOS
        prints them; ``gfi_mo`` is what lavaan 0.7 calls ``gfi``.
        """
        found = self.inference.measures
        index = _index(tuple(found)).view()  # whose name can be set without renaming others
        measures = pd.Series(np.array(list(found.values())), index, name="value", copy=False)
        unknown = [n for n in names if n not in measures.index]
        if unknown:
            raise IncompatibleRequestError(
                f"There is no fit measure {unknown[0]!r}.",
                code="request.fit_measure",
                hint=did_you_mean(unknown[0], measures.index)
                or f"Available: {', '.join(measures.index)}.",
            )
        return measures[list(names)] if names else measures

    def standardized(self, kind: str = "std_all", *, level: float = 0.95) -> pd.DataFrame:
        """Return the standardised solution with its own standard errors and intervals.

        Parameters
        ----------
        kind : {"std_all", "std_lv"}
            All variables standardised, or the latent ones only.
        level : float
            Coverage of the confidence intervals.

        Returns
        -------
        DataFrame
            ``lhs op rhs group label est_std se z pvalue ci_lower ci_upper``.
        """
        return standardized_frame(self.model, self.solution.alpha, self.inference.vcov, kind, level)

    def rsquare(self) -> pd.Series:
        """Return R² of every explained variable.

        With several groups the index has two levels, ``group`` and ``variable``, so that
        ``fit.rsquare().loc["Pasteur"]`` is one group's; likewise `implied_cov`, `sample_cov`,
        `latent_cov` and `latent_cor`.
        """
        return by_group(
            self.groups,
            [
                explained_variance(self.table, block, self.inference, g)
                for g, block in enumerate(self.structure.blocks)
            ],
        )

    def modification_indices(self, top: int | None = None) -> pd.DataFrame:
        """Return score tests of every parameter the model could free, the largest first.

        Parameters
        ----------
        top : int, optional
            Keep only this many.

        Returns
        -------
        DataFrame
            ``lhs op rhs group mi epc sepc_lv sepc_all``: the expected fall of χ², the expected
            parameter change and its standardised values. Theory decides what to free.
        """
        return modification_frame(self.model, self.solution.alpha, top)

    def score_tests(self) -> pd.DataFrame:
        """Return a score test for dropping each equality: ``restriction chisq df pvalue``."""
        return score_test_frame(self.model, self.solution.alpha)

    def residuals(self, kind: str = "raw", *, distribution_free: bool | None = None) -> Residuals:
        """Return sample minus implied moments.

        Parameters
        ----------
        kind : {"raw", "cor", "cor_bentler", "standardized", "normalized"}
            In the units of the data; as a difference of correlations; over sample standard
            deviations; over the standard error of the residual (z); over that of the sample
            moment. lavaan's ``residuals(type=)`` has the same names, with ``.`` for ``_``.
        distribution_free : bool, optional
            Take sampling variances from the cases instead of from normal theory. By default where
            the standard errors are robust. Ordinal data have one kind only.

        Returns
        -------
        Residuals
            ``.cov`` (frame), ``.mean`` and ``.thresholds`` (series or None) and ``.largest()``.

        Notes
        -----
        lavaan 0.6-14 divides the sampling variances of ordinal data by the cases of all groups
        instead of those of the group, so that its z of several groups are too large.
        """
        return residuals_of(self, kind, distribution_free)

    def factor_scores(
        self, method: str = "regression", data: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return a score on every latent variable for every case.

        Parameters
        ----------
        method : {"regression", "bartlett"}
        data : DataFrame, optional
            Other cases to score; by default those the model was fitted to.

        Returns
        -------
        DataFrame
            One row a case, in the order of the data, one column a latent variable; a first column
            ``group`` with several groups. The index is that of `data`, or the position of the case
            (from 0) in the data the model was fitted to. Cases with missing answers are scored
            where the model was fitted with ``missing="fiml"``, otherwise left out.
        """
        return score_frame(self, method, data)

    def to_lavaan(self, folder: str | PathLike[str]) -> Path:
        """Write the fit as a folder that R's lavaan runs on its own.

        Parameters
        ----------
        folder : path
            A new folder, or an earlier export, which is replaced as a whole.

        Returns
        -------
        Path
            The folder: ``model.R`` (fits with lavaan, compares, ends with status 1 on a difference
            above 1e-4), ``data.csv``, ``expected.csv``, ``expected.json``, ``README.md``.

        Raises
        ------
        DataError
            When the folder holds other files.
        """
        return write_lavaan(self, folder)

    def bootstrap(
        self,
        draws: int = 5000,
        *,
        kind: str = "nonparametric",
        seed: int | None = None,
        cluster: object = None,
        strata: object = None,
        save: str | PathLike[str] | None = None,
        n_jobs: int | None = None,
    ) -> Bootstrap:
        """Fit the model again to samples drawn from the data or from the model.

        Parameters
        ----------
        draws : int
            Samples R. Groups keep their sizes.
        kind : {"nonparametric", "bollen-stine", "parametric"}
            Cases drawn with replacement; the same after the answers were turned into ones for
            which the model holds exactly, for the test of fit (Bollen & Stine 1992); new cases
            drawn from the implied normal distribution (cut at the thresholds of ordered
            variables, with the values that are missing in the data missing too).
        seed : int, optional
            Decides every draw, whatever the number of workers. Drawn, and kept in the result,
            when it is not given.
        cluster : array-like, optional
            One value a row of the data: rows of one value are drawn together.
        strata : array-like, optional
            One value a row of the data: draws are made within each value.
        save : path, optional
            Parquet file for the replicates. An interrupted run leaves its finished part beside
            it; the same call goes on from there and ends with the same numbers. A finished file
            is read, or extended when more draws are asked for.
        n_jobs : int, optional
            Worker processes; by default what ``joblib.parallel_config`` says.

        Returns
        -------
        Bootstrap
            ``.intervals()``, ``.replicates()``, ``.counts``, ``.chisq_pvalue()``.

        Raises
        ------
        IncompatibleRequestError, DataError
            When there are no cases to draw, or the file belongs to another request.

        Examples
        --------
        >>> import loyaltysem as ls
        >>> rng = np.random.default_rng(1)
        >>> trust = rng.normal(size=200)
        >>> items = {f"t{i}": trust + rng.normal(size=200) for i in (1, 2, 3)}
        >>> fit = ls.cfa("trust =~ t1 + t2 + t3", pd.DataFrame(items))
        >>> fit.bootstrap(100, seed=1).counts["converged"]
        100
        """
        return bootstrap(
            self, draws, kind=kind, seed=seed, cluster=cluster, strata=strata, save=save,
            n_jobs=n_jobs,
        )  # fmt: skip

    def implied_cov(self) -> pd.DataFrame:
        """Return the model-implied covariance matrix of the observed variables."""
        return self._covariances([i.moments.sigma[0] for i in self.inference.implied])

    def sample_cov(self) -> pd.DataFrame:
        """Return the sample covariance matrix that was analysed."""
        return self._covariances([cov[0] for cov in self.sample.cov])

    def _covariances(self, matrices: Sequence[Array]) -> pd.DataFrame:
        names = self.table.observed
        return by_group(self.groups, [covariance_frame(m, names) for m in matrices])

    def latent_cov(self) -> pd.DataFrame:
        """Return the implied covariance matrix of the latent variables."""
        return self._latent(as_correlation=False)

    def latent_cor(self) -> pd.DataFrame:
        """Return the implied correlation matrix of the latent variables."""
        return self._latent(as_correlation=True)

    def _latent(self, as_correlation: bool) -> pd.DataFrame:
        return by_group(
            self.groups,
            [
                latent_frame(block, implied, self.table.latent, as_correlation)
                for block, implied in zip(
                    self.structure.blocks, self.inference.implied, strict=True
                )
            ],
        )

    def vcov(self) -> pd.DataFrame:
        """Return the covariance matrix of the free parameters."""
        return covariance_frame(self.inference.vcov, self._free_names())

    def _free_names(self) -> list[str]:
        """Name the free parameters by label or as written; later groups add ``.g2`` and so on."""
        names = [""] * self.structure.n_free
        for row, number in zip(self.table.rows, self.structure.free, strict=True):
            if number >= 0 and not names[number]:
                group = f".g{row.group}" if row.group > 1 else ""
                names[number] = row.label or row.name + group
        return names

    @property
    def params(self) -> pd.Series:
        """Free parameters (statsmodels' name)."""
        return pd.Series(self.solution.alpha[0], index=self._free_names(), name="est")

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the free parameters (statsmodels' name)."""
        variance = np.diagonal(self.inference.vcov)
        return pd.Series(np.sqrt(np.maximum(variance, 0.0)), index=self._free_names(), name="se")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the free parameters (statsmodels' name)."""
        frame = self.tidy().query("free > 0").drop_duplicates("free").sort_values("free")
        return pd.Series(frame["pvalue"].to_numpy(), index=self._free_names(), name="pvalue")

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return confidence intervals of the free parameters (statsmodels' name)."""
        frame = self.parameters(False, level=level).query("free > 0")
        frame = frame.drop_duplicates("free").sort_values("free")
        return frame[["ci_lower", "ci_upper"]].set_axis(self._free_names(), axis=0)

    def tidy(self) -> pd.DataFrame:
        """Return `parameters`, under the name R's broom uses."""
        return self.parameters()

    def glance(self) -> pd.DataFrame:
        """Return a one-row table of the fit."""
        measures = self.fit_measures(
            "npar", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower",
            "rmsea_ci_upper", "srmr", "aic", "bic", "ntotal",
        )  # fmt: skip
        row = pd.DataFrame([measures.to_dict()])
        row.insert(0, "estimator", self.plan.estimator)
        return row.assign(converged=self.converged)

    def summary(self) -> str:
        """Return a printable summary: the request, the fit, the parameters, the findings."""
        return summary_text(self)

    def __repr__(self) -> str:
        m = self.inference.measures
        return (
            f"SEMResult({self.plan.estimator}, N = {self.n_obs}, "
            f"{self.structure.n_free} parameters, χ²({m['df']:.0f}) = {m['chisq']:.2f}; "
            "print(fit.summary()) shows more)"
        )

    def _repr_html_(self) -> str:
        return summary_html(self)


@functools.lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> pd.Index:
    """Return names as labels; fits of one kind have the same ones, which take time to make."""
    return pd.Index(names)
