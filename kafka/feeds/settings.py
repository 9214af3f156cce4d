"""Where the declarations of the feeds are."""

from pathlib import Path

from config.settings import PROJECT_ROOT, Settings

DECLARATIONS = PROJECT_ROOT / "config" / "feeds"


class FeedSettings(Settings):
    """Which feeds there are."""

    feeds_directory: Path | None = None
    """Folder with the declaration of each feed, `<feed>.yaml`; default: `config/feeds` of the checkout."""

    @property
    def declarations(self) -> Path:
        """The folder."""
        return self.feeds_directory or DECLARATIONS
