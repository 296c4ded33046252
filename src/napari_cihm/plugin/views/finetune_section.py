"""The *Fine-tune* section: which labels, how long, and what came of it."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidgetItem, QPushButton, QWidget

from napari_cihm.config import FinetuneSettings
from napari_cihm.plugin.forms import Alignment, Form
from napari_cihm.plugin.parts.banner import Banner
from napari_cihm.plugin.parts.boxes import DropDown, Rows
from napari_cihm.plugin.parts.button_rows import choice_row
from napari_cihm.plugin.parts.section import (
    Fold,
    Section,
    muted,
    restore_button,
    titled,
)
from napari_cihm.plugin.parts.words import as_tip
from napari_cihm.plugin.views.curves import Curves
from napari_cihm.plugin.views.history_rows import HistoryRows
from napari_cihm.plugin.views.verdict_card import VerdictCard

KEY = Qt.ItemDataRole.UserRole
ROWS = 3
ELSEWHERE = ("device", "steps")
TIMES: dict[str, tuple[float | None, str]] = {
    "15 s": (15.0, "A first try"),
    "1 min": (60.0, "Enough for a few images"),
    "5 min": (300.0, "For many images, or objects that are new to the model"),
    "Long": (None, "Until it stops improving; Cancel keeps the best so far"),
}
USUAL = 1
STARTS = (
    ("original model", True),
    ("model in use", False),
)


class FinetuneSection(Section):
    """Choose labels and a time, then press Fine-tune.

    Attributes
    ----------
    finetune_requested
        Emitted when the user wants a better model.
    pairs_changed
        Emitted when other labels are ticked.
    """

    finetune_requested = Signal()
    pairs_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Fine-tune", parent)
        self.pairs = Rows("Labels to learn from", ROWS, self)
        self.pairs.setToolTip(
            "The model learns from ticked labels, where they are reviewed"
        )
        self.start = DropDown(
            "Start from",
            "What the new model starts as: the original does not drift, the model in "
            "use keeps what earlier labels taught it",
            self,
        )
        for text, origin in STARTS:
            self.start.addItem(text, origin)
        self.form = Form(
            FinetuneSettings,
            [n for n in FinetuneSettings.model_fields if n not in ELSEWHERE],
            self,
        )
        self.restore = restore_button(self)
        self.finetune = QPushButton("Fine-tune on current labels", self)
        self.finetune.setObjectName("primary")
        self.reason = muted("", self)
        self.unmarked = Banner(
            (
                "Whole layer",
                "Everything in the labels is right, including the empty parts",
            ),
            ("Not yet", "Learn nothing until something is marked as reviewed"),
            self,
        )
        self.curves, self.verdict = Curves(self), VerdictCard(self)
        self.history = HistoryRows(self)
        self._ready, self._reason = False, ""
        self._chosen: dict[str, bool] = {}
        self._build()
        self.pairs.itemChanged.connect(self._on_ticked)
        self.finetune.clicked.connect(self.finetune_requested)
        self.restore.clicked.connect(self._on_restore)
        self.form.changed.connect(self._update)

    def _build(self) -> None:
        words = ((text, tooltip) for text, (_, tooltip) in TIMES.items())
        self.times, times = choice_row(words, self)
        self.times.button(USUAL).setChecked(True)
        title, start = titled("Start from", self.start, self)
        fold = Fold("More settings", opened=False, parent=self)
        fold.rows.addLayout(start)
        fold.rows.addWidget(self.form)
        fold.rows.addWidget(self.restore)
        self.rows.addWidget(self.pairs)
        self.rows.addLayout(times)
        for widget in (
            fold,
            self.unmarked,
            self.finetune,
            self.reason,
            self.curves,
            self.verdict,
            self.history,
        ):
            self.rows.addWidget(widget)
        Alignment([title, *self.form.labels], self)

    @property
    def seconds(self) -> float | None:
        """Time in all; None goes on until nothing gets better."""
        return list(TIMES.values())[self.times.checkedId()][0]

    @property
    def from_origin(self) -> bool:
        """Whether to start from where the model in use started."""
        return bool(self.start.currentData())

    @property
    def ticked(self) -> list[str]:
        """Keys of the labels to learn from."""
        items = (self.pairs.item(row) for row in range(self.pairs.count()))
        ticked = Qt.CheckState.Checked
        return [item.data(KEY) for item in items if item.checkState() == ticked]

    def values(self) -> dict[str, Any]:
        """Return the settings as the form has them."""
        return self.form.values()

    def set_pairs(self, pairs: Sequence[tuple[str, str, str, bool]]) -> None:
        """List labels as (key, words, tooltip, ticked unless the user says else)."""
        self.pairs.blockSignals(True)
        self.pairs.clear()
        for key, words, tooltip, usual in pairs:
            item = QListWidgetItem(words)
            item.setData(KEY, key)
            item.setToolTip(as_tip(tooltip))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = self._chosen.get(key, usual)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.pairs.addItem(item)
        self.pairs.blockSignals(False)
        self.pairs.setVisible(bool(pairs))

    def tick(self, keys: Sequence[str]) -> None:
        """Learn from these labels and from no others."""
        ticked, unticked = Qt.CheckState.Checked, Qt.CheckState.Unchecked
        for item in (self.pairs.item(row) for row in range(self.pairs.count())):
            item.setCheckState(ticked if item.data(KEY) in keys else unticked)

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Let the button be pressed, or say why it cannot be."""
        self._ready, self._reason = ready, reason
        self._update()

    def _on_ticked(self, item: QListWidgetItem) -> None:
        self._chosen[item.data(KEY)] = item.checkState() == Qt.CheckState.Checked
        self.pairs_changed.emit()

    def _update(self) -> None:
        refused = bool(self.form.problems())
        reason = "Correct what is red first." if refused else self._reason
        self.finetune.setEnabled(self._ready and not refused)
        self.finetune.setToolTip(
            reason or "Learn from the ticked labels; the better model is kept"
        )
        self.reason.say(reason)

    def _on_restore(self) -> None:
        self.form.restore_defaults()
        self.times.button(USUAL).setChecked(True)
        self.start.setCurrentIndex(0)
