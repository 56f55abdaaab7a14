"""What ``fundops export audit`` does beside the workbook, and the command ``fundops verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fundops.messages import text
from fundops.terminal import fail, opened, say, writing

if TYPE_CHECKING:
    from fundops.exports.audit_book.book import Book
    from fundops.exports.audit_book.manifest import Signs
    from fundops.exports.audit_book.question import Question
    from fundops.exports.rendering import Written
    from fundops.signing import Signer

MAX_SHOWN = 50
"""Cells of each kind that are named; the others are counted."""


def signing() -> Signer | None:
    """Return what signs, or none where the folder of the key cannot be used; exit on a bad key."""
    from fundops.config import Settings
    from fundops.signing import BadKey, Signer

    settings = Settings()
    signer = Signer(settings.files_path, settings.signing_key)
    try:
        signer.public_keys()
    except BadKey as error:
        fail(str(error))
    except OSError:
        return None
    return signer


def write_manifest(book: Book, written: Written, path: Path, signer: Signs | None) -> str:
    """Write the manifest of the workbook at ``path`` beside it; return its text."""
    from fundops.exports import write_pieces
    from fundops.exports.audit_book import manifest

    made = manifest.Made(path.name, written.size, written.sha256)
    signed = manifest.signed_text(manifest.body_of(book, made), signer)
    place = manifest.path_beside(path)
    place.unlink(missing_ok=True)  # that of an earlier file says nothing of this one
    write_pieces([signed.encode()], place)
    return signed


def beside(book: Book, written: Written, path: Path, signer: Signer | None) -> str:
    """Write the manifest of the workbook at ``path`` beside it, say so, and return its text."""
    from fundops.exports.audit_book.manifest import path_beside

    place = path_beside(path)
    with writing(place):
        signed = write_manifest(book, written, path, signer)
    say(text("cli.written", path=place))
    if signer is None:
        say(text("audit_book.verify.unsigned"))
    return signed


def issued_as(database: Any, question: Question, signed: str) -> None:
    """Record the workbook of a question as handed out and say under which code."""
    from fundops import audit
    from fundops.exports.audit_book.issued import issue

    with database.write() as db:
        audit.lock_head(db)
        made = issue(db, audit.SYSTEM, question, signed)
        code = made.code
    say(text("audit_book.verify.issued", code=code))


def verify(
    file: Annotated[Path, typer.Argument(help=text("audit_book.verify.file"))],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help=text("audit_book.verify.manifest"))
    ] = None,
) -> None:
    """Ask the question of an audit workbook again and say how the file differs, and why."""
    from fundops.exports.audit_book import verify as checks
    from fundops.exports.audit_book.manifest import BadManifest

    faults: list[str] = []
    try:
        size, sha256 = checks.digest(file)
        said = _manifest(file, manifest)
        given = said.fields["question"] if said is not None else checks.question_in(file)
    except BadManifest:
        fail(text("audit_book.verify.bad_manifest"))
    except checks.Damaged:
        fail(text("audit_book.verify.damaged"))
    except OSError as error:
        fail(text("audit_book.verify.unreadable", path=error.filename, reason=error.strerror))
    if said is None:
        say(text("audit_book.verify.no_manifest"))
    else:
        faults += _is_its_file(said, size, sha256) + _is_signed(said)
    with opened() as database, database.export() as db:
        _is_known(db, sha256)
        if said is not None:
            faults += _is_our_chain(db, said)
        try:
            made_seq = said.fields["chain"]["made"]["seq"] if said is not None else None
            found = checks.compare(db, file, sha256, given, made_seq)
        except checks.Damaged:
            fail(text("audit_book.verify.damaged"))
    if not checks.laid_out_as_now(given):
        say(text("audit_book.verify.layout", layout=given["layout"]))
    if _tell(found) or faults:
        raise typer.Exit(1)


def _manifest(file: Path, given: Path | None) -> Any:
    """Return the manifest given, or beside the file; none where there is none."""
    from fundops.exports.audit_book import manifest

    place = given or manifest.path_beside(file)
    if given is None and not place.exists():
        return None
    with place.open("rb") as opened_file:
        return manifest.read(opened_file.read(manifest.MAX_BYTES + 1))


def _found(is_good: bool, good: str, bad: str, **facts: Any) -> list[str]:
    """Say the one or the other; return the fault, if it is one."""
    sentence = text(good if is_good else bad, **facts)
    say(sentence)
    return [] if is_good else [sentence]


def _is_its_file(said: Any, size: int, sha256: str) -> list[str]:
    of_file = said.fields["file"]
    same = (of_file["size"], of_file["sha256"]) == (size, sha256)
    return _found(same, "audit_book.verify.its_file", "audit_book.verify.other_file")


def _is_signed(said: Any) -> list[str]:
    if said.signed is None:
        say(text("audit_book.verify.not_signed"))
        return []
    signer = signing()
    good = signer is not None and signer.verify(said.body.encode(), said.signed)
    key = said.signed.key_id if good else ""
    return _found(good, "audit_book.verify.signed", "audit_book.verify.foreign", key_id=key)


def _is_known(db: Any, sha256: str) -> None:
    from fundops.exports.audit_book.issued import with_hash

    made = with_hash(db, sha256)
    if made is not None:
        at = made.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        say(text("audit_book.verify.known", code=made.code, at=at))


def _is_our_chain(db: Any, said: Any) -> list[str]:
    from fundops.exports.audit_book.verify import chain_breaks

    breaks = chain_breaks(db, said.fields["chain"])
    for sentence in breaks:
        say(f"  {sentence}")
    return _found(not breaks, "audit_book.verify.chain", "audit_book.verify.chain_changed")


def _tell(found: Any) -> bool:
    """Say what a comparison came to; return whether something really differs."""
    if found.is_same:
        say(text("audit_book.verify.same"))
        return False
    if not (found.withheld or found.disposed or found.differs):
        say(text("audit_book.verify.same_cells"))
    for kind in ("withheld", "disposed"):
        cells = getattr(found, kind)
        if cells:
            say(text(f"audit_book.verify.{kind}", count=len(cells)))
        for one in cells[:MAX_SHOWN]:  # what is withheld or gone is not told again here
            say(f"  {one.sheet}!{one.at.lstrip('+')}")
    for one in found.differs[:MAX_SHOWN]:
        say(text("audit_book.verify.differs", place=_place(one), before=one.before or "",
                 after=one.after or ""))  # fmt: skip
    if len(found.differs) > MAX_SHOWN or not found.is_whole:
        say(text("audit_book.verify.more", count=len(found.differs)))
    return bool(found.differs) or not found.is_whole


def _place(one: Any) -> str:
    return f"{one.sheet}!{one.at.lstrip('+')}" if one.at else str(one.sheet)
