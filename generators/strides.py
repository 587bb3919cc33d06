"""The sheet ``strides`` of the conv lesson: stride, padding, pooling, and a window that walks over the image."""

from __future__ import annotations

from collections.abc import Callable

from .book import Book, Manner, Sheet
from .network import Channels
from .panels import Alarm, Look
from .places import Frame, bound
from .style import Role

SIDE = 28
MAX_POOLING, AVERAGE_POOLING, CONCAT_POOLING = "max", "average", "concat"
TOP = 3  # row where image and outputs start; their columns are numbered in the row above
IMAGE, OUTPUTS, APART = 13, 46, SIDE + 2  # columns: of the image, of the first output, from one to the next
POOLED = TOP + SIDE + 4
FIELD, WIDE = 6, 3  # column of controls and results, columns that each is merged over


def add_strides(book: Book, image: Frame, kernels: Channels) -> None:
    """Add the sheet to a lesson with a 28 x 28 image and two kernels."""
    sheet = book.sheet("strides", pages=None, print_scale=52, breaks=(OUTPUTS + APART,))
    sheet.label((0, 0), "Stride, padding and pooling: choose in the yellow cells", Look.HEADING)
    _controls(sheet)
    padded = _padded(sheet, image.seen_from(sheet.name))
    outputs = [_output(sheet, channel, padded, kernels[channel - 1].seen_from(sheet.name)) for channel in (1, 2)]
    _walk(sheet, padded, outputs[0], kernels.one.seen_from(sheet.name))
    for channel, output in enumerate(outputs, start=1):
        _pool(sheet, channel, output)
    _global_pool(sheet, outputs)


def _padded(sheet: Sheet, image: Frame) -> Frame:
    """Place the image with a ring of zeros around it."""
    side = SIDE + 2
    title = f"Image with a ring of zeros: {side}×{side}. Padding 1 starts at the ring, padding 0 inside it"
    sheet.label((1, IMAGE), title, Look.TITLE, role=Role.INPUT)
    return sheet.fill(
        "padded",
        (TOP, IMAGE),
        (side, side),
        lambda i, j: image.cell(i - 1, j - 1) if 0 < i < side - 1 and 0 < j < side - 1 else "0",
        Role.INPUT,
        note="The image of the sheet conv, one cell further down and right, in a ring of zeros. The window that walks "
        "is outlined in blue.",
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
            (MAX_POOLING, AVERAGE_POOLING, CONCAT_POOLING),
            "max, average, or both (concat)",
            "What each 2×2 block becomes: its greatest, its mean, or both, side by side.",
        ),
    )
    for row, (name, label, value, choices, prompt, note) in enumerate(rows, start=2):
        sheet.control(
            name, (row, FIELD), label, value, choices, label_width=FIELD, width=WIDE, prompt=prompt, note=note
        )
    side = f"INT(({SIDE}+2*padding-3)/stride)+1"
    note = "(28 + 2·padding − 3) / stride, rounded down, plus 1."
    _result(sheet, "output_side", 5, "Output’s side", side, note, "F.conv2d(…).shape[-1]")
    note = "Half of the output’s side, rounded down."
    _result(sheet, "pooled_side", 6, "Pooled side", "INT(output_side/2)", note, "F.max_pool2d(…).shape[-1]")


def _result(
    sheet: Sheet, name: str, row: int, label: str, formula: str, note: str, torch: str, style: str = "0"
) -> None:
    details: Manner = {"span": WIDE, "number_format": style}
    sheet.result(name, (row, FIELD), label, formula, label_width=FIELD, note=note, torch=torch, **details)


def _walk(sheet: Sheet, padded: Frame, output: Frame, kernel: Frame) -> None:
    """Place the stepper: the window at one output, times kernel 1, added up."""
    sheet.label((8, 0), "Walk the window", Look.TITLE, role=Role.CONTROL)
    sheet.control(
        "position",
        (9, FIELD),
        "Output number",
        60.0,
        (1, SIDE * SIDE),
        whole=True,
        label_width=FIELD,
        width=WIDE,
        prompt="1, 2, 3 … row after row",
        note="Which output to look at: count 1, 2, 3 … along the rows. Type the next number to walk.",
    )
    call = "divmod(position - 1, side)"
    row = "MIN(INT((position-1)/output_side),output_side-1)+1"
    _result(sheet, "walk_row", 10, "Its row", row, "The output’s row.", call)
    column = "MOD(position-1,output_side)+1"
    _result(sheet, "walk_column", 11, "Its column", column, "The output’s column.", call)
    products = _products(sheet, padded, kernel)
    note = "The nine products, added."
    _result(
        sheet, "walk_sum", 18, "Their sum", f"SUM({products.all('')})", note, "(window * kernel).sum()", style="0.000"
    )
    note = "The same number as in channel 1 at this row and column, outlined in blue."
    _result(sheet, "walk_output", 19, "After ReLU: the output", "MAX(0,walk_sum)", note, "F.relu(…)", style="0.000")
    inside = ",".join(
        f"{place}>=stride*(walk_{name}-1)+1-padding,{place}<stride*(walk_{name}-1)+4-padding"
        for place, name in ((f"ROW()-{padded.top + 1}", "row"), (f"COLUMN()-{padded.left + 1}", "column"))
    )
    sheet.alarms.append(Alarm(padded, f"AND({inside})", border=True))
    here = f"AND({output.cell(0, -1, 'c')}=walk_row,{output.cell(-1, 0, 'r')}=walk_column)"
    sheet.alarms.append(Alarm(output, here, border=True))


def _products(sheet: Sheet, padded: Frame, kernel: Frame) -> Frame:
    """Place the window, the kernel, and their nine products; return those."""
    row, column = (f"stride*(walk_{name}-1)+1-padding" for name in ("row", "column"))
    panels: tuple[tuple[str, str, Role, str, str, Callable[[int, int], str]], ...] = (
        (
            "walk_window",
            "Window",
            Role.INPUT,
            "The nine pixels under the window.",
            "F.unfold(image, 3)[:, position]",
            lambda _i, _j: f"INDEX({padded.all()},{row}+ROW()-14,{column}+COLUMN())",
        ),
        ("walk_kernel", "Kernel 1", Role.WEIGHT, "The nine weights.", "kernel", lambda i, j: kernel.cell(i, j)),
    )
    frames = [
        sheet.fill(name, (14, 4 * at), (3, 3), formula, role, title=title, note=note, torch=torch)
        for at, (name, title, role, note, torch, formula) in enumerate(panels)
    ]
    return sheet.fill(
        "walk_products",
        (14, 8),
        (3, 3),
        lambda i, j: f"{frames[0].cell(i, j)}*{frames[1].cell(i, j)}",
        Role.ACTIVATION,
        title="Products",
        note="Pixel times weight.",
        torch="window * kernel",
    )


def _title(sheet: Sheet, place: tuple[int, int], words: str, rest: str) -> None:
    """Place a title: ``words``, and beside them what a formula adds."""
    sheet.label(place, words, Look.TITLE, role=Role.ACTIVATION)
    sheet.label((place[0], place[1] + WIDE), f"={rest}", Look.TITLE, role=Role.ACTIVATION)


def _number(sheet: Sheet, frame: Frame) -> None:
    """Number the columns above a panel, and the rows to the left of the first."""
    for k in range(frame.width):
        sheet.label((frame.top - 1, frame.left + k), float(k + 1), Look.SMALL)
    for k in range(frame.height if frame.left == OUTPUTS else 0):
        sheet.label((frame.top + k, frame.left - 1), float(k + 1), Look.SMALL)


def _numbers(frame: Frame, i: int, j: int) -> tuple[str, str]:
    """Spell the numbers of a cell's row and column."""
    return frame.cell(i, OUTPUTS - 1 - frame.left, "c"), frame.cell(-1, j, "r")


def _output(sheet: Sheet, channel: int, padded: Frame, kernel: Frame) -> Frame:
    """Place a convolution for every stride and padding: four windows to choose from."""
    place = (TOP, OUTPUTS + APART * (channel - 1))
    frame = sheet.frame(place, (SIDE, SIDE))
    size = 'output_side&"×"&output_side&" at stride "&stride&", padding "&padding'
    _title(sheet, (1, frame.left), f"Channel {channel}:", size)
    _number(sheet, frame)

    def formula(i: int, j: int) -> str:
        row, column = _numbers(frame, i, j)
        starts = ((i + 1, j + 1), (i, j), (2 * i + 1, 2 * j + 1), (2 * i, 2 * j))
        used = starts if max(i, j) < SIDE // 2 else starts[:2]  # stride 2 never gets further
        chosen = "2*stride-1+padding" if len(used) == len(starts) else "1+padding"
        sums = ",".join(f"SUM({padded.window(*start, 3, 3)}*{kernel.all()})" for start in used)
        return f'IF(MAX({row},{column})>output_side,"",MAX(0,CHOOSE({chosen},{sums})))'

    return sheet.fill(
        f"strided_{channel}",
        place,
        (SIDE, SIDE),
        formula,
        Role.ACTIVATION,
        array=True,
        note="The window at (row, column) for stride 1, at twice that for stride 2; one cell earlier with padding. "
        "Empty beyond the output’s side. Cells that only stride 1 reaches choose between two windows.",
        torch=f"F.relu(F.conv2d(image, kernel_{channel}, stride=stride, padding=padding))",
    )


def _pool(sheet: Sheet, channel: int, output: Frame) -> None:
    """Place what the blocks of an output become, and beside it their means where pooling is concat."""
    side = SIDE // 2
    first = sheet.frame((POOLED, output.left), (side, side))
    second = sheet.frame((POOLED, first.right + 1), (side, side))
    words = 'IF(pooling="average","average","max")&" pooling, "&pooled_side&"×"&pooled_side'
    _title(sheet, (POOLED - 2, first.left), f"Channel {channel}:", words)
    words = 'IF(pooling="concat","and average pooling, "&pooled_side&"×"&pooled_side,"")'
    _title(sheet, (POOLED - 2, second.left - WIDE), "", words)
    _number(sheet, first)
    _number(sheet, second)

    def chosen(i: int, j: int) -> str:
        block = output.window(2 * i, 2 * j, 2, 2)
        kind = f'IF(pooling="{AVERAGE_POOLING}",AVERAGE({block}),MAX({block}))'
        return f'IF(MAX({",".join(_numbers(first, i, j))})>pooled_side,"",{kind})'

    def mean(i: int, j: int) -> str:
        unused = f'pooling<>"{CONCAT_POOLING}",MAX({",".join(_numbers(second, i, j))})>pooled_side'
        return f'IF(OR({unused}),"",AVERAGE({output.window(2 * i, 2 * j, 2, 2)}))'

    for name, frame, formula, note, call in (
        (
            f"pooled_{channel}",
            first,
            chosen,
            "The greatest of each 2×2 block of the output above, or its mean with average pooling.",
            "F.max_pool2d(x, 2) or F.avg_pool2d(x, 2)",
        ),
        (
            f"pooled_mean_{channel}",
            second,
            mean,
            "With concat pooling the mean of each block as well: twice the channels. Empty otherwise.",
            "F.avg_pool2d(x, 2)",
        ),
    ):
        sheet.fill(
            name,
            (frame.top, frame.left),
            (side, side),
            bound(lambda i, j, formula: formula(i, j), formula),
            Role.ACTIVATION,
            note=note,
            torch=call,
        )


def _global_pool(sheet: Sheet, outputs: list[Frame]) -> None:
    """Place concat pooling over whole channels: greatest and mean of each."""
    top = POOLED
    sheet.label((top - 2, 0), "Concat pooling of whole channels", Look.TITLE, role=Role.ACTIVATION)
    for i, kind in enumerate(("Greatest", "Mean")):
        for j in (0, 1):
            sheet.label((top + 2 * i + j, 0), f"{kind} of channel {j + 1}")
    sheet.fill(
        "concat_pooling",
        (top, FIELD),
        (4, 1),
        lambda i, j: f"{'MAX' if i < 2 else 'AVERAGE'}({outputs[i % 2].all('')})",
        Role.ACTIVATION,
        number_format="0.000",
        span=WIDE,
        note="The greatest of channel 1 and 2, then their means: one number a channel, which is what a network’s head "
        "sees with concat pooling, whatever the size of the image.",
        torch="torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)])",
    )
