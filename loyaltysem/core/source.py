"""What is known of a work that is cited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """One source.

    Parameters
    ----------
    key : str
        Stable name, such as ``"hu_bentler_1999"``.
    authors : tuple of str
        Each as ``"Family, I."``, in printed order.
    year : int
        Year of publication.
    title, where : str
        Title; journal with volume, issue and pages, or publisher.
    doi : str
        Digital object identifier without the resolver, or empty.

    Examples
    --------
    >>> names = ("Hu, L.", "Bentler, P. M.")
    >>> Reference("hu_bentler_1999", names, 1999, "Cutoff criteria", "SEM, 6(1), 1–55").citation
    'Hu & Bentler (1999)'
    """

    key: str
    authors: tuple[str, ...]
    year: int
    title: str
    where: str
    doi: str = ""

    @property
    def citation(self) -> str:
        """Short form for running text: ``Hu & Bentler (1999)``."""
        return f"{self._names} ({self.year})"

    @property
    def in_parentheses(self) -> str:
        """Short form inside parentheses: ``Hu & Bentler, 1999``."""
        return f"{self._names}, {self.year}"

    @property
    def _names(self) -> str:
        families = [author.split(",")[0] for author in self.authors]
        return f"{families[0]} et al." if len(families) > 2 else " & ".join(families)

    @property
    def entry(self) -> str:
        """Full entry for a list of references."""
        *first, last = self.authors
        names = f"{', '.join(first)}, & {last}" if first else last
        title = self.title if self.title.endswith("?") else f"{self.title}."
        link = f" https://doi.org/{self.doi}" if self.doi else ""
        return f"{names} ({self.year}). {title} {self.where}.{link}"
