"""What a run leaves behind: its best model, with a record of how it was made."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from napari_cihm.config import Decoding, TrainingRecord
from napari_cihm.config.train import BEST
from napari_cihm.data.survey import Survey
from napari_cihm.events import Trained
from napari_cihm.models import Model
from napari_cihm.training.loop import Run
from napari_cihm.training.metrics import mean_ap, precision
from napari_cihm.training.parallel import command
from napari_cihm.training.records import versions
from napari_cihm.training.tuning import tune
from napari_cihm.training.validation import Validator, score


@dataclass(frozen=True)
class Keeper:
    """Writes down where weights came from, and saves them.

    Attributes
    ----------
    run : Run
        What makes them.
    facts : Survey
        Of what it learns from.
    validator : Validator
        Sees what is held out.
    """

    run: Run
    facts: Survey
    validator: Validator

    @property
    def path(self) -> Path | None:
        """Where the model is saved, if anywhere."""
        return None if self.run.folder is None else self.run.folder / BEST

    def save(self, model: Model, figures: dict[str, Any]) -> None:
        """Save a model, which a run that is stopped leaves behind."""
        if self.path is not None:
            self._recorded(model, figures).save(self.path)

    def finished(self, event: Trained) -> Trained:
        """Tune the decoder, and keep the model with the thresholds that came of it."""
        model, figures, team = event.model, dict(event.figures), self.run.team
        if model.config.task == "instance":
            decoding, precisions = team.tell(self._tune(model) if team.leads else None)
            figures |= precisions
            figures["score"] = figures["map"]
            config = model.config.but(decoding=decoding)
            model = Model(model.network, config, model.device)
        model = self._recorded(model, figures)
        if self.path is not None and team.leads:
            model.save(self.path)
        team.tell(None)  # that it is written
        return Trained(model, figures, self.path, event.reason)

    def _tune(self, model: Model) -> tuple[Decoding, dict[str, float]]:
        """Choose thresholds by what is held out; say how precise they are."""
        mapped = self.validator.map_all(model)
        start = model.config.decoding
        decoding = tune(lambda tried: mean_ap(score(mapped, tried)), start)
        return decoding, precision(score(mapped, decoding))

    def _recorded(self, model: Model, figures: dict[str, Any]) -> Model:
        """Return a model that says how it was made."""
        run, facts = self.run, self.facts
        before, base = run.model.config.training, run.identity["base"]
        record = TrainingRecord(
            earlier=(*before.earlier, before.command) if before.command else (),
            base=base,
            command=command() if run.folder else "",
            data=facts.fingerprint,
            images=len(facts.shapes),
            objects=facts.objects,
            settings={
                "recipe": model.config.recipe,
                **({"base": base} if base else {}),
                "seed": run.seed,
                "data": facts.fingerprint,
                "steps": run.budget.steps,
                "settings": run.settings.model_dump(mode="json"),
                "seconds": run.budget.seconds,
            },
            figures=figures,
            date=date.today().isoformat(),
            versions=versions(),
        )
        config = model.config.but(training=record)
        return Model(model.network, config, model.device, config.recipe)
