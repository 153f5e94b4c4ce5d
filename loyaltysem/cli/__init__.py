"""The shell door: ``loyaltysem <command>``.

Nothing heavy is imported before a command runs, so ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import warnings
from collections.abc import Callable, Sequence

from loyaltysem.cli.parser import build_parser
from loyaltysem.cli.shared import BAD_INPUT, DONE, INTERRUPTED, NOT_CONVERGED
from loyaltysem.core.errors import EstimationError, LoyaltySemError, LoyaltySemWarning


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the program name; default: those of the process.

    Returns
    -------
    int
        0 done, 1 bad input, 2 bad usage (raised as SystemExit by argparse), 3 not converged,
        130 interrupted.
    """
    _speak_utf8()
    arguments = build_parser().parse_args(argv)
    with warnings.catch_warnings():
        # What the package warns of is also a finding, and findings are printed or reported.
        warnings.simplefilter("ignore", LoyaltySemWarning)
        return _guarded(arguments.handler, arguments)


def _guarded(handler: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Run a handler; turn every foreseeable failure into a message and an exit code."""
    try:
        return handler(arguments)
    except LoyaltySemError as error:
        _complain(str(error))
        failed = isinstance(error, EstimationError) and "converge" in error.code
        return NOT_CONVERGED if failed else BAD_INPUT
    except BrokenPipeError:
        # The reader (such as `head`) has gone; nothing more can be said to it.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return DONE
    except OSError as error:
        _complain(_describe(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain("interrupted; nothing was left half-written.")
        return INTERRUPTED


def _complain(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)


def _describe(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename is not None else what


def _speak_utf8() -> None:
    """Make both streams UTF-8: a Windows console may otherwise refuse Chinese or Greek."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
