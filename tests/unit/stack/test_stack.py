"""Which module calls a manifest leads to, held to the modules' own variables and outputs."""

import re
from pathlib import Path

import hcl2
import pytest
from hypothesis import given, settings
from tests.strategies import manifests
from tests.unit.stack.products import api, environment, manifest, web, whole, worker

import sesari
from sesari.model.stack import Reference, Stack
from sesari.stack import bootstrap, delivery, desired, render

MODULES = Path(sesari.__file__).parent / "modules"


def interface(module: str) -> tuple[dict[str, dict], set[str]]:
    """The variables (name to block) and the outputs of a module."""
    variables = hcl2.loads((MODULES / module / "variables.tf").read_text())
    outputs = hcl2.loads((MODULES / module / "outputs.tf").read_text())
    return (
        {name.strip('"'): block for item in variables["variable"] for name, block in item.items()},
        {name.strip('"') for item in outputs["output"] for name in item},
    )


INTERFACES = {path.parent.name: interface(path.parent.name) for path in sorted(MODULES.glob("*/variables.tf"))}
REFERENCE = re.compile(r"module\.([\w-]+)\.(\w+)(\[\"[^\"]+\"\])?|uuid\(\)")


def roots(product) -> list[Stack]:
    names = list(product.environments)
    return [
        *(desired(product, name) for name in names),
        *(bootstrap(product, name) for name in names),
        delivery(product),
    ]


def references(value) -> list[str]:
    if isinstance(value, Reference):
        return [value.expression]
    if isinstance(value, dict):
        return [found for item in value.values() for found in references(item)]
    if isinstance(value, tuple):
        return [found for item in value for found in references(item)]
    return []


def fits(value, type_text: str) -> bool:
    """Whether a value can be given to a variable of that type; what a reference holds is Terraform's to check."""
    if isinstance(value, Reference):
        return True
    inner = re.fullmatch(r"(list|set|map)\((.+)\)", type_text)
    if inner and inner[1] == "map":
        return isinstance(value, dict) and all(fits(item, inner[2]) for item in value.values())
    if inner:
        return isinstance(value, tuple) and all(fits(item, inner[2]) for item in value)
    if type_text.startswith("object("):
        fields = dict(re.findall(r'"?(\w+)"?\s*[:=]\s*(\w+)', type_text))
        return isinstance(value, dict) and set(value) == set(fields)
    if type_text == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "bool": bool}[type_text])


def check(stack: Stack) -> None:
    sources = {call.name: call.source for call in stack.modules}
    assert len(sources) == len(stack.modules), "module names repeat"
    for call in stack.modules:
        variables, _ = INTERFACES[call.source]
        required = {name for name, block in variables.items() if "default" not in block}
        assert set(call.inputs) <= set(variables), f"{call.source} has no such variable"
        assert required <= set(call.inputs), f"{call.source} needs more"
        for name, value in call.inputs.items():
            type_text = re.sub(r"^\$\{|\}$|^\"|\"$", "", str(variables[name]["type"]))
            assert fits(value, type_text), f"{call.source}.{name}: {value!r} is no {type_text}"
    values = [*(call.inputs for call in stack.modules), stack.outputs]
    for expression in (found for value in values for found in references(dict(value))):
        match = REFERENCE.fullmatch(expression)
        assert match, expression
        if expression != "uuid()":
            assert match[2] in INTERFACES[sources[match[1]]][1], expression


@given(manifests())
@settings(max_examples=60, deadline=None)
def test_inputs_and_references_exist_in_the_modules(product):
    for stack in roots(product):
        check(stack)


def test_the_check_itself_sees_a_wrong_input_and_a_wrong_reference():
    stack = desired(manifest(whole()), "staging")
    for call in stack.modules:
        call.inputs["wrong"] = 1  # type: ignore[index]
        with pytest.raises(AssertionError, match="no such variable"):
            check(stack)
        del call.inputs["wrong"]  # type: ignore[attr-defined]
    stack.outputs["wrong"] = Reference("module.api.wrong")  # type: ignore[index]
    with pytest.raises(AssertionError, match=r"module\.api\.wrong"):
        check(stack)


@given(manifests())
@settings(max_examples=40, deadline=None)
def test_every_file_is_read_by_another_reader_and_is_the_same_twice(product):
    for stack in roots(product):
        files = render(stack)
        assert files == render(stack)
        for path, text in files.items():
            assert path.startswith(stack.directory + "/") and text.startswith("# ") and text.endswith("}\n")
            if "$${" not in text and "%%{" not in text:  # see test_hcl.py
                hcl2.loads(text)


def test_an_environment_has_only_what_its_services_use():
    def parts(*services, **more):
        stack = desired(manifest(environment("dev", services, **more)), "dev")
        return [call.name for call in stack.modules], [pin.name for pin in stack.providers]

    assert parts() == ([], ["aws"])
    assert parts(web()) == (["web"], ["aws", "vercel"])
    assert parts(web(secrets=("A",))) == (["secrets", "web"], ["aws", "vercel"])
    assert parts(api()) == (["secrets", "network", "cluster", "registry", "alarms", "api"], ["aws"])
    everything = desired(manifest(whole("dev")), "dev")
    assert [pin.version for pin in everything.providers] == ["5.100.0", "5.10.0", "1.10.1"]
    assert everything.service_of_module["api"] == "api" and everything.service_of_module["network"] is None


def test_a_service_gets_its_own_secrets_and_an_api_may_send_to_the_queues():
    stack = desired(manifest(whole("dev")), "dev")
    inputs = {call.name: call.inputs for call in stack.modules}
    assert inputs["secrets"]["readers"] == {
        "web": ("NEXTAUTH_SECRET",),
        "api": ("DATABASE_URL",),
        "worker": ("DATABASE_URL", "OPENAI_API_KEY"),
    }
    assert inputs["api"]["secrets"] == Reference('module.secrets.service_arns["api"]')
    assert inputs["api"]["secrets_policy"] == Reference('module.secrets.read_policies["api"]')
    assert inputs["api"]["queues"] == {"jobs": Reference("module.worker.queue_arn")}
    without = desired(manifest(environment("dev", (api(),))), "dev").modules[-1].inputs
    assert {"secrets", "secrets_policy", "queues"}.isdisjoint(without)


def test_a_protected_environment_keeps_deleted_secrets_and_its_load_balancer():
    def inputs(protect):
        stack = desired(manifest(whole("dev", protect=protect)), "dev")
        return {call.name: call.inputs for call in stack.modules}

    assert inputs(False)["secrets"]["recovery_days"] == 0 and "protect" not in inputs(False)["api"]
    assert "recovery_days" not in inputs(True)["secrets"] and inputs(True)["api"]["protect"] is True


def test_names_buckets_and_keys():
    product = manifest(whole("staging"))
    assert desired(product, "staging").backend.bucket == "sesari-staging-state-222222222222"
    assert desired(product, "staging").backend.key == "staging/terraform.tfstate"
    assert desired(product, "staging").backend.kms_key_id == (
        "arn:aws:kms:us-east-1:222222222222:alias/sesari-staging-state"
    )
    assert bootstrap(product, "staging").backend.key == "bootstrap/staging.tfstate"
    assert bootstrap(product, "staging").directory == "bootstrap/staging"
    assert delivery(product).directory == "bootstrap/delivery"
    assert delivery(product).backend.bucket == "sesari-delivery-state-444444444444"


def test_one_oidc_provider_per_account():
    def makers(product):
        stacks = [*(bootstrap(product, name) for name in product.environments), delivery(product)]
        return [stack.modules[-1].inputs.get("create_provider", True) for stack in stacks]

    apart = manifest(environment("dev", account="111111111111"), environment("staging", account="222222222222"))
    assert makers(apart) == [True, True, True]
    shared = manifest(environment("dev", account="444444444444"), environment("staging", account="444444444444"))
    assert makers(shared) == [True, False, False]


def test_vercel_may_become_a_role_only_where_a_web_service_reads_secrets():
    assert "vercel_team" not in bootstrap(manifest(environment("dev", (web(),))), "dev").modules[1].inputs
    assert bootstrap(manifest(whole("dev")), "dev").modules[1].inputs["vercel_team"] == "sesari-dev"


def test_zones_exist_in_tokyo():
    tokyo = environment("dev", (worker(),), region="ap-northeast-1")
    network = next(call for call in desired(manifest(tokyo), "dev").modules if call.name == "network")
    assert network.inputs["zones"] == ("ap-northeast-1a", "ap-northeast-1c")


def test_roots_name_no_endpoint_and_no_sesari():
    files = {path: text for stack in roots(manifest(whole())) for path, text in render(stack).items()}
    code = "\n".join(line for text in files.values() for line in text.splitlines() if not line.startswith("#"))
    assert "endpoint" not in code and "http" not in code and "SESARI" not in code
    # The product of these tests is called sesari: with another name nothing else is left.
    assert "sesari" not in code.replace("sesari-", "").replace('"sesari"', "").replace("sesari/sesari", "")


def test_unknown_environment_is_a_key_error():
    with pytest.raises(KeyError):
        desired(manifest(), "nowhere")
