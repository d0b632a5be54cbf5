"""The terminal of `repl` and `course`: colours, completion, history, lines that go on. The only place that knows prompt_toolkit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, ConditionalAutoSuggest
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, shift_selection_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.selection import SelectionState
from prompt_toolkit.styles import Style
from rich.console import Console
from rich.text import Text

from convdsl.cli.called import options_of
from convdsl.cli.entries import entries
from convdsl.cli.history import KeptHistory
from convdsl.editing import blocks_of, pieces
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.report.console import print_text
from convdsl.teaching.answers import Answer, Refused
from convdsl.teaching.commands import CALLS, meant
from convdsl.teaching.completion import choices, proposals
from convdsl.teaching.progress import data_folder
from convdsl.teaching.session import Session, current_shape

_STYLE = Style.from_dict(
    {
        "layer": "bold ansiblue",
        "structure": "bold ansimagenta",
        "keyword": "ansimagenta",
        "block": "ansicyan",
        "option": "ansicyan",
        "activation": "ansigreen",
        "number": "",
        "symbol": "italic ansiyellow",
        "hole": "bold ansiyellow",
        "comment": "ansibrightblack",
        "command": "bold ansigreen",
        "arrow": "ansibrightblack",
        "shape": "ansicyan",
        "mark": "bold",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)
_WIDEST_SHAPE = 28
_WITH_FILES = ("load", "save", "course")


class Keyboard:
    """Entries that somebody types. A wrong line of a network comes back for editing."""

    terminal = True

    def __init__(self, session: Session, out: Console) -> None:
        self.session = session
        self._out = out
        self._again = ""
        self._place = _Place()
        self._stopped = False

    def greet(self) -> None:
        """What this is, and how it ends."""
        print_text(self._out, Text(str(_welcome(self.session)), "dim" if self.session.studying else ""))

    def __iter__(self) -> Iterator[str]:
        _warm_up(self.session)
        asked = _prompt_session(self.session, self._place)
        while True:
            default, self._again, self._stopped = self._again, "", False
            try:
                text = asked.prompt(_prompt_text(self.session), default=default, pre_run=partial(_mark, asked))
            except KeyboardInterrupt:
                if self.session.practice.doubt is not None:
                    yield ""
                elif not asked.default_buffer.text:
                    self._out.print(str(T("Ctrl-D ends.")))
                continue
            except EOFError:
                return
            for part in _parts(self.session, text):
                yield part
                if self._again or self._stopped:
                    break

    def heard(self, text: str, answer: Answer) -> None:
        """A wrong line comes back, with the cursor where its first error ends."""
        if isinstance(answer, Refused):
            self._again, self._place.error = text, _end_of_error(answer, text)

    def stopped(self) -> None:
        """What was pasted behind an entry that was stopped is dropped."""
        self._stopped = True


def _welcome(session: Session) -> T:
    if session.studying:
        return T("Type the answer and Enter. `:help` lists the commands, Ctrl-D ends; progress is kept.")
    return T("A network, line by line. `:help` tells all, `:next` asks an exercise, Ctrl-D ends.")


class _Place:
    """Where the first error of a line that came back ends."""

    error = 0


def _end_of_error(refused: Refused, text: str) -> int:
    """The place in what was typed where the first error ends; its end where the error is elsewhere."""
    first = refused.diagnostics[0]
    place = first.span.end - first.source.text.rfind(text)
    return place if 0 <= place <= len(text) else len(text)


def _mark(asked: PromptSession[str]) -> None:
    """A wrong line that comes back is marked as a whole: what is typed replaces it, an arrow key goes into it."""
    buffer = asked.default_buffer
    buffer.cursor_position = len(buffer.text)
    if buffer.text:
        buffer.selection_state = SelectionState(0)
        buffer.selection_state.enter_shift_mode()


def _parts(session: Session, text: str) -> Iterable[str]:
    """A text as it was entered; pasted lines with commands among them one by one."""
    lines = text.splitlines()
    commands = len(lines) > 1 and any(line.lstrip().startswith(":") for line in lines)
    return entries(session, lines) if commands else [text]


def _warm_up(session: Session) -> None:
    """Loads what the first formula needs while the first line is being typed."""
    if session.studying:
        return
    threading.Thread(target=lambda: __import__("convdsl.algebra.symbolic"), daemon=True).start()


def _prompt_text(session: Session) -> StyleAndTextTuples:
    if session.practice.doubt is not None:
        return [("class:mark", f"{T('yes/no')} › ")]
    if session.practice.question is not None:
        return [("class:mark", f"{T('answer')} › ")]
    shape = current_shape(session.analysis)
    written = formula_shape(shape) if shape else ""
    if len(written) > _WIDEST_SHAPE:
        written = "…"
    return [("class:shape", written), ("class:mark", " › " if written else "› ")]


def _prompt_session(session: Session, place: _Place) -> PromptSession[str]:
    return PromptSession(
        history=KeptHistory(data_folder() / ("course-history" if session.studying else "history")),
        lexer=_Colours(session),
        completer=SessionCompleter(session),
        style=_STYLE,
        multiline=True,
        complete_while_typing=False,
        auto_suggest=ConditionalAutoSuggest(AutoSuggestFromHistory(), Condition(lambda: not _answering(session))),
        key_bindings=_keys(session, place),
        prompt_continuation=lambda width, line, wrapped: " " * (width - 2) + "· ",
        enable_open_in_editor=False,
        bottom_toolbar=lambda: _toolbar(session),
    )


def _answering(session: Session) -> bool:
    """Whether a short answer is asked for: earlier ones are not suggested then."""
    question = session.practice.question
    return question is not None and not question.multiline


def _keys(session: Session, place: _Place) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("left", filter=shift_selection_mode)
    def _(event: KeyPressEvent) -> None:
        """From a line that is marked as a whole to its first error."""
        event.current_buffer.exit_selection()
        event.current_buffer.cursor_position = min(place.error, len(event.current_buffer.text))

    @keys.add("c-c", filter=shift_selection_mode, eager=True)
    @keys.add("c-d", filter=shift_selection_mode, eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt if event.key_sequence[0].key == "c-c" else EOFError)

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        """Ends the entry, or begins a line more where a brace is open. An empty line ends it in any case; in an answer, where
        programs with empty lines are pasted, two do."""
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
            return
        blank = not buffer.document.current_line.strip() and "\n" in buffer.text
        if session.wants_more(buffer.text) and (not blank or session.practice.question is not None):
            depth = buffer.text.count("{") - buffer.text.count("}")
            buffer.insert_text("\n" + "  " * max(depth, 0))
        else:
            buffer.validate_and_handle()

    @keys.add("}")
    def _(event: KeyPressEvent) -> None:
        """A closing brace that begins a line stands under the line that opened it."""
        buffer = event.current_buffer
        if "\n" in buffer.text and not buffer.document.current_line_before_cursor.strip():
            buffer.delete_before_cursor(min(2, len(buffer.document.current_line_before_cursor)))
        buffer.insert_text("}")

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _toolbar(session: Session) -> str:
    """The name of the network and its sums; how an answer of several lines ends."""
    from convdsl.algebra.numbers import grouped, short

    if session.practice.question is not None:
        return f"  {T('an empty line ends the answer')}" if session.practice.question.multiline else ""
    report = session.analysis.report
    if not session.analysis.network.nodes:
        return ""
    total = report.total
    parts = [session.analysis.network.name, f"{grouped(total.params)} {T('params')}", f"{short(total.macs)} MACs"]
    return "  " + " · ".join(parts)


class _Colours(Lexer):
    def __init__(self, session: Session) -> None:
        self.session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        answering = _answering(self.session)
        blocks = blocks_of(self.session.analysis)

        def line(number: int) -> StyleAndTextTuples:
            text = document.lines[number]
            if answering and not text.lstrip().startswith(":"):
                return [("", text)]
            return [(f"class:{p.kind}" if p.kind else "", p.text) for p in pieces(text, blocks)]

        return line


class SessionCompleter(Completer):
    """Words of the language, commands, and files behind `:load` and `:save`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        command, space, rest = text.lstrip().partition(" ")
        if space and meant(command[1:].rstrip("!")) in _WITH_FILES:
            yield from self.paths.get_completions(Document(rest, len(rest)), complete_event)
            return
        if space and rest.rpartition(" ")[2].startswith("-"):
            yield from _options(command[1:], rest.rpartition(" ")[2])
            return
        course = self.session.practice.course
        ids = [e.id for e in course.exercises] if course is not None else []
        question = self.session.practice.question
        if question is not None and not question.multiline and not command.startswith(":"):
            found = choices(text, question)
        else:
            found = proposals(text, self.session.analysis, ids, self.session.commands)
        for word, typed, meaning in found:
            yield Completion(word, -typed, display_meta=meaning[:90])


def _options(command: str, typed: str) -> Iterable[Completion]:
    """The options of the command of the command line that stands behind a command here."""
    name = CALLS.get(meant(command))
    if name is None:
        return
    for option, meaning in options_of(name).items():
        if option.startswith(typed):
            yield Completion(option, -len(typed), display_meta=meaning[:90])
