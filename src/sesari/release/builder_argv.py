"""PURE: the arguments of image builders, so that the same commit gives the same digest.

Every timestamp is 0, no provenance with its own clock is added, and the result is an OCI layout in a folder.
Sources: buildah-build(1), podman-build(1), buildah-push(1); docs.docker.com/build/exporters/oci-docker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sesari.model.image import Builder

PLATFORM: Final = "linux/amd64"
BUILD_VARIABLES: Final[Mapping[str, str]] = {"SOURCE_DATE_EPOCH": "0", "BUILDKIT_PROGRESS": "plain"}


def build_commands(builder: Builder, context: str, layout: str, tag: str) -> tuple[tuple[str, ...], ...]:
    """The commands, in order, that build the folder `context` into the OCI layout `layout`.

    `tag` (`name:tag`) is what the builder calls the image meanwhile.
    """
    begin = (
        builder.program,
        *(("buildx", "build") if builder.name == "docker" else ("build",)),
        "--platform",
        PLATFORM,
    )
    if builder.name == "docker":
        output = f"type=oci,tar=false,dest={layout},rewrite-timestamp=true,oci-mediatypes=true"
        epoch = ("--build-arg", "SOURCE_DATE_EPOCH=0")
        return ((*begin, "--provenance=false", "--sbom=false", *epoch, "--output", output, context),)
    return (
        (*begin, "--format", "oci", "--timestamp", "0", "--tag", tag, context),
        (builder.program, "push", tag, f"oci:{layout}:{tag.rpartition(':')[2]}"),
    )


def probe(name: str) -> tuple[str, ...]:
    """Arguments that succeed only when the builder's engine answers; a client alone does not."""
    return ("info", "--format", "{{.ServerVersion}}") if name == "docker" else ("info",)
