"""The plugin protocol's messages and methods, made from `tfplugin6.proto` when the daemon starts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

PROTO = "tfplugin6.proto"
PACKAGE = "tfplugin6"
SERVICE = f"{PACKAGE}.Provider"


@dataclass(frozen=True, slots=True)
class Protocol:
    """`messages` by short name (`PlanRequest`); `methods` maps a method to its request class."""

    messages: Mapping[str, Any]
    methods: Mapping[str, Any]

    def handler(self, implementation: Mapping[str, Callable[[Any, Any], Any]]) -> Any:
        """A grpc handler that sends each method of the service to its function of (request, context)."""
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                implementation[name],
                request_deserializer=request.FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
            for name, request in self.methods.items()
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)


def load_protocol() -> Protocol:
    """Compile the .proto file that lies beside this module. Raises RuntimeError when it does not compile."""
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(_compile(Path(__file__).parent))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    (file,) = files.file
    messages = {
        message.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{message.name}"))
        for message in file.message_type
    }
    (service,) = file.service
    methods = {method.name: messages[method.input_type.rsplit(".", 1)[1]] for method in service.method}
    return Protocol(messages, methods)


def _compile(folder: Path) -> bytes:
    # Through a descriptor file rather than grpc's import hook, which cannot read paths that are not ASCII.
    with tempfile.TemporaryDirectory(prefix="sesari-proto-") as scratch:
        output = Path(scratch) / "tfplugin6.binpb"
        code = protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={output}", PROTO])
        if code != 0:
            raise RuntimeError(f"{folder / PROTO} does not compile (protoc exit code {code})")
        return output.read_bytes()
