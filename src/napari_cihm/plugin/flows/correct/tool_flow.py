"""Using tools: at the cursor by a key, at clicks, or at once."""

from collections.abc import Sequence
from functools import partial

from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.correction.edits import Edit
from napari_cihm.errors import CihmError, sentence
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.adding import Adding
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.pointing import Point, Pointing
from napari_cihm.plugin.tools import RULES, TOOLS, Gesture, Ground, Tool, ending
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.wording import done, quoted

HINT = "Choose a tool, or point and press its key."
SECOND = {
    Gesture.PAIR: "Now click the other one.",
    Gesture.ENDS: "Now click it in another slice.",
}
HIDING = ("opaque", "translucent", "translucent_no_depth")  # ways of blending
EDITS = {tool.name: tool for tool in (*TOOLS, *RULES)}


class ToolFlow(QObject):
    """Answers the buttons and keys of tools."""

    def __init__(
        self,
        bench: Bench,
        section: CorrectSection,
        pointing: Pointing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._bench, self._section, self._pointing = bench, section, pointing
        self._whole = True  # tools follow objects through all slices
        self._adding = Adding(bench, self.apply, self)
        pointing.pointed.connect(self._on_pointed)
        pointing.changed.connect(self._show_tool)
        bench.chosen.connect(pointing.drop)
        section.grid.whole_chosen.connect(self._on_whole_chosen)
        self._show_tool()

    def press(self, tool: Tool) -> None:
        """Use a tool at once, or wait for where; a second press ends the waiting."""
        layer, pointing = self._bench.labels, self._pointing
        if layer is None:
            return
        if pointing.tool is tool:
            pointing.drop()
            return
        if hindrance := self._bench.desk.scene.screen.hindrance(layer):
            notices.refuse(*hindrance)
            self._show_tool()
            return
        layer.visible = True  # nobody wants to change what is not seen
        self._warn_if_covered(layer)
        if tool.gesture is Gesture.NONE:
            self._use(self._bench.begin(layer), tool, [], False)
        else:
            self._bench.begin(layer)
            pointing.choose(tool, layer)

    def _warn_if_covered(self, layer: Labels) -> None:
        """Say so where their image, which came later, hides the labels."""
        image, layers = (
            self._bench.pairing.image_of(layer),
            self._bench.desk.scene.layers,
        )
        if image is None or not image.visible or image.opacity < 1:
            return
        if image.blending in HIDING and layers.index(image) > layers.index(layer):
            notices.warn(
                f"the image {quoted(image.name)} lies over {quoted(layer.name)} "
                "and hides it",
                "drag the labels above it in the layer list",
            )

    def press_key(self, tool: Tool) -> None:
        """Use a tool of one click under the cursor; others as by their button."""
        layer, screen = self._bench.labels, self._bench.desk.scene.screen
        click = tool.gesture is Gesture.CLICK
        if click and layer is not None and not screen.hindrance(layer):
            mending = self._bench.begin(layer)
            self._use(mending, tool, [screen.cursor(layer)], False)
        else:
            self.press(tool)

    def apply(self, mending: Mending, edit: Edit, plane: Sequence[int]) -> None:
        """Write an edit that was made in a plane, and say what was done."""
        if edit:
            mending.apply(edit, plane)
        said = [edit.note] if edit.note and not edit else [done(edit.what), edit.note]
        words = " ".join(sentence(part) for part in said if part)
        self._bench.desk.tasks.say(words)

    def _on_pointed(
        self, tool: Tool, points: list[Point], drawn: bool, away: bool
    ) -> None:
        layer = self._bench.labels
        if layer is not None and tool.name in EDITS:
            self._use(self._bench.begin(layer), tool, points, drawn)

    def _use(
        self, mending: Mending, tool: Tool, points: list[Point], drawn: bool
    ) -> None:
        # A key may be pressed in the midst of a stroke, of which no tool knows yet.
        mending.after_stroke(partial(self._use_now, mending, tool, points, drawn))

    def _use_now(
        self, mending: Mending, tool: Tool, points: list[Point], drawn: bool
    ) -> None:
        ground = self._ground(mending)
        if not mending.layer.visible:
            notices.refuse(
                f"{quoted(mending.layer.name)} is hidden",
                "show it with the eye in the layer list",
            )
        elif tool.stacks and ground.depth is None:
            notices.refuse("these labels have no slices", "use it on a stack")
        elif tool.name == "add":
            self._adding.add(mending, ground, points)
        elif tool.run is not None:
            try:
                edit = tool.run(ground, points, drawn)
            except CihmError as error:
                notices.explain(error, mild=True)
                return
            self.apply(mending, edit, ground.plane)

    def _ground(self, mending: Mending) -> Ground:
        """Return what tools need to know of the labels and of the screen."""
        mending.settle()
        layer = mending.layer
        plane = self._bench.desk.scene.screen.plane(layer)
        axes = self._bench.pairing.axes_of(layer)
        deep = [
            a for a, letter in enumerate(axes) if letter in "zyx" and a not in plane
        ]
        timed = [a for a, letter in enumerate(axes) if letter == "t" and a not in plane]
        followed = {*plane, *deep} if self._whole else set(plane)
        return Ground(
            labels=layer.data,
            index=mending.session.index,
            settings=self._bench.settings,
            axes=tuple(sorted(followed)),
            plane=plane,
            depth=next(iter([*deep, *timed]), None),
            called="slice" if deep else "frame",
            spacing=tuple(float(abs(n)) for n in layer.scale),
        )

    def _on_whole_chosen(self, whole: bool) -> None:
        self._whole = whole

    def _show_tool(self) -> None:
        tool = self._pointing.tool
        if tool is None:
            self._section.set_chosen("", HINT)
            return
        second = self._pointing.begun
        prompt = ending(SECOND[tool.gesture]) if second else tool.request
        self._section.set_chosen(tool.name, prompt)
