"""One forest over any number of rows, for kernels that score without coming back to Python: what `Forest` chooses, chosen here.

Arrays as in `layout`; few rows walk side by side through trees, many go through them abreast: the bits are the same.
"""

from __future__ import annotations

from numba import njit

from honghua.models.core.kernels import abreast, walking


@njit(cache=True)
def score_forest(nodes, plan, cards, splits, values, x, out):
    """Margin of every row of x float32[n, F] into out float64[n]."""
    if x.shape[0] >= abreast.FEW_ROWS and values.shape[0] > 0:
        abreast.score_rows(plan, splits, values, x, out)
    else:
        walking.score_rows(nodes, plan, cards, x, out)


@njit(cache=True)
def explain_forest(nodes, plan, cards, splits, values, x, out, reasons, sizes):
    """Margin and reasons in one walk: out float64[n], reasons int32[n, 4], sizes float32[n, 4]."""
    if x.shape[0] >= abreast.FEW_ROWS and values.shape[0] > 0:
        abreast.explain_rows(plan, splits, values, x, out, reasons, sizes)
    else:
        walking.explain_rows(nodes, plan, cards, x, out, reasons, sizes)
