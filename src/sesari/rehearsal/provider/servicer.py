"""The plugin protocol's methods over `Resources`: decode, call, encode; errors become diagnostics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.functions import FunctionFailed, call_function
from sesari.rehearsal.provider.resources import Resources
from sesari.rehearsal.provider.schema import Schema
from sesari.rehearsal.provider.schema_messages import encode_functions, encode_provider
from sesari.rehearsal.provider.tags import default_tags
from sesari.rehearsal.provider.validation import read_only_values
from sesari.rehearsal.provider.values import Object, Value, decode, pack
from sesari.rehearsal.provider.wire import Protocol

Method = Callable[[Any, Any], Any]


class Servicer:
    """One provider for one socket. What `ConfigureProvider` told is kept here and shared with no other socket.

    `check_configuration` raises ProviderError for a configuration the provider refuses, such as a wrong account.
    """

    def __init__(self, resources: Resources, protocol: Protocol, check_configuration: Callable[[Object], None]) -> None:
        self._resources = resources
        self._schema = resources.schema
        self._messages = protocol.messages
        self._check_configuration = check_configuration
        self._default_tags: Mapping[str, Value] = {}
        self._encoded_schema = encode_provider(resources.schema, protocol)

    @property
    def address(self) -> str:
        """The provider's full registry address."""
        return self._schema.address

    def methods(self) -> dict[str, Method]:
        """Every method of the service by name."""
        return {
            "GetProviderSchema": lambda request, context: self._encoded_schema,
            "ValidateProviderConfig": self._answer("ProviderConfigResponse", lambda request, response: None),
            "ValidateResourceConfig": self._answer("DiagnosticsOne", self._validate(self._schema.resources)),
            "ValidateDataResourceConfig": self._answer("DiagnosticsOne", self._validate(self._schema.data_sources)),
            "ValidateEphemeralResourceConfig": self._answer("DiagnosticsOne", self._validate(self._schema.ephemerals)),
            "UpgradeResourceState": self._answer("UpgradeResponse", self._upgrade),
            "ConfigureProvider": self._answer("DiagnosticsOne", self._configure),
            "ReadResource": self._answer("ReadResponse", self._read),
            "PlanResourceChange": self._answer("PlanResponse", self._plan),
            "ApplyResourceChange": self._answer("ApplyResponse", self._apply),
            "ImportResourceState": self._answer("ImportResponse", self._import),
            "ReadDataSource": self._answer("DataResponse", self._data),
            "OpenEphemeralResource": self._answer("OpenResponse", self._open),
            "RenewEphemeralResource": self._answer("DiagnosticsOne", lambda request, response: None),
            "CloseEphemeralResource": self._answer("DiagnosticsOne", lambda request, response: None),
            "GetFunctions": self._answer(
                "FunctionsResponse", lambda request, response: encode_functions(self._schema, response.functions)
            ),
            "CallFunction": self._call_function,
            "StopProvider": lambda request, context: self._messages["StopResponse"](),
        }

    def _answer(self, response_name: str, work: Callable[[Any, Any], None]) -> Method:
        @functools.wraps(work)
        def method(request: Any, context: Any) -> Any:
            response = self._messages[response_name]()
            try:
                work(request, response)
            except ProviderError as error:
                _add_error(response, error.summary, error.detail)
            except Exception as error:  # a traceback in Terraform's log helps nobody; a value in it can hurt
                place = _innermost(error)
                _add_error(response, f"the provider double broke: {type(error).__name__} at {place}", "")
            return response

        return method

    def _validate(self, schemas: Mapping[str, Schema]) -> Callable[[Any, Any], None]:
        def validate(request: Any, response: Any) -> None:
            config = _decode(request.config)
            if not isinstance(config, dict):
                return
            for path in read_only_values(schemas[request.type_name].block, config):
                name = ".".join(map(str, path))
                diagnostic = _add_error(
                    response,
                    "Value for unconfigurable attribute",
                    f'Can\'t configure a value for "{name}": its value will be decided automatically based on the '
                    "result of applying this configuration.",
                )
                _set_path(diagnostic.attribute, path)

        return validate

    def _configure(self, request: Any, response: Any) -> None:
        config = _decode(request.config)
        if isinstance(config, dict):
            self._check_configuration(config)
            self._default_tags = default_tags(config)

    def _upgrade(self, request: Any, response: Any) -> None:
        stored = decode(b"", request.raw_state.json)
        response.upgraded_state.msgpack = pack(self._resources.upgrade(request.type_name, stored))

    def _read(self, request: Any, response: Any) -> None:
        state = self._resources.read(request.type_name, _decode(request.current_state), self._default_tags)
        response.new_state.msgpack = pack(state)
        response.private = request.private

    def _plan(self, request: Any, response: Any) -> None:
        response.legacy_type_system = self._resources.legacy(request.type_name)
        config, prior = _decode(request.config), _decode(request.prior_state)
        if _decode(request.proposed_new_state) is None:
            response.planned_state.msgpack = pack(None)
            return
        planned = self._resources.plan(request.type_name, prior, config, self._default_tags)
        response.planned_state.msgpack = pack(planned.state)
        for path in planned.replace:
            _set_path(response.requires_replace.add(), path)

    def _apply(self, request: Any, response: Any) -> None:
        response.legacy_type_system = self._resources.legacy(request.type_name)
        prior, planned = _decode(request.prior_state), _decode(request.planned_state)
        # What stays when the call fails: Terraform then keeps the old state and taints nothing.
        response.new_state.msgpack = pack(prior)
        state = self._resources.apply(request.type_name, prior, planned, _decode(request.config))
        response.new_state.msgpack = pack(state)

    def _import(self, request: Any, response: Any) -> None:
        state = self._resources.find(request.type_name, request.id)
        imported = response.imported_resources.add(type_name=request.type_name)
        imported.state.msgpack = pack(state)

    def _data(self, request: Any, response: Any) -> None:
        schema = self._schema.data_sources[request.type_name]
        state = self._resources.data(schema, request.type_name, _decode(request.config))
        response.state.msgpack = pack(state)

    def _open(self, request: Any, response: Any) -> None:
        response.result.msgpack = pack(self._resources.open(request.type_name, _decode(request.config)))

    def _call_function(self, request: Any, context: Any) -> Any:
        response = self._messages["CallResponse"]()
        try:
            result = call_function(request.name, [_decode(argument) for argument in request.arguments])
        except FunctionFailed as failed:
            response.error.text = failed.text
            response.error.function_argument = failed.argument
        else:
            response.result.msgpack = pack(result)
        return response


def _decode(dynamic: Any) -> Value:
    return decode(dynamic.msgpack, dynamic.json)


def _add_error(response: Any, summary: str, detail: str) -> Any:
    return response.diagnostics.add(severity="ERROR", summary=summary, detail=detail)


def _set_path(target: Any, path: tuple[str | int, ...]) -> None:
    for step in path:
        if isinstance(step, int):
            target.steps.add(element_key_int=step)
        else:
            target.steps.add(attribute_name=step)


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
