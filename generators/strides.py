"""The sheets ``strides`` and ``padded`` of the conv lesson: stride, padding, pooling, and a window that walks."""

from __future__ import annotations

from .book import Book, Manner, Sheet
from .network import Channels
from .panels import Alarm, Look
from .places import Frame
from .style import Role

SIDE = 28
MAX_POOLING, AVERAGE_POOLING = "max", "average"


def add_strides(book: Book, image: Frame, kernels: Channels) -> None:
    """Add both sheets to a lesson with a 28 x 28 image and two kernels."""
    padded_sheet = book.sheet("padded", pages=(1, 1))
    padded = _padded(padded_sheet, image)
    sheet = book.sheet("strides", pages=(1, 1))
    sheet.label((0, 0), "Stride, padding and pooling: choose in the yellow cells", Look.HEADING)
    _controls(sheet)
    there = padded.seen_from(sheet.name)
    _walk(sheet, padded_sheet, padded, there, kernels.one.seen_from(sheet.name))
    outputs = [_output(sheet, channel, there, kernels[channel - 1].seen_from(sheet.name)) for channel in (1, 2)]
    for channel, output in enumerate(outputs, start=1):
        _pool(sheet, channel, output)
    _global_pool(sheet, outputs)


def _padded(sheet: Sheet, image: Frame) -> Frame:
    """Place the image with a ring of zeros around it."""
    source, side = image.seen_from(sheet.name), SIDE + 2
    sheet.label(
        (0, 0),
        (f"The image with a ring of zeros: {side}×{side}. Padding 1 starts at the ring, padding 0 inside it."),
        Look.TITLE,
        role=Role.INPUT,
    )
    return sheet.fill(
        "padded",
        (1, 0),
        (side, side),
        lambda i, j: source.cell(i - 1, j - 1) if 0 < i < side - 1 and 0 < j < side - 1 else None,
        Role.INPUT,
        note="The image of the sheet conv, one cell further down and right; the empty ring counts as zeros. "
        "The window of the sheet strides is outlined here.",
        torch="F.pad(image, (1, 1, 1, 1))",
    )


def _controls(sheet: Sheet) -> None:
    rows: tuple[tuple[str, str, str | float, tuple[str | float, ...], str, str], ...] = (
        ("stride", "Stride", 2.0, (1, 2), "1 or 2", "How far the window moves between neighbouring outputs."),
        ("padding", "Padding", 1.0, (0, 1), "0 or 1", "How many rings of zeros stand around the image."),
        (
            "pooling",
            "Pooling 2×2",
            MAX_POOLING,
            (MAX_POOLING, AVERAGE_POOLING),
            "max or average",
            "What each 2×2 block becomes.",
        ),
    )
    for row, (name, label, value, choices, prompt, note) in enumerate(rows, start=2):
        sheet.control(name, (row, 6), label, value, choices, label_width=6, width=3, prompt=prompt, note=note)
    details: Manner = {"span": 3, "number_format": "0"}
    sheet.result(
        "output_side",
        (5, 6),
        "Output’s side",
        f"INT(({SIDE}+2*padding-3)/stride)+1",
        torch="F.conv2d(…).shape[-1]",
        note="(28 + 2·padding − 3) / stride, rounded down, plus 1.",
        label_width=6,
        **details,
    )
    sheet.result(
        "pooled_side",
        (6, 6),
        "Pooled side",
        "INT(output_side/2)",
        torch="F.max_pool2d(…).shape[-1]",
        note="Half of the output’s side, rounded down.",
        label_width=6,
        **details,
    )


def _walk(sheet: Sheet, padded_sheet: Sheet, padded: Frame, there: Frame, kernel: Frame) -> None:
    """Place the stepper: the window at one output, times kernel 1, added up."""
    sheet.label((8, 0), "Walk the window", Look.TITLE, role=Role.CONTROL)
    sheet.control(
        "position",
        (9, 6),
        "Output number",
        60.0,
        (1, SIDE * SIDE),
        whole=True,
        label_width=6,
        width=3,
        prompt="1, 2, 3 … row after row",
        note="Which output to look at: count 1, 2, 3 … along the rows. Type the next number to walk.",
    )
    details: Manner = {"span": 3, "number_format": "0"}
    sheet.result(
        "walk_row",
        (10, 6),
        "Its row",
        "MIN(INT((position-1)/output_side),output_side-1)+1",
        torch="divmod(position - 1, side)",
        note="The output’s row.",
        label_width=6,
        **details,
    )
    sheet.result(
        "walk_column",
        (11, 6),
        "Its column",
        "MOD(position-1,output_side)+1",
        torch="divmod(position - 1, side)",
        note="The output’s column.",
        label_width=6,
        **details,
    )
    window = sheet.fill(
        "walk_window",
        (14, 0),
        (3, 3),
        lambda _i, _j: (
            f"INDEX({there.all()},stride*(walk_row-1)+1-padding+ROW()-14,stride*(walk_column-1)+1-padding+COLUMN())+0"
        ),
        Role.INPUT,
        title="Window",
        note="The nine pixels under the window.",
        torch="F.unfold(image, 3)[:, position]",
    )
    copy = sheet.fill(
        "walk_kernel",
        (14, 4),
        (3, 3),
        lambda i, j: kernel.cell(i, j),
        Role.WEIGHT,
        title="Kernel 1",
        note="The nine weights.",
        torch="kernel",
    )
    products = sheet.fill(
        "walk_products",
        (14, 8),
        (3, 3),
        lambda i, j: f"{window.cell(i, j)}*{copy.cell(i, j)}",
        Role.ACTIVATION,
        title="Products",
        note="Pixel times weight.",
        torch="window * kernel",
    )
    sheet.result(
        "walk_sum",
        (18, 6),
        "Their sum",
        f"SUM({products.all('')})",
        label_width=6,
        span=3,
        number_format="0.000",
        torch="(window * kernel).sum()",
        note="The nine products, added.",
    )
    sheet.result(
        "walk_output",
        (19, 6),
        "After ReLU: the output",
        "MAX(0,walk_sum)",
        label_width=6,
        span=3,
        number_format="0.000",
        torch="F.relu(…)",
        note="The same number as in channel 1 at this row and column.",
    )
    row, column = (f"{axis}()-{first}" for axis, first in (("ROW", padded.top + 1), ("COLUMN", padded.left + 1)))
    inside = ",".join(
        f"{place}>=stride*(walk_{name}-1)+1-padding,{place}<stride*(walk_{name}-1)+4-padding"
        for place, name in ((row, "row"), (column, "column"))
    )
    padded_sheet.alarms.append(Alarm(padded, f"AND({inside})", border=True))


def _output(sheet: Sheet, channel: int, padded: Frame, kernel: Frame) -> Frame:
    """Place a convolution for every stride and padding: four windows to choose from."""
    column = 13 + (SIDE + 2) * (channel - 1)
    sheet.label(
        (1, column),
        f'="Channel {channel}: "&output_side&"×"&output_side&" at stride "&stride&", padding "&padding',
        Look.TITLE,
        role=Role.ACTIVATION,
    )

    def formula(i: int, j: int) -> str:
        starts = ((i + 1, j + 1), (i, j), (2 * i + 1, 2 * j + 1), (2 * i, 2 * j))
        sums = ",".join(f"SUM({padded.window(row, across, 3, 3)}*{kernel.all()})" for row, across in starts)
        return f'IF(MAX(ROW()-2,COLUMN()-{column})>output_side,"",MAX(0,CHOOSE(2*stride-1+padding,{sums})))'

    return sheet.fill(
        f"strided_{channel}",
        (2, column),
        (SIDE, SIDE),
        formula,
        Role.ACTIVATION,
        array=True,
        note=(
            "The window at (row, column) for stride 1, at twice that for stride 2; one cell earlier with "
            "padding. Empty beyond the output’s side."
        ),
        torch=f"F.relu(F.conv2d(image, kernel_{channel}, stride=stride, padding=padding))",
    )


def _pool(sheet: Sheet, channel: int, output: Frame) -> None:
    side = SIDE // 2
    top, column = output.bottom + 2, output.left
    sheet.label(
        (top - 1, column),
        f'="Channel {channel}, "&pooling&" pooling: "&pooled_side&"×"&pooled_side',
        Look.TITLE,
        role=Role.ACTIVATION,
    )

    def formula(i: int, j: int) -> str:
        block = output.window(2 * i, 2 * j, 2, 2)
        kind = f'IF(pooling="{MAX_POOLING}",MAX({block}),SUM({block})/4)'
        return f'IF(MAX(ROW()-{top},COLUMN()-{column})>pooled_side,"",{kind})'

    sheet.fill(
        f"pooled_{channel}",
        (top, column),
        (side, side),
        formula,
        Role.ACTIVATION,
        note="The greatest, or the mean, of each 2×2 block of the output above.",
        torch="F.max_pool2d(x, 2) or F.avg_pool2d(x, 2)",
    )


def _global_pool(sheet: Sheet, outputs: list[Frame]) -> None:
    """Place concat pooling: greatest and mean of each whole channel, side by side."""
    top, column = outputs[0].bottom + 2, 0
    sheet.label((top - 1, column), "Concat pooling: one number a channel", Look.TITLE, role=Role.ACTIVATION)
    sheet.headers(top + 1, column, ("max 1", "max 2", "avg 1", "avg 2"), Look.FAINT)
    sheet.fill(
        "concat_pooling",
        (top, column),
        (1, 4),
        lambda i, j: f"{'MAX' if j < 2 else 'AVERAGE'}({outputs[j % 2].all('')})",
        Role.ACTIVATION,
        number_format="0.00",
        note=(
            "The greatest of channel 1 and 2, then the mean of channel 1 and 2: what a network’s head sees "
            "with concat pooling."
        ),
        torch="torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)])",
    )
