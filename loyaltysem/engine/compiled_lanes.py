"""Several replicates at once as one number: vectors of doubles for compiled kernels.

A *lane* is one replicate. A workspace is an array (cells, LANES): cell by cell, what the replicates
hold there. `load` reads a cell as one value of the machine's vector registers, and arithmetic on
such values is arithmetic on each replicate by itself, so that no result depends on its neighbours.
Index arithmetic, sparse or not, is then paid once for all lanes, and nothing depends on what a
compiler recognises as a loop it can vectorise.

Only imported where numba is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

from loyaltysem.core.types import Array

#: Replicates side by side: one 512-bit register, or two of 256 bits.
LANES = 8
#: What a cell holds, and several of it, in the eyes of Python's types.
Vector: TypeAlias = Any
Vectors: TypeAlias = tuple[Any, ...]
F = TypeVar("F", bound=Callable[..., Any])
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


def part(function: F) -> F:
    """Compile into whatever calls it."""
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))


def _machine(function: Callable[..., Any]) -> Any:
    """Turn a function that writes machine instructions into one that runs them."""
    return intrinsic(function)


class LanesType(types.Type):  # type: ignore[misc]  # numba is untyped
    """One double a lane."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{LANES}")


_LANES = LanesType()


class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]  # numba is untyped
    """Held in registers as a vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


register_model(LanesType)(_LanesModel)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Point at a cell of a workspace: first and second argument."""
    cell = context.cast(builder, args[1], signature.args[1], types.intp)
    data = make_array(signature.args[0])(context, builder, args[0]).data
    first = builder.mul(cell, ir.Constant(cell.type, LANES))
    return builder.bitcast(builder.gep(data, [first], inbounds=True), _VECTOR.as_pointer())


@_machine
def load(_: Any, x: Any, cell: Any) -> Any:
    """Read a cell of workspace `x`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args), align=8)

    return _LANES(x, cell), emit


@_machine
def store(_: Any, x: Any, cell: Any, value: Any) -> Any:
    """Write a cell of workspace `x`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args), align=8)
        return context.get_dummy_value()

    return types.void(x, cell, value), emit


@_machine
def fill(_: Any, number: Any) -> Any:
    """Give every lane the same number."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            position = ir.Constant(ir.IntType(32), lane)
            vector = builder.insert_element(vector, args[0], position)
        return vector

    return _LANES(types.float64), emit


def _operation(emit_one: Callable[[Any, Any], Any], n: int, meaning: str) -> Any:
    """Make an intrinsic of `n` vectors."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_one(builder, args)

    def unary(_: Any, a: Any) -> Any:
        return _LANES(a), emit

    def binary(_: Any, a: Any, b: Any) -> Any:
        return _LANES(a, b), emit

    def ternary(_: Any, a: Any, b: Any, c: Any) -> Any:
        return _LANES(a, b, c), emit

    function = (unary, binary, ternary)[n - 1]
    function.__doc__ = meaning
    return _machine(function)


def _llvm(name: str, n: int) -> Callable[[Any, Any], Any]:
    """Call an operation that LLVM knows for vectors."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * n)

    def emit(builder: Any, args: Any) -> Any:
        function = get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
        return builder.call(function, args)

    return emit


def _negated_multiply(builder: Any, args: Any) -> Any:
    return _llvm("fmuladd", 3)(builder, [builder.fneg(args[0]), args[1], args[2]])


add = _operation(lambda b, args: b.fadd(*args), 2, "Return a + b.")
subtract = _operation(lambda b, args: b.fsub(*args), 2, "Return a − b.")
multiply = _operation(lambda b, args: b.fmul(*args), 2, "Return ab.")
divide = _operation(lambda b, args: b.fdiv(*args), 2, "Return a/b.")
# fused where the machine can; IEEE 754 in all else, infinities and NaN included
multiply_add = _operation(_llvm("fmuladd", 3), 3, "Return ab + c.")
multiply_less = _operation(_negated_multiply, 3, "Return c − ab.")
square_root = _operation(_llvm("sqrt", 1), 1, "Return √a, NaN where a is negative.")


def workspace(cells: int) -> Array:
    """Return zeros (cells, LANES) that begin with a cache line, as whole registers like it."""
    spare = np.zeros(cells * LANES + LANES)
    skipped = (-spare.ctypes.data // spare.itemsize) % LANES
    return spare[skipped : skipped + cells * LANES].reshape(cells, LANES)
