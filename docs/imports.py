"""Draws which rooms import which, from the code: a room is a folder of core/, the floor is the modules beside them.

Run from the repository root: ``python docs/imports.py`` draws docs/pictures/imports.svg of this tree,
``python docs/imports.py TREE PICTURE`` another one (a checkout of an earlier commit, say).

Rooms stand on the diagonal, importers above what they import. A number says how many modules of the room in its row
import the room in its column; its line runs right and down. What has to run left and up is drawn in red.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "imports.svg"
DOORS = ("app", "core.__main__")
ONCE_DOORS = ("cli", "console", "detect_verbs", "endings", "face_verbs", "fetching", "options", "run_verbs")
"""Modules of the command line that stood beside the floor until they got a room, ``core/cli``."""
CLI, FLOOR = "cli", "floor"


@dataclass
class Room:
    """A folder, and who it imports."""

    name: str
    modules: int = 0
    lines: int = 0
    imports: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Name of another room -> the modules of this one that import it."""

    @property
    def family(self) -> str:
        """The folder of ``core`` in which it lies."""
        return self.name.split("/")[0]


def main() -> None:
    tree = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else PICTURE
    rooms = ordered(rooms_of(tree))
    picture.write_text(drawn(rooms), encoding="utf-8")
    print(f"{picture}: {summary(rooms)}")


# --- reading


def rooms_of(tree: Path) -> dict[str, Room]:
    """Returns the rooms of a tree, by name. Imports inside of functions and for types alone count too."""
    paths = {dotted(tree, path): path for path in [*sorted((tree / "core").rglob("*.py")), tree / "app.py"]}
    rooms: dict[str, Room] = {}
    for module, path in paths.items():
        room = rooms.setdefault(room_of(module, path, tree), Room(room_of(module, path, tree)))
        text = path.read_text(encoding="utf-8")
        room.modules += path.name != "__init__.py"
        room.lines += len(text.splitlines())
        for name in imported(text) & set(paths):
            other = room_of(name, paths[name], tree)
            if other != room.name and not is_folder(name, paths[name], text):
                room.imports[other].add(module)
    return rooms


def dotted(tree: Path, path: Path) -> str:
    return ".".join(path.relative_to(tree).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str, path: Path, tree: Path) -> str:
    folder = path.parent.relative_to(tree).as_posix()
    if module in DOORS or (folder == "core" and module.split(".")[-1] in ONCE_DOORS):
        return CLI
    if folder == "core":
        return FLOOR
    alone = len(list(path.parent.glob("*.py"))) == 1  # a folder of scripts or styles, not a room
    return (path.parent.parent if alone else path.parent).relative_to(tree / "core").as_posix()


def is_folder(name: str, path: Path, text: str) -> bool:
    """Whether the import of a package only leads to a module in it (``from core.store import run``)."""
    if path.name != "__init__.py":
        return False
    taken = {alias.name for node in imports_from(text) if node.module == name for alias in node.names}
    return not taken or all((path.parent / f"{each}.py").exists() or (path.parent / each).is_dir() for each in taken)


def imported(text: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(text)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in imports_from(text):
        names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imports_from(text: str) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]


# --- order


FAMILIES = (CLI, "ui", "pipeline", "jobs", "models", "metrics", "video", "store", "settings", FLOOR)
"""Which comes first where the imports leave it open; folders that are not named here come before the settings."""


def ordered(rooms: dict[str, Room]) -> list[Room]:
    """Returns importers before what they import, families together; where rooms import each other, fewest up."""
    left, order = dict(rooms), list[Room]()
    while left:
        reach = {name: reached_from(name, left) for name in left}
        first = [
            room for room in left.values() if all(room.name not in reach[n] or n in reach[room.name] for n in left)
        ]

        def cost(room: Room) -> tuple[bool, bool, float, int, str]:
            up = sum(len(other.imports[room.name]) for other in left.values())
            rank = FAMILIES.index(room.family) if room.family in FAMILIES else FAMILIES.index("settings") - 0.5
            return up > 0, not (order and order[-1].family == room.family), rank, up, room.name

        order.append(left.pop(min(first, key=cost).name))
    return order


def reached_from(name: str, rooms: dict[str, Room]) -> set[str]:
    """Returns what a room imports, what that imports, and so on."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = {other for other, by in rooms[ahead.pop()].imports.items() if by and other in rooms} - found
        found |= new
        ahead += new
    return found


def summary(rooms: list[Room]) -> str:
    """How many rooms, modules, lines and arrows there are, and how many of the arrows go up."""
    place = {room.name: number for number, room in enumerate(rooms)}
    ends = [(place[room.name], place[other]) for room in rooms for other, by in room.imports.items() if by]
    up = sum(start > end for start, end in ends)
    modules, lines = sum(room.modules for room in rooms), sum(room.lines for room in rooms)
    return f"{len(rooms)} rooms, {modules} modules, {lines:,} lines, {len(ends)} arrows, {up or 'none'} of them up"


# --- drawing

BOX_W, BOX_H, STEP_X, STEP_Y, MARGIN, TOP = 94, 46, 98, 56, 24, 64
INK, GREY, LINE, DOWN, UP, PAPER = "#20292b", "#5d6a6d", "#b9c3c5", "#0f6e66", "#b3382c", "#ffffff"
TINTS = {CLI: "#f3efe6", "ui": "#f3efe6", "pipeline": "#e4f1ef", "jobs": "#e4f1ef"}
FLOOR_TINT, ROOM_TINT = "#e9ebec", "#edf0f7"
STYLE = "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif}"


def drawn(rooms: list[Room]) -> str:
    """Returns the picture as SVG."""
    place = {room.name: number for number, room in enumerate(rooms)}
    width = 2 * MARGIN + STEP_X * (len(rooms) - 1) + BOX_W
    height = TOP + STEP_Y * (len(rooms) - 1) + BOX_H + MARGIN
    arrows = [(place[room.name], place[other], len(by)) for room in rooms for other, by in room.imports.items() if by]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(summary(rooms))}</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
        *heading(rooms),
        *(line(*arrow) for arrow in sorted(arrows, key=lambda arrow: arrow[0] > arrow[1])),
        *(box(number, room) for number, room in enumerate(rooms)),
        *(heads(number, arrows) for number in range(len(rooms))),
        *(badge(*arrow) for arrow in arrows),
        "</svg>\n",
    ]
    return "\n".join(part for part in parts if part)


def heading(rooms: list[Room]) -> list[str]:
    about = "A number: modules of the room in its row that import the room in its column."
    return [
        text(MARGIN, 28, summary(rooms), 15, INK, "start", bold=True),
        text(MARGIN, 46, about + " Red: upwards.", 12, GREY, "start"),
    ]


def left_of(number: int) -> float:
    return MARGIN + STEP_X * number


def top_of(number: int) -> float:
    return TOP + STEP_Y * number


def middle(number: int) -> tuple[float, float]:
    return left_of(number) + BOX_W / 2, top_of(number) + BOX_H / 2


def line(start: int, end: int, count: int) -> str:
    """From the side of a box along its row, then along the column of the other."""
    colour, width = (LINE, 1.5) if start < end else (UP, 1.5)
    x, y = middle(end)[0], middle(start)[1]
    from_x = left_of(start) + (BOX_W if start < end else 0)
    to_y = top_of(end) + (0 if start < end else BOX_H)
    return f'<path d="M{from_x:g} {y:g}H{x:g}V{to_y:g}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def heads(number: int, arrows: list[tuple[int, int, int]]) -> str:
    """The points of the arrows that end at a box: one above, one below."""
    x, _ = middle(number)
    found = []
    if any(start < end == number for start, end, _ in arrows):
        found.append(f'<path d="M{x - 5:g} {top_of(number) - 8:g}h10l-5 8z" fill="{GREY}"/>')
    if any(start > end == number for start, end, _ in arrows):
        found.append(f'<path d="M{x - 5:g} {top_of(number) + BOX_H + 8:g}h10l-5 -8z" fill="{UP}"/>')
    return "".join(found)


def box(number: int, room: Room) -> str:
    tint = FLOOR_TINT if room.name in (FLOOR, "settings") else TINTS.get(room.family, ROOM_TINT)
    x, y = middle(number)
    about = f"{room.modules} modules" if room.modules != 1 else "1 module"
    return (
        f'<rect x="{left_of(number):g}" y="{top_of(number):g}" width="{BOX_W}" height="{BOX_H}" rx="5" fill="{tint}" '
        f'stroke="{GREY}"/>'
        + text(x, y - 8, room.name, 12.5 if len(room.name) < 13 else 10.5, INK, bold=True)
        + text(x, y + 6, about, 10.5, GREY)
        + text(x, y + 18, f"{room.lines:,} lines", 10.5, GREY)
    )


def badge(start: int, end: int, count: int) -> str:
    x, y = middle(end)[0], middle(start)[1]
    share = min(1.0, 0.25 + count / 24)
    colour = DOWN if start < end else UP
    disc = f'<circle cx="{x:g}" cy="{y:g}" r="11.5" fill="{PAPER}"/><circle cx="{x:g}" cy="{y:g}" r="11.5" '
    disc += f'fill="{colour}" fill-opacity="{share:.2f}" stroke="{colour}"/>'
    return disc + text(x, y + 4, str(count), 11.5, PAPER if share > 0.55 else INK, bold=True)


def text(x: float, y: float, words: str, size: float, colour: str, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


if __name__ == "__main__":
    main()
