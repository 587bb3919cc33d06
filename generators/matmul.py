"""Lesson ``matmul``: a convolution is a sparse matrix times the flattened image, and patches times the kernel."""

from __future__ import annotations

from . import vendored
from .book import Book, Sheet
from .network import KERNELS, kernel_library
from .panels import Look
from .places import Frame
from .style import Role, Scale

ABOUT = (
    (
        "The same convolution in three ways, equal cell for cell. First as always: a 3×3 kernel slides "
        "over an image. Then as one "
        "matrix product: the kernel's nine weights are laid out in a matrix with a row for each output "
        "and a column for each "
        "pixel, almost all of it zeros, and it is multiplied by the image as one long column. Then "
        "the other way round: each "
        "3×3 window becomes a row of nine numbers, multiplied by the kernel as a column (im2col, which "
        "is how libraries do it)."
    ),
    (
        "Red is above zero, blue below. Equal colours along the diagonals of the sparse matrix are "
        "the same nine weights over and over: a convolution is a linear "
        "layer whose weights are mostly zero and otherwise shared."
    ),
)
EXERCISES = (
    (
        "Change a weight of the kernel. Where does it show in the sparse matrix?",
        "Once in every row, along a diagonal: the weight is shared by all outputs.",
    ),
    (
        "How many of the sparse matrix's cells are not zero?",
        (
            '="Nine in each row, fewer where the kernel itself has zeros: now "&SUMPRODUCT(--(sparse_matrix<>0))&'
            '" of "&COUNT(sparse_matrix)&"."'
        ),
    ),
    (
        "Choose the kernel “identity”. What is the sparse matrix then?",
        "A matrix that picks the inner pixels: a single 1 in each row.",
    ),
    (
        "How many weights would a dense layer between the same image and output have?",
        (
            '="As many as the sparse matrix has cells, "&COUNT(sparse_matrix)&", all of them free to differ. The '
            'convolution has "&COUNT(kernel)&"."'
        ),
    ),
)


def build(digit: int = 70, side: int = 8) -> Book:
    """Declare the lesson: a ``side`` x ``side`` piece of a vendored digit."""
    book = Book("matmul", "Convolution as a matrix product", ABOUT, EXERCISES, {"digit": digit, "side": side})
    sheet = book.sheet("matmul", pages=(1, 1))
    out = side - 2
    image = _image(sheet, digit, side)
    kernel = _kernel(book, sheet, side)
    conv = sheet.fill(
        "conv",
        (2, side + 7),
        (out, out),
        lambda i, j: f"SUM({image.window(i, j, 3, 3)}*{kernel.all()})",
        Role.ACTIVATION,
        array=True,
        title=f"Sliding kernel: {out}×{out}",
        note="As in the lesson conv, without ReLU: the sum of nine products.",
        torch="F.conv2d(image, kernel)",
    )
    column = sheet.fill(
        "flat_kernel",
        (side + 9, 3 + side * side + 18),
        (9, 1),
        lambda i, j: kernel.cell(i // 3, i % 3),
        Role.WEIGHT,
        note="The kernel as a column.",
        torch="kernel.flatten()",
    )
    sheet.label((column.top - 2, column.left), "Kernel as a column", Look.TITLE, role=Role.WEIGHT)
    product = _sparse(sheet, image, column, side)
    patches = _patches(sheet, image, column, conv, side)
    for place, name, label, frame, call in (
        ((out + 4, side + 11), "sparse_difference", "sparse matrix", product, "0"),
        ((out + 5, side + 11), "patch_difference", "patches", patches, "0"),
    ):
        sheet.result(
            name,
            place,
            f"Difference from {label}",
            f"ROUND(SUMXMY2({conv.all('')},{frame.all('')}),20)",
            label_width=7,
            span=2,
            number_format="0.0E+0",
            torch=call,
            note="The sum of squared differences from the sliding kernel: 0 but for rounding.",
        )
    return book


def _image(sheet: Sheet, digit: int, side: int) -> Frame:
    """Place a piece of a digit: where its ink is densest."""
    pixels = vendored.digits()[0][digit].astype(int)
    ink = {
        (row, column): int(pixels[row : row + side, column : column + side].sum())
        for row in range(28 - side + 1)
        for column in range(28 - side + 1)
    }
    row, column = max(ink, key=lambda place: ink[place])
    piece = (pixels[row : row + side, column : column + side] / 255).round(1)
    sheet.label((0, 0), "A convolution in three ways", Look.HEADING)
    return sheet.constants(
        "image",
        (2, 0),
        piece.tolist(),
        Role.INPUT,
        title=f"Image: {side}×{side}",
        note="A piece of a digit: change its pixels.",
    )


def _kernel(book: Book, sheet: Sheet, side: int) -> Frame:
    sheet.control(
        "kernel_choice",
        (2 + side + 1, 3),
        "Kernel",
        "diagonal",
        tuple(KERNELS),
        label_width=3,
        width=4,
        prompt="which kernel",
        note="Which kernel to use.",
    )
    names, library = (frame.seen_from(sheet.name) for frame in kernel_library(book))
    sheet.fill(
        "kernel_row",
        (2 + side + 1, 8),
        (1, 1),
        lambda i, j: f"MATCH(kernel_choice,{names.all()},0)",
        Role.RESULT,
        scale=Scale.NONE,
        number_format="0",
        note="The row where the chosen kernel starts on the sheet kernels.",
    )
    return sheet.fill(
        "kernel",
        (4, side + 2),
        (3, 3),
        lambda i, j: f"INDEX({library.window(i, j, library.height - 3, 1, 'r')},kernel_row)",
        Role.WEIGHT,
        title="Kernel",
        note="The chosen kernel, from the sheet kernels; type numbers over it to try your own.",
    )


def _sparse(sheet: Sheet, image: Frame, column: Frame, side: int) -> Frame:
    """Place the sparse matrix, the image as a column, their product, and the product as a table."""
    out, top, left = side - 2, side + 9, 3
    places = sheet.fill(
        "kernel_places",
        (top, column.right),
        (9, 2),
        lambda i, j: f"INT((ROW()-{top + 1})/3)" if j == 0 else f"MOD(ROW()-{top + 1},3)",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Row and column of each weight in the kernel, from 0.",
        torch="divmod(k, 3)",
    )
    sheet.label((top - 4, 0), f"The kernel as a sparse matrix: {out * out}×{side * side}", Look.TITLE, role=Role.WEIGHT)
    rows = sheet.fill(
        "output_places",
        (top, left - 3),
        (out * out, 2),
        lambda i, j: f"INT((ROW()-{top + 1})/{out})" if j == 0 else f"MOD(ROW()-{top + 1},{out})",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Row and column of each output, from 0.",
        torch="divmod(k, width)",
    )
    sheet.headers(top - 1, 0, ("row", "col"))
    sheet.headers(top - 1, places.left, ("row", "col"))
    for offset, word in enumerate(("row of the pixel", "column")):
        sheet.label((top - 3 + offset, 0), word, Look.FAINT)
    columns = sheet.fill(
        "pixel_places",
        (top - 3, left),
        (2, side * side),
        lambda i, j: f"INT((COLUMN()-{left + 1})/{side})" if i == 0 else f"MOD(COLUMN()-{left + 1},{side})",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Row and column of each pixel, from 0.",
        torch="divmod(k, width)",
    )

    def weight(i: int, j: int) -> str:
        down = f"{columns.cell(0, j, 'r')}-{rows.cell(i, 0, 'c')}"
        across = f"{columns.cell(1, j, 'r')}-{rows.cell(i, 1, 'c')}"
        return f"SUMIFS({column.all()},{places.column(0, 'rc')},{down},{places.column(1, 'rc')},{across})"

    matrix = sheet.fill(
        "sparse_matrix",
        (top, left),
        (out * out, side * side),
        weight,
        Role.WEIGHT,
        scale=Scale.BLUE_WHITE_RED,
        number_format='0.0;-0.0;"·"',
        note=(
            "Row: an output. Column: a pixel. The kernel's weight whose place is the pixel's place minus "
            "the output's, or 0 where there is none."
        ),
        torch="built from F.conv2d of unit images",
    )
    flat = sheet.fill(
        "flat_image",
        (top, matrix.right + 1),
        (side * side, 1),
        lambda i, j: image.cell(i // side, i % side),
        Role.INPUT,
        title="Image as a column",
        note="The image, row after row.",
        torch="image.flatten()",
    )
    product = sheet.whole(
        "sparse_product",
        (top, flat.right + 3),
        (out * out, 1),
        f"MMULT({matrix.all('')},{flat.all('')})",
        Role.ACTIVATION,
        title="Product",
        note="The sparse matrix times the image: all outputs at once.",
        torch="T @ image.flatten()",
    )
    return sheet.fill(
        "sparse_result",
        (2, side + out + 9),
        (out, out),
        lambda i, j: product.cell(out * i + j, 0),
        Role.ACTIVATION,
        title=f"Sparse product: {out}×{out}",
        note="The product as a table again.",
        torch="(T @ image.flatten()).reshape(…)",
    )


def _patches(sheet: Sheet, image: Frame, column: Frame, conv: Frame, side: int) -> Frame:
    """Place the windows as rows, the kernel as a column, and their product as a table."""
    out, top = side - 2, side + 9
    left = 3 + side * side + 8
    patches = sheet.fill(
        "patches",
        (top, left),
        (out * out, 9),
        lambda i, j: image.cell(i // out + j // 3, i % out + j % 3),
        Role.INPUT,
        title=f"Windows as rows: {out * out}×9",
        note="Each 3×3 window of the image as a row (im2col).",
        torch="F.unfold(image, 3).T",
    )
    product = sheet.fill(
        "patch_product",
        (top, left + 14),
        (out * out, 1),
        lambda i, j: f"MMULT({patches.row(i)},{column.all()})",
        Role.ACTIVATION,
        title="Product",
        note="Windows times kernel.",
        torch="F.unfold(image, 3).T @ kernel.flatten()",
    )
    return sheet.fill(
        "patch_result",
        (2, conv.right + out + 4),
        (out, out),
        lambda i, j: product.cell(out * i + j, 0),
        Role.ACTIVATION,
        title=f"Patch product: {out}×{out}",
        note="The product as a table again.",
        torch="(…).reshape(…)",
    )
