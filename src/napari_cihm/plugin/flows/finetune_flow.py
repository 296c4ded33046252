"""Fine-tuning: which labels there are, the run, and what follows it."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any
from weakref import WeakSet

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.config import Channels
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct_flow import CorrectFlow
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.history_flow import HistoryFlow
from napari_cihm.plugin.flows.learning import Learning
from napari_cihm.plugin.flows.material import Material, material_of
from napari_cihm.plugin.flows.model_flow import ModelFlow
from napari_cihm.plugin.flows.segment_flow import NO_MODEL, SegmentFlow
from napari_cihm.plugin.flows.verdict_flow import VerdictFlow
from napari_cihm.plugin.preferences import models_home
from napari_cihm.plugin.session import State
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.style import MARKS
from napari_cihm.plugin.views.finetune_section import FinetuneSection

NO_LABELS = "Segment an image and correct its labels, or open an image with labels."
NONE_TICKED = "Tick the labels to learn from."
UNMARKED = (
    "Nothing in {} is marked as reviewed. Is all of it right, including the empty "
    "parts? If not, first mark what is right, under Correct."
)


class FinetuneFlow(QObject):
    """Answers the *Fine-tune* section.

    Parameters
    ----------
    desk : Desk
        What flows work with.
    section : FinetuneSection
        What the user sees.
    correct : CorrectFlow
        Knows what is reviewed.
    model : ModelFlow
        Takes a model into use.
    segment : SegmentFlow
        Segments again.
    """

    def __init__(
        self,
        desk: Desk,
        section: FinetuneSection,
        correct: CorrectFlow,
        model: ModelFlow,
        segment: SegmentFlow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self._correct, self._segment = correct, segment
        self._pairing = correct.bench.pairing
        self.history = HistoryFlow(desk, section, model, self._channels, self)
        self.verdict = VerdictFlow(desk, section.verdict, model, self.history, self)
        self.learning: Learning | None = None
        self._whole: WeakSet[Labels] = WeakSet()
        self._awaiting = False
        section.finetune_requested.connect(self.finetune)
        section.pairs_changed.connect(self._update)
        section.unmarked.accepted.connect(self._on_whole)
        section.unmarked.declined.connect(lambda: section.unmarked.offer(""))
        section.verdict.segment_requested.connect(self._on_segment)
        session = desk.session
        for changed in (
            desk.scene.layers_changed,
            desk.scene.image_described,
            session.image_changed,
            desk.scene.labels_selected,
            correct.bench.changed,
            correct.bench.began,
        ):
            changed.connect(self._show_pairs)
        for changed in (session.state_changed, session.model_changed):
            changed.connect(self._update)
        session.model_changed.connect(self._on_model_changed)
        desk.layers.rewritten.connect(self._on_rewritten)
        self._show_pairs()

    def finetune(self) -> Learning | None:
        """Learn from the labels that are ticked."""
        layers, unmarked = self._ticked, self._unmarked
        if not layers:  # they may be gone since the model began to be loaded
            notices.refuse(NONE_TICKED if self._layers else NO_LABELS)
            return None
        if unmarked is not None:
            self._section.unmarked.offer(UNMARKED.format(unmarked.name))
            return None
        return self._start(
            [material_of(x, x.data, self._marks(x), self._pairing) for x in layers]
        )

    def finetune_when_ready(self, layers: Iterable[Labels]) -> None:
        """Learn from these labels alone, now or once the model is loaded."""
        wanted = set(layers)
        usable = [layer for layer in self._layers if layer in wanted]
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
        self.history.close()

    @property
    def _layers(self) -> list[Labels]:
        """The labels that lie over an image whose pixels are theirs."""
        return [
            layer
            for layer in self._correct.bench.candidates
            if not layer.multiscale
            and self._pairing.fitting_image_of(layer) is not None
        ]

    @property
    def _ticked(self) -> list[Labels]:
        """Those of them that the user wants to be learnt from."""
        keys = self._section.ticked
        return [layer for layer in self._layers if id_of(layer) in keys]

    @property
    def _unmarked(self) -> Labels | None:
        """The first ticked labels of which nothing is marked."""
        return next((x for x in self._ticked if self._marks(x) is None), None)

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

    def _marks(self, layer: Labels) -> Any:
        """Return what is reviewed of a layer: "whole", a mask, or None for nothing.

        Who called all of it right goes on correcting it, and means all of it still.
        """
        if layer in self._whole:
            return "whole"
        reviewed = self._correct.reviewed_of(layer)
        if reviewed is not None and reviewed.any():
            return reviewed.view()
        return None

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
        layer = next(iter(self._ticked), None)
        image = None if layer is None else self._pairing.image_of(layer)
        if image is not None:
            channels = self._pairing.channels(image, layer)
            self._segment.use(image)
            self._segment.choose_channels(channels)
        self._segment.segment()

    def _channels(self, image: ImageLayer) -> Channels:
        """Return the channels by which labels of an image are learnt, if there are."""
        pairing = self._pairing
        over = [layer for layer in self._layers if pairing.image_of(layer) is image]
        ticked = (layer for layer in self._ticked if layer in over)
        return pairing.channels(image, next(chain(ticked, over), None))

    def _on_whole(self) -> None:
        """Believe all of the labels that the banner asked about."""
        layer = self._unmarked
        self._section.unmarked.offer("")
        if layer is not None:
            self._whole.add(layer)
            self._show_pairs()
            self.finetune()

    def _on_rewritten(self, layer: Labels) -> None:
        """Believe no more of labels that a run wrote anew than what is marked."""
        self._whole.discard(layer)
        self._show_pairs()

    def _show_pairs(self, *_: Any) -> None:
        rows = []
        for layer in self._layers:
            image = self._pairing.image_of(layer)
            assert image is not None, "the list has only labels over an image"
            marks = self._marks(layer)
            if marks is None:
                part = "not reviewed"
            else:
                part = "all of it" if isinstance(marks, str) else "reviewed part"
            words = f"{layer.name} · {part}"
            tooltip = f"{layer.name}, over {image.name}: {part}"
            usual = layer is self._correct.bench.labels or marks is not None
            rows.append((id_of(layer), words, tooltip, usual))
        self._section.set_pairs(rows)
        self._update()

    def _update(self) -> None:
        session, reason = self._desk.session, ""
        running = session.state is not State.IDLE
        self._section.verdict.set_running(running)
        if not self._layers:
            reason = NO_LABELS
        elif not self._section.ticked:
            reason = NONE_TICKED
        elif session.model is None:
            reason = NO_MODEL
        self._section.set_ready(not running and not reason, reason)
