"""The progress bar of a terminal; a module of its own, because it loads Rich."""

from lightning.pytorch.callbacks import RichProgressBar


class ProgressBar(RichProgressBar):
    """Lightning's Rich bar, which does not count down to an epoch that no run reaches."""

    def _get_train_description(self, current_epoch: int) -> str:
        epochs = self.trainer.max_epochs
        last = f"/{epochs - 1}" if epochs is not None and epochs > 0 else ""
        return f"Epoch {current_epoch}{last}"
