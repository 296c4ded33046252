"""The widget that lists the networks: what each costs, and where it comes from."""

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from napari_cihm.events import Network
from napari_cihm.plugin.parts.section import Section, muted
from napari_cihm.plugin.parts.words import Words

HEAD = ("Network", "Params", "GMAC", "MB", "Weights")
ROW = 23  # pixels
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class NetworksSection(Section):
    """A table of networks; the chosen one is told of below."""

    def __init__(self) -> None:
        super().__init__("Networks")
        self.table = QTableWidget(0, len(HEAD), self)
        self.table.setHorizontalHeaderLabels(HEAD)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.verticalHeader().setDefaultSectionSize(ROW)
        self.table.verticalHeader().hide()
        across = self.table.horizontalHeader()
        across.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        across.setSectionResizeMode(len(HEAD) - 1, QHeaderView.ResizeMode.Stretch)
        self.about = Words("Looking…", self)
        self.about.let_copy(keys=True)
        self.rows.addWidget(
            muted("Costs for 256 x 256 pixels in three channels.", self)
        )
        self.rows.addWidget(self.table)
        self.rows.addWidget(self.about)
        self._networks: Sequence[Network] = ()
        self.table.itemSelectionChanged.connect(self._on_selected)

    def show_networks(self, networks: Sequence[Network]) -> None:
        """Fill the table."""
        self._networks = networks
        self.table.setRowCount(len(networks))
        self.table.setFixedHeight(ROW * (len(networks) + 1) + 8)
        for row, network in enumerate(networks):
            cells = (
                network.name,
                f"{network.parameters / 1e6:.2f} M",
                f"{network.gmac:.2f}",
                f"{network.memory / 1e6:.0f}",
                "bundled" if network.weights else "",
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if 0 < column < len(HEAD) - 1:
                    item.setTextAlignment(RIGHT)
                self.table.setItem(row, column, item)
        self.table.selectRow(0)

    def show_text(self, text: str) -> None:
        """Say why there is nothing to show."""
        self.about.setText(text)

    def _on_selected(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._networks):
            network = self._networks[row]
            notes = (" ".join(part.split()) for part in network.notes.split("\n\n"))
            weights = (
                f"Weights: {', '.join(network.weights)}" if network.weights else ""
            )
            train = f"Train it: cihm train DATA -o RUN --model {network.name}"
            parts = (network.paper, *notes, weights, train)
            self.about.setText("\n\n".join(part for part in parts if part))
