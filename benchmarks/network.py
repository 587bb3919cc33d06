"""The lesson's network on an image of any size, written row by row, in the lesson's layout.

Panels run left to right (image, first kernels, layer 1, second kernels, layer 2, pooling, dense weights, the answer);
channel 2 sits below channel 1. Every activation is an array formula of its own; pooling stays on every second row and
column.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

Floats = NDArray[np.float64]
KERNELS = 9  # rows from a channel's top to its kernels
SLICE = 4  # rows from one slice of a second kernel to the next
TALLEST = 16  # rows that kernels need below a channel's top


class Network:
    """The numbers of the network, and where its panels lie."""

    def __init__(self, size: int) -> None:
        random = np.random.default_rng(7)
        self.size, self.one, self.two, self.pooled = size, size - 2, size - 4, (size - 4) // 2
        self.image = np.round(random.random((size, size)) * (random.random((size, size)) > 0.6), 3)
        edges = [[[1, 1, 1], [0, 0, 0], [-1, -1, -1]], [[1, 0, -1], [1, 0, -1], [1, 0, -1]]]
        self.first = np.array(edges, dtype=np.float64)
        self.second = np.round(random.normal(size=(2, 2, 3, 3)), 2)
        self.dense = np.round(random.normal(size=(2, self.pooled, self.pooled)) / self.pooled, 4)
        self.layer1 = np.maximum(0, np.stack([_correlate(self.image, kernel) for kernel in self.first]))
        sums = [sum(_correlate(self.layer1[c], kernel[c]) for c in range(2)) for kernel in self.second]
        self.layer2 = np.maximum(0, np.stack(sums))
        cut = self.layer2[:, : self.pooled * 2, : self.pooled * 2]
        self.pools = cut.reshape(2, self.pooled, 2, self.pooled, 2).max(axis=(2, 4))
        self.tops = (1, size + 3)
        self.kernels1 = size + 1
        self.columns1 = self.kernels1 + 4
        self.kernels2 = self.columns1 + self.one + 1
        self.columns2 = self.kernels2 + 4
        self.columns_pool = self.columns2 + self.two + 1
        self.weights = self.columns_pool + self.two + 1
        self.answer = self.weights + self.two + 1

    def write(self, sheet: Worksheet) -> None:
        """Write all panels, top to bottom."""
        for row in range(self.tops[1] + max(self.size, TALLEST)):
            if 1 <= row <= self.size:
                sheet.write_row(row, 0, self.image[row - 1].tolist())
            for channel, top in enumerate(self.tops):
                if row >= top:
                    self._write_kernels(sheet, channel, row, row - top)
                    self._write_layer1(sheet, channel, row, row - top)
                    self._write_layer2(sheet, channel, row, row - top)
                    self._write_pooling(sheet, channel, row, row - top)
            if row == self.tops[0]:
                self._write_answer(sheet, row)

    def _write_kernels(self, sheet: Worksheet, channel: int, row: int, at: int) -> None:
        line, part = (at - KERNELS) % SLICE, (at - KERNELS) // SLICE
        if at >= KERNELS and line < 3:
            if part == 0:
                sheet.write_row(row, self.kernels1, self.first[channel, line].tolist())
            if part < 2:
                sheet.write_row(row, self.kernels2, self.second[channel, part, line].tolist())

    def _write_layer1(self, sheet: Worksheet, channel: int, row: int, at: int) -> None:
        kernel = block(self.tops[channel] + KERNELS, self.kernels1, 3, 3, "$")
        for column, value in enumerate(self.layer1[channel, at].tolist() if at < self.one else ()):
            place = self.columns1 + column
            formula = f"{{=MAX(0,SUM({block(1 + at, column, 3, 3)}*{kernel}))}}"
            sheet.write_array_formula(row, place, row, place, formula, None, value)

    def _write_layer2(self, sheet: Worksheet, channel: int, row: int, at: int) -> None:
        kernels = [block(self.tops[channel] + KERNELS + SLICE * part, self.kernels2, 3, 3, "$") for part in range(2)]
        for column, value in enumerate(self.layer2[channel, at].tolist() if at < self.two else ()):
            place = self.columns2 + column
            windows = [block(top + at, self.columns1 + column, 3, 3) for top in self.tops]
            formula = f"{{=MAX(0,SUM({windows[0]}*{kernels[0]})+SUM({windows[1]}*{kernels[1]}))}}"
            sheet.write_array_formula(row, place, row, place, formula, None, value)

    def _write_pooling(self, sheet: Worksheet, channel: int, row: int, at: int) -> None:
        if at % 2 or at >= self.pooled * 2:
            return
        for column, value in enumerate(self.pools[channel, at // 2].tolist()):
            formula = f"=MAX({block(row, self.columns2 + 2 * column, 2, 2)})"
            sheet.write_formula(row, self.columns_pool + 2 * column, formula, None, value)
        for column, value in enumerate(self.dense[channel, at // 2].tolist()):
            sheet.write_number(row, self.weights + 2 * column, value)

    def _write_answer(self, sheet: Worksheet, row: int) -> None:
        extent = 2 * self.pooled - 1
        products = [
            f"SUMPRODUCT({block(top, self.weights, extent, extent)},{block(top, self.columns_pool, extent, extent)})"
            for top in self.tops
        ]
        sheet.write_formula(row, self.answer, f"={'+'.join(products)}", None, float((self.dense * self.pools).sum()))


def block(row: int, column: int, height: int, width: int, absolute: str = "") -> str:
    """Return a rectangle as A1 text; ``absolute`` is put before every row and column."""
    first, last = xl_col_to_name(column), xl_col_to_name(column + width - 1)
    return f"{absolute}{first}{absolute}{row + 1}:{absolute}{last}{absolute}{row + height}"


def _correlate(image: Floats, kernel: Floats) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.asarray(np.einsum("ijkl,kl->ij", windows, kernel))
