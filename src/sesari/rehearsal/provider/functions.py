"""The aws provider's functions. PURE."""

from __future__ import annotations

from sesari.rehearsal.provider.values import Value


class FunctionFailed(Exception):
    """Says why, and which argument (0-based) was wrong."""

    def __init__(self, text: str, argument: int) -> None:
        self.text = text
        self.argument = argument
        super().__init__(text)


def call_function(name: str, arguments: list[Value]) -> Value:
    """Raises FunctionFailed for a wrong argument, KeyError for a function there is not."""
    texts = [str(argument) for argument in arguments]
    if name == "arn_build":
        return ":".join(("arn", *texts))
    if name == "arn_parse":
        return _parse(texts[0])
    if name == "trim_iam_role_path":
        return _trim(texts[0])
    raise KeyError(name)


def _parse(arn: str) -> dict[str, Value]:
    sections = arn.split(":", 5)
    if sections[0] != "arn":
        raise FunctionFailed("arn: invalid prefix", 0)
    if len(sections) != 6:
        raise FunctionFailed("arn: not enough sections", 0)
    names = ("partition", "service", "region", "account_id", "resource")
    return dict(zip(names, sections[1:], strict=True))


def _trim(arn: str) -> str:
    parsed = _parse(arn)
    resource = str(parsed["resource"])
    if parsed["service"] != "iam":
        raise FunctionFailed(f'service must be "iam", got "{parsed["service"]}"', 0)
    if not resource.startswith("role/"):
        raise FunctionFailed('resource must start with "role/"', 0)
    head = arn.removesuffix(resource)
    return f"{head}role/{resource.rsplit('/', 1)[-1]}"
