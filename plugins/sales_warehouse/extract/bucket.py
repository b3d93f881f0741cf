"""Files in a bucket of an S3-compatible store: listed, and downloaded when they are new."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import fs

from sales_warehouse.company.models import BucketConnection
from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.files import RACY_SECONDS, Room, SourceFile, matches
from sales_warehouse.extract.outcome import FileRefused, SourceUnavailable

CHUNK = 1 << 20
ODD_PARTS = {"", ".", ".."}  # of a key
ATTEMPTS, CONNECT_SECONDS, REQUEST_SECONDS = 4, 10, 60


@dataclass(frozen=True)
class BucketObject:
    """An object as it was listed; `state` changes with its size and its time."""

    origin: str
    path: str
    size: int
    changed: datetime.datetime
    store: fs.S3FileSystem
    room: Room

    @property
    def state(self) -> str:
        return f"{self.size}-{self.changed.isoformat()}"

    def fetch(self) -> SourceFile:
        """Download the object; raise FileRefused when it is not the one that was listed any more."""
        if not ODD_PARTS.isdisjoint(self.path.split("/")):
            raise FileRefused("a key with nothing, `.` or `..` between two slashes, which leads elsewhere; rename it")
        path, digest, size = self.room.scratch(".object"), hashlib.sha256(), 0
        try:
            with self.store.open_input_stream(self.path, compression=None) as source, path.open("wb") as target:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
            now = self.store.get_file_info(self.path)
        except (OSError, pa.ArrowException) as error:
            raise FileRefused(f"cannot be downloaded ({_gist(error)}); it is tried again next time") from error
        if (now.size, now.mtime) != (self.size, self.changed) or size != self.size:
            raise FileRefused("changed while it was being downloaded; it is picked up next time")
        age = (datetime.datetime.now(datetime.UTC) - self.changed).total_seconds()
        state = self.state if age > RACY_SECONDS else None
        return SourceFile(self.origin, path, digest.hexdigest(), size, path.stat().st_mtime_ns, state, self.changed)


class Bucket:
    """The objects of a source below a prefix."""

    def __init__(self, settings: BucketConnection, source: str, environment: Mapping[str, str]) -> None:
        self.where = f"{source}: connection"
        given = {
            name: expand(value, environment, where=f"{self.where}.{name}")
            for name, value in settings.model_dump(exclude={"type"}, exclude_none=True).items()
        }
        self.bucket, self.prefix = given["bucket"], given["prefix"].strip("/")
        self.shown = f"s3://{self.bucket}/{self.prefix}"
        endpoint = given.get("endpoint")
        scheme, _, host = endpoint.rpartition("://") if endpoint else ("https", "", None)
        self.store = fs.S3FileSystem(
            access_key=given.get("access_key"),
            secret_key=given.get("secret_key"),
            region=given.get("region"),
            scheme=scheme or "https",
            endpoint_override=host,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )

    def find(self, pattern: str, room: Room) -> Iterator[BucketObject]:
        """Yield the objects that match below the prefix, in order of their names. Raises SourceUnavailable."""
        base = "/".join(part for part in (self.bucket, self.prefix) if part)
        try:
            # a bucket has no folders: a prefix without objects is an empty one
            listed = self.store.get_file_info(fs.FileSelector(base, allow_not_found=True, recursive=True))
            if not listed and self.store.get_file_info(self.bucket).type == fs.FileType.NotFound:
                raise FileNotFoundError("there is no such bucket")
        except (OSError, pa.ArrowException) as error:
            raise SourceUnavailable(
                f"{self.where}: {self.shown} cannot be listed ({_gist(error)}); are bucket, endpoint and keys right?"
            ) from None
        for info in sorted(listed, key=lambda info: info.path):
            origin = info.path.removeprefix(f"{base}/")
            if info.type == fs.FileType.File and matches(origin, pattern):
                yield BucketObject(origin, info.path, info.size, info.mtime, self.store, room)


def _gist(error: Exception) -> str:
    """The first line of an error of the store, without the addresses and ids that it goes on with."""
    return str(error).splitlines()[0].split(" (Request ID")[0][:300]
