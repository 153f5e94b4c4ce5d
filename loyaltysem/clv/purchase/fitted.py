"""A fitted model of purchases, and what it expects of customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.clv.purchase.estimate import Estimate
from loyaltysem.clv.purchase.estimated import Estimated
from loyaltysem.clv.purchase.families import Process
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.likelihood import Column, Likelihood
from loyaltysem.clv.purchase.reading import Customers, read_customers
from loyaltysem.clv.purchase.requests import known_unit, require_rate, require_time
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.types import Array

#: The unit of time of models that count opportunities to buy.
OPPORTUNITY = "opportunity"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PurchaseFit(Estimated):
    """A fitted BG/NBD, Pareto/NBD or BG/BB model.

    Attributes
    ----------
    frame : DataFrame
        ``parameter est se ci_lower ci_upper``, a row each; coefficients of covariates, with ``z``
        and ``pvalue``, follow the parameters.
    process : Process
        The model.
    likelihood : Likelihood
    found : Estimate
    customers : Customers
        The customers it was fitted to.
    findings : tuple of Finding
    unit : {"day", "week", "month", "year", "opportunity"} or None
        Of all times; None where the model was fitted to numbers alone, whose unit nobody said.

    Notes
    -----
    Methods that take a customer's frequency, recency and T answer for that customer, wherever it is
    from; `predict` answers for those the model was fitted to. Under a model with covariates give
    theirs too. Times are in the unit of T, of BG/BB in opportunities; numbers do not show theirs,
    so only what reads a log itself can check it.
    """

    frame: pd.DataFrame
    process: Process
    likelihood: Likelihood
    found: Estimate
    customers: Customers
    findings: tuple[Finding, ...]
    unit: str | None = None

    @property
    def title(self) -> str:
        """Model, customers, log-likelihood; the unit of time where it is known."""
        plain = super(PurchaseFit, self).title  # slots make a new class, which super() misses
        return plain if self.unit is None else f"{plain}; times in {self.unit}s"

    def log_unit(self, asked: str | None) -> str:
        """Return the unit of time in which a log is to be read for this model.

        Parameters
        ----------
        asked : str or None
            The unit the caller named.

        Returns
        -------
        str
            The fit's own. Of a fit that does not know its unit the one asked for, or weeks.

        Raises
        ------
        IncompatibleRequestError
            Another unit was asked for than the model was fitted in (``purchase.unit``), or the
            model counts opportunities.

        Examples
        --------
        >>> import loyaltysem as ls
        >>> seen = ls.clv.simulate_bg_nbd(400, 39, r=0.5, alpha=4.4, a=0.8, b=2.4, seed=1)
        >>> columns = seen["frequency"], seen["recency"], seen["T"]
        >>> ls.clv.bg_nbd(*columns).log_unit("day"), ls.clv.bg_nbd(*columns).log_unit(None)
        ('day', 'week')
        >>> ls.clv.bg_nbd(*columns, unit="month").log_unit(None)
        'month'
        """
        if self.unit == OPPORTUNITY:
            raise IncompatibleRequestError(
                f"The {self.process.family.name} model counts opportunities, which a log of orders "
                "does not hold.",
                code="purchase.unit",
                hint="Fit tx.bg_nbd() or tx.pareto_nbd(), or count the opportunities and give "
                "P(alive) as a series by customer.",
            )
        if asked is not None and self.unit is not None and asked != self.unit:
            raise IncompatibleRequestError(
                f"The {self.process.family.name} model was fitted in {self.unit}s, and "
                f"unit={asked!r} was asked for.",
                code="purchase.unit",
                hint=f"Leave unit= out, so that the log is read in {self.unit}s, or fit the model "
                f"to histories in {asked}s.",
            )
        return known_unit(self.unit or asked) or "week"

    def p_alive(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        ahead: float | None = None,
        purchase_covariates: object = None,
        dropout_covariates: object = None,
    ) -> Array:
        """Return the probability that customers have not left, shape (N,).

        Parameters
        ----------
        frequency, recency, T : array
            Repeat purchases, time of the last, time observed.
        ahead : float, optional
            How long after the end of observation; by default at its end, and for BG/BB at the next
            opportunity, as Fader, Hardie & Shang (2010) print it.
        purchase_covariates, dropout_covariates : DataFrame, optional
        """
        who = self._read(frequency, recency, T, purchase_covariates, dropout_covariates)
        return self._alive(who.seen, self._theta(who), ahead)[who.kind]

    def expected_purchases(
        self,
        t: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        purchase_covariates: object = None,
        dropout_covariates: object = None,
    ) -> Array:
        """Return the purchases customers are expected to make in the next t, given their history.

        Parameters
        ----------
        t : float
            Time after the end of observation.
        frequency, recency, T : array
        purchase_covariates, dropout_covariates : DataFrame, optional
        """
        require_time(t)
        who = self._read(frequency, recency, T, purchase_covariates, dropout_covariates)
        return self._conditional(who.seen, self._theta(who), t)[who.kind]

    def expected_new(self, t: ArrayLike) -> Array:
        """Return the purchases a new customer is expected to make in t, after the first.

        Under a model with covariates: a customer whose covariates are all 0.
        """
        times = np.atleast_1d(np.asarray(t, dtype=np.float64))
        theta = np.repeat(self._base(), len(times), axis=1)
        result = np.zeros(len(times))
        some = times > 0
        result[some] = self.process.expected(theta[:, some], times[some])
        return result

    def discounted_residual(
        self,
        rate: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        purchase_covariates: object = None,
        dropout_covariates: object = None,
    ) -> Array:
        """Return all future purchases customers are expected to make, discounted (DERT).

        Parameters
        ----------
        rate : float
            Continuous rate per unit of time, log(1.15)/52 for 15 % a year in weeks; for BG/BB the
            rate per opportunity.
        frequency, recency, T : array
        purchase_covariates, dropout_covariates : DataFrame, optional
        """
        require_rate(rate)
        who = self._read(frequency, recency, T, purchase_covariates, dropout_covariates)
        return self._discounted(who.seen, self._theta(who), rate)[who.kind]

    def discounted_new(self, rate: float) -> float:
        """Return all purchases a new customer is expected to make, discounted (DET)."""
        require_rate(rate)
        return float(self.process.discounted(self._base(), rate)[0])

    def mass(self, n: ArrayLike, t: float) -> Array:
        """Return the probability that a new customer makes n purchases in t."""
        require_time(t)
        counts = np.atleast_1d(np.asarray(n, dtype=np.float64))
        theta = np.repeat(self._base(), len(counts), axis=1)
        return self.process.mass(theta, counts, np.full(len(counts), float(t)))

    def predict(self, t: float, *, rate: float | None = None) -> pd.DataFrame:
        """Return what is expected of the customers the model was fitted to.

        Parameters
        ----------
        t : float
            Time after the end of observation.
        rate : float, optional
            Discount rate, as in `discounted_residual`.

        Returns
        -------
        DataFrame
            ``frequency recency T p_alive expected_purchases`` and, where a rate is given,
            ``discounted_purchases``, on the index of the frequencies.
        """
        require_time(t)
        who, theta = self.customers, self._fitted_theta()
        seen = who.seen
        table = {
            "frequency": seen.frequency,
            "recency": seen.recency,
            "T": seen.length,
            "p_alive": self._alive(seen, theta, None),
            "expected_purchases": self._conditional(seen, theta, t),
        }
        if rate is not None:
            require_rate(rate)
            table["discounted_purchases"] = self._discounted(seen, theta, rate)
        return pd.DataFrame({k: v[who.kind] for k, v in table.items()}, index=who.index)

    def frequency_table(self, most: int = 7) -> pd.DataFrame:
        """Return how many customers bought 0, 1, … times again, and how many are expected to have.

        Parameters
        ----------
        most : int
            Customers with as many purchases or more are taken together.

        Returns
        -------
        DataFrame
            ``frequency actual expected``.
        """
        seen, theta = self.customers.seen, self._fitted_theta()
        theta = np.broadcast_to(theta, (len(theta), len(seen.count)))
        expected = np.array([self._share_of(seen, theta, n) for n in range(most)])
        binned = np.minimum(seen.frequency, most).astype(int)
        actual = np.bincount(binned, weights=seen.count, minlength=most + 1)
        rest = seen.count.sum() - expected.sum()
        return pd.DataFrame(
            {
                "frequency": np.arange(most + 1),
                "actual": actual,
                "expected": np.append(expected, rest),
            }
        )

    def _share_of(self, seen: Histories, theta: Array, n: int) -> float:
        time = seen.length > 0
        part = self.process.mass(
            theta[:, time], np.full(int(time.sum()), float(n)), seen.length[time]
        )
        return float(seen.count[time] @ part) + (float(seen.count[~time].sum()) if n == 0 else 0.0)

    def expected_total(self, after: ArrayLike) -> Array:
        """Return the repeat purchases all customers fitted are expected to have made by then.

        Parameters
        ----------
        after : array
            Times after the end of observation; below 0 before it. Customers count from their first
            purchase on, so that a cohort that arrives bit by bit is followed as it does.
        """
        seen = self.customers.seen
        if self.likelihood.columns:
            length, count, theta = seen.length, seen.count, self._fitted_theta()
        else:  # what is expected of a new customer depends on nothing but its age
            length, where = np.unique(seen.length, return_inverse=True)
            count = np.bincount(where, weights=seen.count).astype(np.float64)
            theta = np.repeat(self._base(), len(length), axis=1)
        times = np.atleast_1d(np.asarray(after, dtype=np.float64))
        return np.array([float(count @ self._until(theta, length + t)) for t in times])

    def _until(self, theta: Array, age: Array) -> Array:
        here = age > 0
        result = np.zeros(len(age))
        result[here] = self.process.expected(theta[:, here], age[here])
        return result

    def _alive(self, seen: Histories, theta: Array, ahead: float | None) -> Array:
        later = (1.0 if self.process.discrete else 0.0) if ahead is None else float(ahead)
        require_time(later)
        alive = self.process.alive(theta, seen)
        if later > 0:
            alive = alive * self.process.stays(self.process.updated(theta, seen), later + 0 * alive)
        return alive

    def _conditional(self, seen: Histories, theta: Array, t: float) -> Array:
        if t == 0:
            return np.zeros(len(seen.count))
        later = self.process.updated(theta, seen)
        each = self.process.expected(later, np.full(later.shape[1], float(t)))
        return self.process.alive(theta, seen) * each

    def _discounted(self, seen: Histories, theta: Array, rate: float) -> Array:
        later = self.process.updated(theta, seen)
        return self.process.alive(theta, seen) * self.process.discounted(later, rate)

    def _base(self) -> Array:
        q = len(self.process.family.parameters)
        return np.asarray(np.exp(self.found.coefficients[:q, None]))

    def _fitted_theta(self) -> Array:
        return self.likelihood.theta(self.found.coefficients)

    def _read(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, purchase: object, drop: object
    ) -> Customers:
        frequency, recency, T = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(v)) for v in (frequency, recency, T))
        )
        who = read_customers(
            frequency, recency, T, None, purchase, drop, discrete=self.process.discrete
        )
        for given, fitted, name in (
            (who.purchase, self.customers.purchase, "purchase"),
            (who.dropout, self.customers.dropout, "dropout"),
        ):
            if list(given.columns) != list(fitted.columns):
                told = ", ".join(fitted.columns) or "none"
                raise IncompatibleRequestError(
                    f"The model has {name} covariates: {told}; given were: "
                    f"{', '.join(given.columns) or 'none'}.",
                    code="purchase.covariates",
                    hint=f"Give {name}_covariates with the columns the model was fitted with.",
                )
        return who

    def _theta(self, who: Customers) -> Array:
        columns = columns_of(self.process, who)
        return Likelihood(self.process.family, who.seen, columns).theta(self.found.coefficients)


def columns_of(process: Process, who: Customers) -> tuple[Column, ...]:
    """Return the covariates as the likelihood takes them."""
    roles = ((process.family.purchase, who.purchase), (process.family.dropout, who.dropout))
    return tuple(
        Column(parameter, sign * frame[name].to_numpy(np.float64), f"{prefix}:{name}")
        for own, frame in roles
        for parameter, sign, prefix in own
        for name in frame.columns
    )
