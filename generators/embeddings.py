"""Lesson ``embeddings``: a row looked up is a one-hot row times the matrix; on films and on a poem's words."""

from __future__ import annotations

import re
from random import Random

from . import vendored
from .book import Book, Sheet
from .panels import Look
from .places import Frame
from .ratings import short
from .style import Role, Scale

# Jane Taylor, "The Star" (1806), the first two stanzas.
POEM = """Twinkle, twinkle, little star,
How I wonder what you are!
Up above the world so high,
Like a diamond in the sky.
When the blazing sun is gone,
When he nothing shines upon,
Then you show your little light,
Twinkle, twinkle, all the night."""
ABOUT = (
    (
        "An embedding is a matrix with a row for each thing: a film, a word. To use it, look the thing's "
        "row up by its number. "
        "The same row comes out when a one-hot row (1 at the thing's place, 0 elsewhere) is multiplied "
        "by the matrix; so an "
        "embedding is a linear layer on one-hot input, only without the multiplications by 0."
    ),
    "Both ways are shown side by side, on films and on the words of a poem (Jane Taylor, “The Star”, 1806).",
)
EXERCISES = (
    (
        "On films, choose other films in the yellow cells. Which panels change?",
        "The numbers, the one-hot rows, and both results, which stay equal.",
    ),
    (
        "Change one number of the embedding matrix. Where does it show?",
        "In every row that looks that film up, in both ways, and nowhere else.",
    ),
    (
        ("On words, how many rows does “twinkle” have in the vocabulary, and how often is it looked up?"),
        '=COUNTIF(vocabulary,"twinkle")&" row, looked up "&COUNTIF(poem,"twinkle")'
        '&" times: equal words share their numbers."',
    ),
    (
        "How many multiplications does the one-hot way take for one word?",
        '="The size of the vocabulary times the width of the embedding: "&ROWS(word_matrix)&" × "'
        '&COLUMNS(word_matrix)&" = "&ROWS(word_matrix)*COLUMNS(word_matrix)&"; the lookup takes none."',
    ),
)
CHOSEN = (0, 5, 14, 3, 0, 9)


def build(width: int = 5, seed: int = 3) -> Book:
    """Declare the lesson: embeddings of ``width`` numbers, drawn from ``seed``."""
    book = Book(
        "embeddings", "Embeddings: lookup and one-hot product", ABOUT, EXERCISES, {"width": width, "seed": seed}
    )
    random = Random(seed)
    _films(book, width, random)
    _words(book, width, random)
    return book


def _matrix(random: Random, height: int, width: int) -> list[list[float]]:
    return [[round(random.uniform(-1, 1), 2) for _ in range(width)] for _ in range(height)]


def _films(book: Book, width: int, random: Random) -> None:
    titles = [short(title) for title in vendored.ratings().titles]
    sheet = book.sheet("embeddings", frozen=(1, 0), default_width=44, zoom=100, pages=(1, 1))
    sheet.widths |= {0: 30, 1: 270}
    sheet.label((0, 0), "An embedding of films", Look.HEADING)
    top, count = 4, len(titles)
    names = sheet.constants(
        "film_titles",
        (top, 1),
        [[title] for title in titles],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        title="Films",
        note="Fifteen films, in the order of their numbers.",
    )
    for i in range(count):
        sheet.label((top + i, 0), float(i + 1), Look.FAINT)
    matrix = sheet.constants(
        "film_matrix",
        (top, 3),
        _matrix(random, count, width),
        Role.WEIGHT,
        number_format="0.00",
        title=f"Embedding matrix: {count}×{width}",
        note="A row of numbers for each film.",
    )
    row = top + count + 3
    sheet.label((row - 2, 1), "Choose films in the yellow cells", Look.TITLE, role=Role.CONTROL)
    for k, film in enumerate(CHOSEN):
        sheet.control(
            f"film_{k + 1}",
            (row + k, 1),
            "",
            titles[film],
            names,
            label_width=1,
            prompt="a film",
            note="A film to look up.",
            align="left",
        )
    chosen = sheet.frame((row, 1), (len(CHOSEN), 1))
    _both_ways(sheet, "film", chosen, names, matrix)


def _both_ways(sheet: Sheet, name: str, things: Frame, names: Frame, matrix: Frame) -> None:
    """Place beside each thing its number, its row by lookup, its one-hot row, and that times the matrix."""
    count, size, width = things.height, matrix.height, matrix.width
    row, right = things.top, things.right
    numbers = sheet.fill(
        f"{name}_numbers",
        (row, right),
        (count, 1),
        lambda i, j: f"MATCH({things.cell(i, 0)},{names.all()},0)",
        Role.ACTIVATION,
        scale=Scale.NONE,
        number_format="0",
        note="The number of the row: where it stands in the list.",
        title="number",
        torch="ids",
    )
    looked = sheet.fill(
        f"{name}_lookup",
        (row, right + 1),
        (count, width),
        lambda i, j: f"INDEX({matrix.column(j, 'r')},{numbers.cell(i, 0, 'c')})",
        Role.ACTIVATION,
        number_format="0.00",
        title=f"Lookup: {count}×{width}",
        note="The row of the matrix with that number.",
        torch="F.embedding(ids, matrix)",
    )
    left = looked.right + 1
    sheet.widths |= dict.fromkeys(range(left, left + size), 24 if size <= 20 else 16)
    hot = sheet.fill(
        f"{name}_one_hot",
        (row, left),
        (count, size),
        lambda i, j: f"IF({numbers.cell(i, 0, 'c')}=COLUMN()-{left},1,0)",
        Role.ACTIVATION,
        number_format='0;-0;"·"',
        title=f"One-hot rows: {count}×{size}",
        note="1 in the column of the number, 0 (shown as a dot) elsewhere.",
        torch="F.one_hot(ids)",
    )
    product = sheet.whole(
        f"{name}_product",
        (row, left + size + 1),
        (count, width),
        f"MMULT({hot.all('')},{matrix.all()})",
        Role.ACTIVATION,
        number_format="0.00",
        title=f"One-hot rows times the matrix: {count}×{width}",
        note="The same numbers, as a matrix product.",
        torch="F.one_hot(ids) @ matrix",
    )
    sheet.result(
        f"{name}_difference",
        (row - 2, left + size + 1 + width),
        "sum of squared differences",
        f"SUMXMY2({looked.all('')},{product.all('')})",
        label_width=width,
        span=2,
        number_format="0",
        torch="0",
        note="The sum of squared differences between both ways: 0.",
    )


def _words(book: Book, width: int, random: Random) -> None:
    words = re.findall(r"[a-z']+", POEM.lower())
    vocabulary = sorted(set(words))
    sheet = book.sheet("words", frozen=(1, 0), default_width=44, zoom=85, pages=(1, 1))
    sheet.widths |= {0: 190, 1: 80}
    sheet.label((0, 0), "An embedding of words", Look.HEADING)
    for i, line in enumerate(POEM.split("\n")):
        sheet.label((2 + i, 0), line, Look.FAINT)
    names = sheet.constants(
        "vocabulary",
        (4, 1),
        [[word] for word in vocabulary],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        title="Vocabulary",
        note="Each word of the poem once, in order.",
    )
    matrix = sheet.constants(
        "word_matrix",
        (4, 3),
        _matrix(random, len(vocabulary), width),
        Role.WEIGHT,
        number_format="0.00",
        title=f"Embedding matrix: {len(vocabulary)}×{width}",
        note="A row of numbers for each word of the vocabulary.",
    )
    poem = sheet.constants(
        "poem",
        (4, matrix.right + 1),
        [[word] for word in words],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        title="Poem",
        note="The words of the poem in order.",
    )
    sheet.widths[poem.left] = 80
    _both_ways(sheet, "word", poem, names, matrix)
