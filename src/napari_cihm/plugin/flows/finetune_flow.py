"""Fine-tuning: when it can be begun, the run, and what follows it."""

from collections.abc import Iterable, Mapping
from typing import Any

from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.comparing import Comparing
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.material import Material
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.history_flow import HistoryFlow
from napari_cihm.plugin.flows.learning import Learning
from napari_cihm.plugin.flows.lessons import Lessons
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.flows.segment_flow import NO_MODEL, SegmentFlow
from napari_cihm.plugin.flows.verdict_flow import VerdictFlow
from napari_cihm.plugin.preferences import models_home
from napari_cihm.plugin.session import State
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.style import MARKS
from napari_cihm.plugin.views.finetune_section import FinetuneSection
from napari_cihm.plugin.wording import quoted

NONE_TICKED = "Tick the labels to learn from."
UNMARKED = (
    "Nothing in {} is marked as reviewed. Is all of it right, including the empty "
    "parts? If not, first mark what is right, under Correct."
)


class FinetuneFlow(QObject):
    """Answers the *Fine-tune* section."""

    def __init__(
        self,
        desk: Desk,
        section: FinetuneSection,
        bench: Bench,
        model: ModelFlow,
        segment: SegmentFlow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self._segment, self._pairing = segment, bench.pairing
        self.lessons = Lessons(bench, section, self)
        self.comparing = Comparing(desk, self.lessons)
        self.history = HistoryFlow(desk, section, model, self.comparing, self)
        self.verdict = VerdictFlow(
            desk, section.verdict, model, self.history, self.comparing, self
        )
        self.learning: Learning | None = None
        self._asked: Labels | None = None  # whether all of it is right
        self._awaiting = False
        section.finetune_requested.connect(self.finetune)
        section.unmarked.accepted.connect(self._on_whole)
        section.unmarked.declined.connect(lambda: section.unmarked.offer(""))
        section.verdict.segment_requested.connect(self._on_segment)
        session = desk.session
        self.lessons.changed.connect(self._withdraw)
        for changed in (
            self.lessons.changed,
            session.state_changed,
            session.model_changed,
        ):
            changed.connect(self._update)
        session.model_changed.connect(self._on_model_changed)
        self._update()

    def finetune(self) -> Learning | None:
        """Learn from the labels that are ticked."""
        lessons = self.lessons
        if not lessons.ticked:  # they may be gone since the model began to be loaded
            notices.refuse(lessons.lack or NONE_TICKED)
            return None
        if (unmarked := lessons.unmarked) is not None:
            self._asked = unmarked
            self._section.unmarked.offer(UNMARKED.format(quoted(unmarked.name)))
            return None
        return self._start(lessons.materials)

    def finetune_when_ready(self, layers: Iterable[Labels]) -> None:
        """Learn from these labels alone, now or once the model is loaded."""
        wanted = set(layers)
        usable = [layer for layer in self.lessons.layers if layer in wanted]
        session = self._desk.session
        if not usable:
            notices.refuse(
                "no image lies below the selected labels",
                "open the image they belong to",
            )
        elif session.state is not State.IDLE:
            notices.refuse(
                "something else is running", "wait until it ends, or cancel it"
            )
        else:
            self._section.tick([id_of(layer) for layer in usable])
            self._awaiting = session.model is None
            if not self._awaiting:
                self.finetune()

    def set_theme(self, theme: Mapping[str, Any]) -> None:
        """Draw curves in the colours of a theme."""
        text, paper = str(theme["text"]), str(theme["background"])
        self._section.curves.set_colours(text, paper, MARKS[str(theme["type"])])

    def close(self) -> None:
        """Nothing of a run stays in the viewer."""
        self.comparing.clear()

    def _start(self, materials: list[Material]) -> Learning:
        session = self._desk.session
        self.verdict.begin()
        self.learning = Learning(
            self._desk,
            self._section.curves,
            self._section.seconds,
            self._on_end,
            self,
            pictures=[m.picture for m in materials],
            labels=[m.labels for m in materials],
            reviewed=[m.mask for m in materials],
            channels=[m.channels for m in materials],
            model=session.source,
            device=session.device,
            name=materials[0].name,
            settings=self._section.values(),
            from_origin=self._section.from_origin,
            folder=models_home(),
        )
        return self.learning

    def _on_model_changed(self) -> None:
        if self._awaiting:
            self._awaiting = False
            self.finetune()

    def _on_end(self, learning: Learning) -> None:
        self._desk.tasks.end(learning, self._last_words(learning))
        learning.deleteLater()
        self.learning = None
        self.history.refresh()

    def _last_words(self, learning: Learning) -> str:
        curves = self._section.curves
        curves.setVisible(bool(curves.lists["step"]))
        if learning.run.failure:
            return notices.report(learning.run.failure)
        return self.verdict.show(learning)

    def _on_segment(self) -> None:
        layer = next(iter(self.lessons.ticked), None)
        image = None if layer is None else self._pairing.image_of(layer)
        if image is not None:
            self._segment.choose(image, self._pairing.channels(image, layer))
        self._segment.segment()

    def _on_whole(self) -> None:
        """Believe all of the labels that the banner asked about."""
        layer = self.lessons.unmarked
        self._section.unmarked.offer("")
        if layer is not None:
            self.lessons.believe(layer)
            self.finetune()

    def _withdraw(self) -> None:
        """Ask no more about labels that are marked by now, or not ticked."""
        if self._asked is not None and self.lessons.unmarked is not self._asked:
            self._asked = None
            self._section.unmarked.offer("")

    def _update(self) -> None:
        session, reason = self._desk.session, ""
        running = session.state is not State.IDLE
        self._section.verdict.set_running(running)
        if lack := self.lessons.lack:
            reason = lack
        elif not self._section.ticked:
            reason = NONE_TICKED
        elif session.model is None:
            reason = NO_MODEL
        self._section.set_ready(not running and not reason, reason)
