"""The provider doubles under real Terraform: what is planned, applied, read back, imported and refused."""

from __future__ import annotations

from tests.functional.doubles import ACCOUNT, PROVIDER, REGION, VPC, Root

GROUP = """
resource "aws_security_group" "this" {
  name   = "web"
  vpc_id = aws_vpc.this.id
  %s
}
"""


def ingress(*ports: int) -> str:
    return "\n".join(
        f'ingress {{\n from_port = {p}\n to_port = {p}\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8"]\n}}'
        for p in ports
    )


def test_create_then_an_empty_plan_then_destroy(root: Root) -> None:
    root.apply(
        PROVIDER,
        VPC,
        'resource "aws_subnet" "this" {\n for_each = { a = "10.0.1.0/24", b = "10.0.2.0/24" }\n'
        " vpc_id = aws_vpc.this.id\n cidr_block = each.value\n}",
        'resource "aws_lb" "this" {\n name = "web"\n subnets = [for s in aws_subnet.this : s.id]\n}',
    )
    assert root.attributes("aws_vpc.this")["arn"].startswith(f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-")
    assert len(root.attributes("aws_lb.this")["subnets"]) == 2
    assert root.daemon.recorded().store.counts() == {"aws_lb": 1, "aws_subnet": 2, "aws_vpc": 1}
    root.run("destroy", "-auto-approve", "-no-color")
    assert root.daemon.recorded().store.counts() == {}


def test_an_edit_updates_in_place_and_keeps_computed_values(root: Root) -> None:
    root.apply(PROVIDER, VPC)
    before = root.attributes("aws_vpc.this")
    root.write(PROVIDER, VPC.replace("}", '  enable_dns_hostnames = true\n  tags = { Name = "n" }\n}'))
    (change,) = root.changes().values()
    assert change["actions"] == ["update"]
    assert change["after"]["id"] == before["id"]
    assert change["after"]["tags_all"] == {"Name": "n", "product": "shop", "managed-by": "terraform"}
    assert not any(change["after_unknown"].values())
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()


def test_an_attribute_that_forces_a_replacement_does_and_its_dependents_follow(root: Root) -> None:
    subnet = 'resource "aws_subnet" "this" {\n vpc_id = aws_vpc.this.id\n cidr_block = "10.0.1.0/24"\n}'
    root.apply(PROVIDER, VPC, subnet)
    before = root.attributes("aws_vpc.this")["id"]
    root.write(PROVIDER, VPC.replace("10.0.0.0/16", "10.0.0.0/15"), subnet)
    changes = root.changes()
    assert changes["aws_vpc.this"]["actions"] == ["delete", "create"]
    assert changes["aws_vpc.this"]["replace_paths"] == [["cidr_block"]]
    assert changes["aws_subnet.this"]["actions"] == ["delete", "create"]
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()
    assert root.attributes("aws_vpc.this")["id"] != before
    assert root.daemon.recorded().store.counts() == {"aws_subnet": 1, "aws_vpc": 1}


def test_default_tags_reach_the_state_and_a_new_default_is_an_update(root: Root) -> None:
    root.apply(PROVIDER, VPC.replace("}", '  tags = { product = "mine" }\n}'))
    state = root.attributes("aws_vpc.this")
    assert state["tags"] == {"product": "mine"}
    assert state["tags_all"] == {"product": "mine", "managed-by": "terraform"}
    root.write(PROVIDER.replace('"terraform"', '"hand"'), VPC.replace("}", '  tags = { product = "mine" }\n}'))
    assert root.changes()["aws_vpc.this"]["actions"] == ["update"]


def test_the_order_of_a_set_is_no_change_and_a_new_element_is_one(root: Root) -> None:
    root.apply(PROVIDER, VPC, GROUP % ingress(80, 443))
    root.write(PROVIDER, VPC, GROUP % ingress(443, 80))
    assert root.changes() == {}
    root.write(PROVIDER, VPC, GROUP % ingress(443, 80, 8080))
    change = root.changes()["aws_security_group.this"]
    assert change["actions"] == ["update"]
    assert sorted(rule["from_port"] for rule in change["after"]["ingress"]) == [80, 443, 8080]


def test_drift_by_hand_is_seen_and_repaired(root: Root) -> None:
    root.apply(PROVIDER, VPC, GROUP % ingress(80))
    backend = root.daemon.recorded()
    id = root.attributes("aws_security_group.this")["id"]
    open_rule = {**backend.store.get("aws_security_group", id)["ingress"][0], "cidr_blocks": ["0.0.0.0/0"]}
    backend.mutate("aws_security_group", id, {"ingress": [open_rule]})
    plan = root.plan()
    assert [drift["address"] for drift in plan["resource_drift"]] == ["aws_security_group.this"]
    root.run("apply", "-auto-approve", "-no-color")
    assert backend.store.get("aws_security_group", id)["ingress"][0]["cidr_blocks"] == ["10.0.0.0/8"]
    backend.mutate("aws_security_group", id, None)
    assert root.changes()["aws_security_group.this"]["actions"] == ["create"]


def test_import_adopts_what_is_recorded_and_refuses_what_is_not(root: Root) -> None:
    root.apply(PROVIDER, VPC)
    id = root.attributes("aws_vpc.this")["id"]
    root.run("state", "rm", "aws_vpc.this")
    refused = root.run("import", "-no-color", "aws_vpc.this", "vpc-none", exit_codes=(1,))
    assert "Cannot import non-existent remote object" in refused
    root.run("import", "-no-color", "aws_vpc.this", id)
    root.require_empty()


def test_data_sources_and_functions_tell_the_place(root: Root) -> None:
    root.apply(
        PROVIDER,
        'data "aws_caller_identity" "me" {}\ndata "aws_region" "here" {}\ndata "aws_availability_zones" "all" {}',
        'resource "aws_ecs_cluster" "this" {\n name = "c"\n}',
        'data "aws_ecs_cluster" "found" {\n cluster_name = aws_ecs_cluster.this.name\n}',
        'output "all" {\n value = [data.aws_caller_identity.me.account_id, data.aws_region.here.name,'
        " data.aws_availability_zones.all.names, data.aws_ecs_cluster.found.arn]\n}",
        'output "build" {\n value = provider::aws::arn_build("aws", "s3", "", "", "bucket")\n}',
        'output "parse" {\n value = provider::aws::arn_parse("arn:aws:iam::1:role/a/b").resource\n}',
        'output "trim" {\n value = provider::aws::trim_iam_role_path("arn:aws:iam::1:role/a/b")\n}',
    )
    outputs = root.outputs()
    assert outputs["all"][:2] == [ACCOUNT, REGION]
    assert outputs["all"][2] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert outputs["all"][3] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"
    assert (outputs["build"], outputs["parse"]) == ("arn:aws:s3:::bucket", "role/a/b")
    assert outputs["trim"] == "arn:aws:iam::1:role/b"
    root.write(PROVIDER, 'output "x" {\n value = provider::aws::arn_parse("nope")\n}')
    assert "arn: invalid prefix" in root.run("plan", "-no-color", exit_codes=(1,))


def test_an_ephemeral_value_into_a_write_only_attribute_leaves_no_trace(root: Root) -> None:
    secret = (
        'ephemeral "aws_secretsmanager_random_password" "made" {\n password_length = 40\n}\n'
        'resource "aws_secretsmanager_secret" "this" {\n name = "s"\n}\n'
        'resource "aws_secretsmanager_secret_version" "this" {\n secret_id = aws_secretsmanager_secret.this.id\n'
        " secret_string_wo = ephemeral.aws_secretsmanager_random_password.made.random_password\n"
        " secret_string_wo_version = %d\n}"
    )
    root.apply(PROVIDER, secret % 1)
    assert root.attributes("aws_secretsmanager_secret_version.this")["secret_string_wo"] is None
    root.write(PROVIDER, secret % 2)
    assert root.changes()["aws_secretsmanager_secret_version.this"]["actions"] in (["update"], ["delete", "create"])
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()
    marked = (
        'resource "aws_ssm_parameter" "p" {\n name = "/p"\n type = "SecureString"\n'
        ' value_wo = "%s"\n value_wo_version = 1\n}'
    )
    root.apply(PROVIDER, marked % "MARKED-VALUE")
    leaks = [
        path
        for folder in (root.folder, root.daemon.folder)
        for path in folder.rglob("*")
        if path.is_file() and path.name != "main.tf" and b"MARKED-VALUE" in path.read_bytes()
    ]
    assert leaks == []


def test_vercel_and_supabase_chains_of_unknown_values(root: Root) -> None:
    root.apply(
        'resource "vercel_project" "web" {\n name = "web"\n framework = "nextjs"\n}',
        'resource "vercel_project_environment_variables" "all" {\n project_id = vercel_project.web.id\n'
        " variables = [\n"
        '  { key = "A", value = "1", target = ["production"], sensitive = false },\n'
        '  { key = "B", value = supabase_project.db.id, target = ["production", "preview"], sensitive = false }\n'
        " ]\n}",
        'resource "supabase_project" "db" {\n name = "db"\n organization_id = "o"\n database_password = "p"\n'
        ' region = "us-east-1"\n lifecycle {\n  ignore_changes = [database_password]\n }\n}',
    )
    assert root.attributes("vercel_project.web")["id"].startswith("prj_")
    project = root.attributes("supabase_project.db")["id"]
    assert len(project) == 20 and project.isalpha()


def test_a_value_for_a_computed_attribute_is_refused(root: Root) -> None:
    root.write(PROVIDER, VPC.replace("}", '  arn = "mine"\n}'))
    refused = root.run("validate", "-no-color", exit_codes=(1,))
    assert "Value for unconfigurable attribute" in refused
    assert 'Can\'t configure a value for "arn"' in refused


def test_a_wrong_account_is_refused_before_anything_is_made(root: Root) -> None:
    root.write(PROVIDER.replace(ACCOUNT, "222222222222"), VPC)
    refused = root.run("apply", "-auto-approve", "-no-color", exit_codes=(1,))
    assert f"AWS account ID not allowed: {ACCOUNT}" in refused
    assert root.daemon.recorded().store.counts() == {}


def test_the_plan_identity_reads_but_writes_nothing(root: Root) -> None:
    root.write(PROVIDER, VPC)
    root.run("plan", "-no-color", identity="plan")
    refused = root.run("apply", "-auto-approve", "-no-color", identity="plan", exit_codes=(1,))
    assert "AccessDenied" in refused and "dev-plan" in refused
    assert root.daemon.recorded().store.counts() == {}
