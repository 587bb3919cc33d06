"""Which part of a package refers to which: content types and relationship parts (ECMA-376 part 2)."""

from __future__ import annotations

from .markup import Node, read_tree
from .package import Package
from .records import record

CONTENT_TYPES = "[Content_Types].xml"


@record
class Relationship:
    """A relationship: ``kind`` is the last word of its type, ``target`` a part or, if ``external``, an address."""

    id: str
    kind: str
    target: str
    external: bool


def relationships(package: Package, part: str) -> list[Relationship]:
    """Return the relationships of a part ("" for the package itself); none where it has no relationship part."""
    folder, _, name = part.rpartition("/")
    own = f"{folder}/_rels/{name}.rels".lstrip("/")
    if package.find(own) is None:
        return []
    return [_relationship(package, part, node) for node in read_tree(package, own).all("Relationship")]


def _relationship(package: Package, part: str, node: Node) -> Relationship:
    external = node.get("TargetMode").lower() == "external"
    target = node.get("Target")
    kind = node.get("Type").rpartition("/")[2]
    return Relationship(node.get("Id"), kind, target if external else _resolve(package, part, target), external)


def _resolve(package: Package, part: str, target: str) -> str:
    """Return the part that a target, absolute or relative to its source part, names."""
    target = target.replace("\\", "/").partition("#")[0]
    for written in (target, _unquoted(target)):
        segments = [] if written.startswith("/") else part.split("/")[:-1]
        for segment in written.split("/"):
            if segment == "..":
                if not segments:
                    package.refuse(f"part {part or 'the package'} refers to {target[:80]!r}, outside the package")
                segments.pop()
            elif segment not in ("", "."):
                segments.append(segment)
        found = package.find("/".join(segments))
        if found is not None:
            return found.name
    return "/".join(segments)


def _unquoted(target: str) -> str:
    if "%" not in target:
        return target
    from urllib.parse import unquote

    return unquote(target)


def workbook_part(package: Package) -> str:
    """Return the name of the workbook part; `FileRefused` where there is none, or only one of another format."""
    if package.find(CONTENT_TYPES) is None:
        package.refuse("it is not a workbook: it has no [Content_Types].xml" + _likely(package))
    read_tree(package, CONTENT_TYPES)
    if package.find("_rels/.rels") is None:
        package.refuse("it is not a workbook: part _rels/.rels is missing")
    main = [link for link in relationships(package, "") if link.kind == "officeDocument" and not link.external]
    if not main:
        package.refuse("it is not a workbook: its relationships name no main part")
    part = main[0].target
    if part.endswith(".bin"):
        package.refuse("it is a binary workbook (.xlsb); save it as .xlsx")
    if package.find(part) is None:
        package.refuse(f"part {part} is missing")
    return part


def _likely(package: Package) -> str:
    if package.find("mimetype") is not None and b"opendocument" in package.read("mimetype"):
        return " (it is an OpenDocument file; save it as .xlsx)"
    return ""
