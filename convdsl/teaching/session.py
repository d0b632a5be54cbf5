"""The session behind the REPL: a line comes in, an answer goes out. It reads and writes no terminal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import show_shape
from convdsl.messages import LANGUAGES, T, reason, use_language
from convdsl.network import Analysis
from convdsl.network.elsewhere import layer_called
from convdsl.source import MAX_BYTES, NotText, decode, read
from convdsl.teaching.answers import Added, Answer, Called, Ended, Helped, Refused, ShownProgram, Told
from convdsl.teaching.commands import BARE, COMMANDS, WITHOUT_NET, closest, meant, path_in, shown
from convdsl.teaching.practice import Practice
from convdsl.teaching.program import Growing, added, fresh, is_open

_CODE = re.compile(r"[EWNewn][0-9]{3}")
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)\s*=\s*([0-9]{1,15})")


class Session:
    """A network that grows line by line, with everything that can be asked about it, and the course.

    A `studying` session is about the course alone: it has no network, and one question follows the other. Where somebody
    can be `asked` back, at a terminal, what cannot be taken back is done after a yes.
    """

    def __init__(self, practice: Practice | None = None, *, studying: bool = False, asked: bool = False) -> None:
        self.studying = studying
        self.commands = {n: c for n, c in COMMANDS.items() if not studying or n in WITHOUT_NET}
        self.program = Growing()
        self.analysis = self.program.analysis()
        self.path: Path | None = None
        self._seen: bytes | None = None
        """The sum of what the file at `path` held when it was read or written."""
        self.practice = practice or Practice()
        self.practice.session(studying, asked)
        self._past: list[Growing] = []
        self._future: list[Growing] = []

    def enter(self, text: str) -> Answer:
        """The answer to a line, or to several that belong together."""
        word = text.strip()
        if self.practice.doubt is not None and (not word.startswith(":") or not word):
            return self.practice.decide(word)
        self.practice.doubt = None
        if word.lower() in BARE:
            word = f":{BARE[word.lower()]}"
        if word.startswith(":"):
            return self._command(word)
        if self.practice.question is not None:
            return self.practice.answer(text)
        if not word or self.studying:
            return Told("")
        return self._add(text)

    def following(self) -> Answer | None:
        """What comes next by itself: in a session about the course the next question, once one is done."""
        return self.practice.following() if self.studying else None

    def wants_more(self, text: str) -> bool:
        """Whether lines have to follow before `enter` can make sense of a text."""
        if text.lstrip().startswith(":"):
            return False
        if self.practice.question is not None:
            return self.practice.wants_more(text)
        return is_open(text)

    def load(self, path: Path) -> Answer:
        """Takes the program in a file. It is refused whole where there is an error in it."""
        try:
            data = files.read(path, MAX_BYTES)
            source = decode(data, str(path))
        except NotText as error:
            return Told(T("{file} is no text: its line {line} is not UTF-8.", file=path, line=error.line), ok=False)
        except FileNotFoundError:
            return Told(T("there is no file {name}.", name=path), ok=False)
        except (OSError, ValueError) as error:
            return Told(T("{name} cannot be read: {reason}.", name=path, reason=reason(error)), ok=False)
        program = Growing(source.text.rstrip(), self.program.symbols, str(path))
        answer = self._become(program, whole=True)
        if isinstance(answer, Added):
            self.path, self._seen = path, files.digest(data)
        return answer

    # The program.

    def _add(self, lines: str) -> Answer:
        change = added(self.program, self.analysis, lines.strip("\n"))
        return self._become(change.program, change.whole, change.note)

    def _become(self, program: Growing, whole: bool = False, note: T | None = None) -> Answer:
        """Takes another program, unless there is an error in it."""
        analysis = program.analysis()
        if analysis.failed:
            return Refused(tuple(d for d in analysis.diagnostics if d.severity == "error"))
        news = analysis.diagnostics if whole else fresh(analysis, self.analysis)
        first = 1 if whole else len(self.analysis.network.nodes) + 1
        expectations = len(analysis.network.expectations) - len(self.analysis.network.expectations)
        self._past.append(self.program)
        self._future.clear()
        self.program, self.analysis = program, analysis
        return Added(analysis, first, expectations, news, whole, note)

    def _step(self, source: list[Growing], target: list[Growing], nothing: T) -> Answer:
        if not source:
            return Told(nothing, ok=False)
        target.append(self.program)
        self.program = source.pop()
        self.analysis = self.program.analysis()
        count, shape = len(self.analysis.network.nodes), current_shape(self.analysis)
        if shape is None or not count:
            return Told(T("No layer now."))
        return Told(T("One layer now: {shape}", "{n} layers now: {shape}", n=count, shape=show_shape(shape)))

    # Commands.

    def _command(self, text: str) -> Answer:
        name, _, rest = text[1:].partition(" ")
        typed, rest = name.strip().lower(), rest.strip()
        forced = typed.endswith("!")
        typed = typed.rstrip("!")
        name = meant(typed)
        if name in COMMANDS and name not in self.commands:
            return Told(T("`:{name}` is for networks: `convdsl repl` has it.", name=typed), ok=False)
        if name not in COMMANDS:
            close = closest(typed)
            if close in self.commands:
                message = T("There is no command `:{name}`. Did you mean `:{close}`?", name=typed, close=shown(close))
                return Told(message, ok=False)
            return Told(T("There is no command `:{name}`; `:help` lists them.", name=typed), ok=False)
        if COMMANDS[name].about == "course":
            return self.practice.command(name, rest, forced)
        if name == "save":
            return self._save(rest, forced)
        return getattr(self, f"_do_{name}")(rest)

    def _do_show(self, rest: str) -> Answer:
        if rest and rest not in ("text", "texto"):
            return Told(T("`:show` takes nothing, or `text`."), ok=False)
        return ShownProgram(self.analysis, bool(rest))

    def _do_undo(self, rest: str) -> Answer:
        return self._step(self._past, self._future, T("There is nothing to take back."))

    def _do_redo(self, rest: str) -> Answer:
        return self._step(self._future, self._past, T("There is nothing to make again."))

    def _do_clear(self, rest: str) -> Answer:
        self._past.append(self.program)
        self._future.clear()
        self.program, self.path = Growing(), None
        self.analysis = self.program.analysis()
        return Told(T("Empty again; `:undo` brings the network back."))

    def _do_set(self, rest: str) -> Answer:
        if not rest:
            values = ", ".join(f"{n}={v}" for n, v in self.program.symbols)
            return Told(values or T("No symbol has a value from outside."))
        pairs = [_SETTING.fullmatch(p.strip()) for p in re.split(r"[,;]\s*|(?<=[0-9])\s+", rest)]
        if not all(pairs):
            return Told(T("`{text}` is not of the form N=224", text=rest), ok=False)
        values_now = dict(self.program.symbols)
        values_now.update((m[1], int(m[2])) for m in pairs if m)
        unknown = sorted({m[1] for m in pairs if m} - self.analysis.network.mentioned)
        note = T("The network does not speak of {names} yet.", names=", ".join(unknown)) if unknown else None
        return self._become(self.program._replace(symbols=tuple(values_now.items())), whole=not unknown, note=note)

    def _do_unset(self, rest: str) -> Answer:
        values = dict(self.program.symbols)
        if values.pop(rest, None) is None:
            return Told(T("`{name}` has no value from outside.", name=rest), ok=False)
        return self._become(self.program._replace(symbols=tuple(values.items())), whole=True)

    def _do_load(self, rest: str) -> Answer:
        if not rest:
            return Told(T("Name the file: `:load net.cnn`."), ok=False)
        return self.load(path_in(rest))

    def _save(self, rest: str, forced: bool) -> Answer:
        if not self.program.text:
            return Told(T("There is nothing to save yet."), ok=False)
        if not rest and self.path is None:
            return Told(T("Name the file: `:save net.cnn`."), ok=False)
        path = path_in(rest) if rest else self.path
        assert path is not None
        path = path if path.suffix or not path.name else path.with_suffix(".cnn")
        content = (self.program.text.rstrip() + "\n").encode()
        mine = path == self.path
        try:
            files.write(path, (content,), new=not (mine or forced), seen=self._seen if mine and not forced else None)
        except FileExistsError:
            return Told(T("{name} exists; `:save! {name}` writes over it.", name=path), ok=False)
        except files.ChangedOutside:
            changed = T("{name} was changed outside since it was read; `:save! {name}` writes over it.", name=path)
            return Told(changed, ok=False)
        except (OSError, ValueError) as error:
            return Told(T("{name} cannot be written: {reason}.", name=path, reason=reason(error)), ok=False)
        self.path, self._seen = path, files.digest(content)
        return Told(T("Written to {name}.", name=path))

    def _do_explain(self, rest: str) -> Answer:
        return self._do_help(rest) if _CODE.fullmatch(rest) else self._call("explain", rest)

    def _do_solve(self, rest: str) -> Answer:
        return self._call("solve", rest)

    def _do_train(self, rest: str) -> Answer:
        return self._call("run", rest)

    def _call(self, command: str, rest: str) -> Answer:
        """A command of the command line on this program."""
        if not self.analysis.network.nodes:
            return Told(T("There is no layer yet. Begin like this: `input 28x28x1`, then `conv 8 k3`."), ok=False)
        given = [part for name, value in self.program.symbols for part in ("--set", f"{name}={value}")]
        return self._with_words(command, rest, given, self.analysis)

    def _do_convolve(self, rest: str) -> Answer:
        return self._with_words("convolve", rest, [], None)

    def _with_words(self, command: str, rest: str, given: list[str], analysis: Analysis | None) -> Answer:
        try:
            words = shlex.split(rest)
        except ValueError:
            return Told(T("A quotation mark is open in `{text}`.", text=rest), ok=False)
        file = self.path if analysis is not None and self._is_saved() else None
        return Called(command, (*words, *given), analysis, file)

    def _is_saved(self) -> bool:
        try:
            return self.path is not None and read(self.path).text.rstrip() == self.program.text.rstrip()
        except (OSError, ValueError):
            return False

    def _do_lang(self, rest: str) -> Answer:
        name = {"español": "es", "espanol": "es", "spanish": "es", "inglés": "en", "ingles": "en", "english": "en"}.get(
            rest.lower(), rest.lower()
        )
        if name not in LANGUAGES:
            return Told(T("`:lang` takes one of: {list}.", list=", ".join(LANGUAGES)), ok=False)
        use_language(name)
        return Told(T("From now on in English."))

    def _do_help(self, rest: str) -> Answer:
        word = rest.lstrip(":")
        if not word:
            return Helped(tuple(self.commands), self.studying)
        command = meant(word.rstrip("!"))
        if command in COMMANDS and (rest.startswith(":") or word not in KEYWORDS):
            return Told(f":{shown(command)} {COMMANDS[command].takes}".rstrip() + f"  {COMMANDS[command].does}")
        if word in KEYWORDS:
            return Told(KEYWORDS[word])
        if word in WORDS:
            written, meaning = WORDS[word]
            return Told(f"{written}  {meaning}")
        if layer_called(word) or word == "layers" or _CODE.fullmatch(word):
            return Called("explain", (word,))
        return Told(T("There is nothing about `{word}`; `:help layers` lists the layers.", word=word), ok=False)

    def _do_quit(self, rest: str) -> Answer:
        return Ended()


def current_shape(analysis: Analysis) -> tuple[Any, ...] | None:
    """What the next layer would be given: the shape of the output so far; None where there is no network yet."""
    network = analysis.network
    if not network.nodes:
        return network.input if network.input_span else None
    return analysis.report.output
