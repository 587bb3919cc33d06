"""The one visual language of all lessons: what each role looks like, and the sizes of cells."""

from __future__ import annotations

from enum import Enum

FONT = "Calibri"
CELL_FONT_SIZE = 8
TITLE_FONT_SIZE = 9
SQUARE = 27  # pixels: a column just wide enough for "-12.3"
ROW_HEIGHT = 20  # pixels
ZOOM = 85

WHITE, RED, BLUE = "#FFFFFF", "#F8696B", "#5A8AC6"
INK, FAINT, LINE = "#262626", "#7F7F7F", "#BFBFBF"


class Role(Enum):
    """What a panel is: its name in the index, the colour of its title and outline, the tint of that colour."""

    INPUT = ("input", "#1F4E79", "#DDEBF7", "what goes in: type over it as you like")
    WEIGHT = ("weight", "#375623", "#E2EFDA", "what a network learns: factors, biases, kernels")
    ACTIVATION = ("activation", "#9C2A10", "#FCE4D6", "what a layer computes")
    GRADIENT = ("gradient", "#5B2C83", "#E9DDF3", "how the loss changes with a number: blue below zero, red above")
    RANDOM = ("random", "#525252", "#EDEDED", "random numbers and what is drawn from them")
    RESULT = ("result", "#7F6000", "#FFF2CC", "what comes out in the end")
    CONTROL = ("control", "#806000", "#FFFF66", "choose from the list in the cell")

    def __init__(self, word: str, colour: str, tint: str, meaning: str) -> None:
        self.word = word
        self.meaning = meaning
        self.colour = colour
        self.tint = tint


class Scale(Enum):
    """How a panel's numbers are coloured."""

    NONE = "none"
    WHITE_RED = "white to red"
    BLUE_WHITE_RED = "blue below zero, white, red above"

    def rule(self, cells: str) -> dict[str, object]:
        """Return the conditional format of the given cells (absolute) in XlsxWriter's terms."""
        if self is Scale.WHITE_RED:
            return {"type": "2_color_scale", "min_color": WHITE, "max_color": RED}
        reach = f"MAX(1E-9,MAX({cells}),-MIN({cells}))"  # the same below zero as above, so that zero is white
        return {
            "type": "3_color_scale",
            "min_color": BLUE,
            "mid_color": WHITE,
            "max_color": RED,
            "min_type": "formula",
            "min_value": f"=-{reach}",
            "mid_type": "num",
            "mid_value": 0,
            "max_type": "formula",
            "max_value": f"={reach}",
        }
