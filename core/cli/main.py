"""``python -m core VERB``: words in, the steps of one verb on the screen, its result, an exit code."""

from __future__ import annotations

import shlex
import sys

from core import log
from core.cli.console import Display, answer, note
from core.cli.endings import INTERRUPTED, Command, ending
from core.cli.parser import parser
from core.cli.words import check_paths, typed, with_preset, written_to
from core.pipeline.verbs import verb_of
from core.settings.unread import check_typed
from core.step import follow

__all__ = ["INTERRUPTED", "main", "parser"]


def main(argv: list[str] | None = None) -> int:
    """Runs one verb and returns the exit code; whatever goes wrong is one sentence on standard error."""
    command = Command()
    try:
        args = vars(parser().parse_args(argv))
        command.verb = args["verb"]
        verb = verb_of(command.verb.replace("-", "_"))
        log.start(verbose=args["verbose"])
        log.remember(f"python -m core {shlex.join(sys.argv[1:] if argv is None else argv)}")
        command.place = written_to(verb.arguments)
        command.resumes = verb.resumes and args.get("resume", True)
        words = typed(args, verb.arguments)
        arguments = verb.read(with_preset(words, verb.arguments, args.get("preset")))
        check_typed(arguments, words)
        check_paths(arguments)
        with Display(quiet=args["json"]) as display:
            outcome = follow(verb.steps(arguments), display.show)
        answer(command.verb, outcome, as_json=args["json"])
        if (shortfall := outcome.shortfall()) is not None:
            raise shortfall
        return 0
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = ending(error, command)
        note(sentence)
        return code
