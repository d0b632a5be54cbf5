"""A training in the terminal: a bar that moves, a line for each epoch, the result. Into a pipe: plain lines only."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from convdsl.algebra.numbers import grouped, memory, short
from convdsl.messages import Rounded, T
from convdsl.report.dataset import taken_line
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent, show_evaluation
from convdsl.training import events
from convdsl.training.facts import Remark


class TrainingReport:
    """Shows events as they come. `call` are the program and the options that go with it, `given` the settings on the
    command line: suggestions are whole commands."""

    def __init__(self, out: Console, call: Sequence[str], given: Mapping[str, str]) -> None:
        self.out = out
        self.command = f"convdsl run {shlex.quote(call[0])}"
        self.anew = shlex.join(["convdsl", "run", *call])
        self.given = given
        self.bar: Progress | None = None
        self.task: Any = None
        self.started: events.Started | None = None

    def __enter__(self) -> TrainingReport:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def show(self, event: events.Event) -> None:
        """One event. Progress within an epoch is shown in a terminal only."""
        match event:
            case events.Started():
                self.started = event
                for line in started_lines(event):
                    self._prose(line)
            case events.Note():
                self._prose(Text(clean(str(event.text)), "yellow" if event.warning else "dim"))
            case events.Preparing():
                self._begin()
            case events.Progress():
                self._advance(event)
            case events.EpochDone():
                self._prose(epoch_line(event, self.out.width if self.out.is_terminal else None))
            case events.Interrupted():
                self.__exit__()
                self._interrupted(event)
            case events.Finished():
                self.__exit__()
                self._finished(event)
            case events.Ended():
                self._ended(event)

    def page(self, path: Any, trouble: T | None) -> None:
        """Where the report is, or why there is none."""
        if trouble is not None:
            self._prose(Text(clean(str(trouble)), "yellow"))
        else:
            self._line(str(T("Report with curves and pictures: {path}", path=path)))

    def diverged(self, error: object, way: object) -> None:
        """Nothing more than what standard error says."""

    def _prose(self, text: Text | str) -> None:
        """Words, which a terminal breaks between them. What may be copied goes through `_line`."""
        (self.bar.console if self.bar else self.out).print(text, soft_wrap=not self.out.is_terminal)

    def _line(self, text: Text | str) -> None:
        (self.bar.console if self.bar else self.out).print(text, soft_wrap=True)

    def _begin(self) -> None:
        if not self.out.is_terminal:
            return
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            console=self.out,
            transient=True,
        )
        self.task = self.bar.add_task(str(T("preparing (the first time takes some seconds)")), total=None, figures="")
        self.bar.start()

    def _advance(self, event: events.Progress) -> None:
        if self.bar is None or self.started is None:
            return
        parts = [f"{T('loss')} {Rounded(event.loss, '.4f')}"]
        if event.accuracy is not None:
            parts.append(f"{T('accuracy')} {percent(event.accuracy)}")
        if event.images_per_second:
            left = (self.started.epochs - event.epoch + 1 - event.step / event.steps) * self.started.train
            parts.append(speed(event.images_per_second))
            parts.append(str(T("{time} left", time=duration(left / event.images_per_second))))
        self.bar.update(
            self.task,
            total=event.steps,
            completed=event.step,
            figures="  ".join(parts),
            description=str(T("epoch {epoch}/{epochs}", epoch=event.epoch, epochs=self.started.epochs)),
        )

    def _interrupted(self, event: events.Interrupted) -> None:
        self._line(
            str(
                T(
                    "Stopped in epoch {epoch}, after {step} steps. Everything up to there is in {path}.",
                    epoch=event.epoch + 1,
                    step=event.step,
                    path=event.path,
                )
            )
        )
        if event.path is not None:
            self._line(
                Text.assemble(
                    str(T("To go on:")),
                    " ",
                    (f"{self.command} --resume --out {shlex.quote(str(event.path.parent))}", "bold"),
                )
            )

    def _finished(self, event: events.Finished) -> None:
        if event.why == "early_stop":
            self._line(str(T("Stopped early: no progress any more after epoch {epoch}.", epoch=event.epochs)))
        if event.restored:
            self._line(str(T("The weights of epoch {epoch} are the best, and were taken back.", epoch=event.restored)))

    def _ended(self, event: events.Ended) -> None:
        self._line("")
        show_evaluation(self.out, event.evaluation)
        self._line("")
        for remark in event.reading:
            self._prose(Text.assemble((f"{remark.text} ", "bold"), str(remark.advice)))
        self._line("")
        self._line(str(T("Weights and figures: {folder}", folder=event.folder)))
        remark = next((r for r in event.reading if r.lines), None)
        if remark is not None:
            self._line(Text.assemble(str(T("Try next:")), " ", (self._next(remark, event), "bold")))

    def _next(self, remark: Remark, event: events.Ended) -> str:
        """The command for what a remark advises; a training that was too short goes on where it stands."""
        if remark.kind == "too_short":
            return f"{self.command} --resume --out {shlex.quote(str(event.folder))} --epochs {remark.lines['epochs']}"
        lines = {**self.given, **remark.lines}
        return " ".join([self.anew, *(f"--{n.replace('_', '-')} {shlex.quote(v)}" for n, v in lines.items())])


def started_lines(event: events.Started) -> list[str]:
    """What is trained, on what, with what."""
    lines = [
        str(
            T(
                "{net}: {params} parameters, {data}: {train} images to train, {validation} to validate, {test} to test",
                net=clean(event.net),
                params=grouped(event.params),
                data=clean(event.data),
                train=grouped(event.train),
                validation=grouped(event.validation),
                test=grouped(event.test),
            )
        )
    ]
    if event.taken is not None:
        lines.append(taken_line(event.taken))
    place: dict[str, Any] = {"batch": event.batch, "memory": memory(event.memory)}
    lines.append(
        str(T("in NumPy, step by step and slowly, batches of {batch}, {memory} of memory", **place))
        if event.device == "plain"
        else str(
            T(
                "with PyTorch on the {device}, batches of {batch}, {memory} of memory",
                "with PyTorch on the {device} in {n} processes, batches of {batch}, {memory} of memory in each",
                device="GPU" if "cuda" in event.device else "CPU",
                n=event.processes,
                **place,
            )
        )
        if event.device.startswith("torch")
        else str(
            T(
                "on the {device} with one thread, batches of {batch}, {memory} of memory",
                "on the {device} with {n} threads, batches of {batch}, {memory} of memory",
                device=event.device.upper(),
                n=event.threads,
                **place,
            )
        )
    )
    if event.done:
        lines.append(str(T("going on after epoch {epoch}", epoch=event.done)))
    return lines


def epoch_line(event: events.EpochDone, room: int | None = None) -> str:
    """An epoch's figures on one line; the speed is left out where it makes the line longer than `room`."""
    record = event.record
    parts = [
        str(T("epoch {epoch}/{epochs}", epoch=f"{record.epoch:>{len(str(event.epochs))}}", epochs=event.epochs)),
        f"{T('loss')} {Rounded(record.loss, '.4f')}",
    ]
    if record.accuracy is not None:
        parts.append(f"{T('accuracy')} {percent(record.accuracy)}")
    if record.val_loss is not None:
        parts.append(f"{T('validation loss')} {Rounded(record.val_loss, '.4f')}")
    if record.val_accuracy is not None:
        parts.append(f"{T('accuracy')} {percent(record.val_accuracy)}")
    if record.val_balanced_accuracy is not None:
        parts.append(f"{T('balanced')} {percent(record.val_balanced_accuracy)}")
    if record.val_f1 is not None:
        parts.append(f"F1 {percent(record.val_f1)}")
    if record.val_iou is not None:
        parts.append(f"IoU {Rounded(record.val_iou, '.3f')}")
    if record.val_psnr is not None:
        parts.append(f"PSNR {Rounded(record.val_psnr, '.2f')} dB")
    line = "  ".join(parts)
    if event.images_per_second:
        whole = f"{line}  {speed(event.images_per_second)}"
        return whole if room is None or len(whole) <= room else line
    return line


def speed(images_per_second: float) -> str:
    if images_per_second < 100:
        return str(T("{speed} images/s", speed=Rounded(images_per_second, ".1f")))
    return str(T("{speed} images/s", speed=short(round(images_per_second))))


def duration(seconds: float) -> str:
    """`8 s`, `3:05`, `2:03:05`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"
