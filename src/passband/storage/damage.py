"""What a stored artefact says when its bytes are not the ones that were written."""

from pathlib import Path

from passband.errors import UserError


class DamagedArtefact(UserError):  # noqa: N818 - it names a state of the file, as the message does
    """A stored file or folder whose checksum, format or size is wrong: never used, set aside and made again.

    path: the file or folder. why: what is wrong, as the end of the sentence "… is damaged: …".
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return (
            f"{self.path} is damaged: {self.why}; move it away, then the command that made it makes it again"
        )
