"""The parser of the command line, made from the models of the verbs: each field is a flag, or stands in its place.

Only the options of the verb that was typed are built. What was not typed is absent from what the parser returns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from core import __version__
from core.cli import words
from core.cli.console import note, result
from core.cli.endings import EXIT_CODES
from core.pipeline.verbs import VERBS, Verb
from core.settings.model import Facts, Model, facts_of

JSON = "end the output with one JSON object on a line of its own"
METAVARS = {int: "N", float: "X"}
OPEN_ENDED, SMALLEST = 50_000, 0.001
"""Bounds beyond these only catch typing errors; the help leaves them out."""


class Parser(argparse.ArgumentParser):
    """Answers a wrong option with one sentence instead of the whole usage; has its options from the moment it reads."""

    verb: Verb | None = None
    one_of: tuple[str, ...] = ()
    """Options of the verb of which one has to be given."""
    verbs: Mapping[str, Parser] = {}
    """Of the whole command line: the parsers of its verbs, by their names."""

    def parse_known_args(self, *args: Any, **named: Any) -> Any:
        """As argparse does, with the options of the verb."""
        self.build()
        read = super().parse_known_args(*args, **named)
        if self.one_of and not any(hasattr(read[0], name) for name in self.one_of):
            flags = " or ".join(f"--{name.replace('_', '-')}" for name in self.one_of)
            self.error(f"one of these is required: {flags}")
        return read

    def build(self) -> None:
        """Adds the options of its verb, once."""
        verb, self.verb = self.verb, None
        if verb is not None:
            _add(self, verb.arguments)
            self.one_of = verb.arguments.at_least_one_of
            if (part := words.preset_part(verb.arguments)) is not None:
                text = f"{part[0]} from presets/NAME.json; options given here win"
                self.add_argument("--preset", metavar="NAME", help=text)
            self.add_argument("--json", action="store_true", help=JSON)

    def error(self, message: str) -> NoReturn:
        """Prints the sentence and leaves with exit code 2."""
        self.exit(2, f"error: {message}; {self.prog} --help lists what can be given.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Prints as everything else is printed; argparse itself says nothing when a help text cannot be written."""
        for line in message.splitlines():
            (result if file is sys.stdout else note)(line)


def parser() -> Parser:
    """Returns the parser of the whole command line."""
    about, raw = "Framesieve: turns video into the frames that matter.", argparse.RawDescriptionHelpFormatter
    top = Parser(prog="python -m core", description=about, epilog=EXIT_CODES, formatter_class=raw)
    top.add_argument("--version", action="version", version=f"framesieve {__version__}")
    top.add_argument("-v", "--verbose", action="store_true", help="say more on the console")
    verbs = top.add_subparsers(metavar="VERB", dest="verb", required=True)
    for verb in VERBS.values():
        if verb.typed:
            name = verb.name.replace("_", "-")
            verbs.add_parser(name, help=verb.text, description=verb.text).verb = verb
    top.verbs = verbs.choices
    return top


def _add(parser: Parser, kind: type[Model], within: str = "") -> None:
    """Adds the fields of a model and of models within it; the place of a field is its name, as ``settings.every``."""
    for name, facts in facts_of(kind).items():
        flags, how = words.flags_of(facts), {"help": _help(facts)} | _reading(facts)
        if flags == ("",):
            how |= {} if facts.required else {"nargs": "?"}
            parser.add_argument(within + name, **how)
        elif flags:
            how |= {"dest": within + name, "default": argparse.SUPPRESS, "required": facts.required}
            parser.add_argument(*flags, **how)
        if issubclass(facts.kind, Model):
            _add(parser, facts.kind, f"{within}{name}.")


def _reading(facts: Facts) -> dict[str, Any]:
    """How argparse reads a field."""
    if facts.kind is bool or issubclass(facts.kind, Model):
        return {"action": argparse.BooleanOptionalAction if facts.default is True else "store_true"}
    metavar = facts.metavar or (None if facts.choices else METAVARS.get(facts.kind))
    how: dict[str, Any] = {"metavar": metavar, "type": str if facts.named else words.reader(facts)}
    if facts.named or (facts.many and facts.kind is str):
        return how | {"action": "append"}
    if facts.many:
        several = {"nargs": len(metavar)} if isinstance(metavar, tuple) else {"nargs": "+", "action": "extend"}
        return how | several
    if facts.bare is not None:
        return how | {"nargs": "?", "const": facts.bare}
    return how if facts.metavar else how | {"choices": facts.choices}


def _help(facts: Facts) -> str:
    default = "" if facts.required or "(default" in facts.help else _default(facts.default)
    text = ", ".join(note for note in (facts.unit, _range(facts.low, facts.high), default) if note)
    return (f"{facts.help} ({text})" if text else facts.help).replace("%", "%%")


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    start, end = 0 < low < SMALLEST, high > OPEN_ENDED
    return "" if start and end else f"from {low:g}" if end else f"{low:g} to {high:g}"


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "default on" if value else ""
    several = value if isinstance(value, tuple) else (value,)
    if several and all(isinstance(number, (int, float)) for number in several):
        return "default " + " ".join(f"{number:g}" for number in several)
    return f"default {value}" if isinstance(value, str) and value else ""
