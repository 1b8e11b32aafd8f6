"""ACM certificates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, from_pairs, given, pairs, retag, wanted_tags


def _request_certificate(aws: Aws, planned: State) -> State:
    arn = aws.acm.request_certificate(
        DomainName=planned["domain_name"],
        **given(
            ValidationMethod=planned.get("validation_method"),
            SubjectAlternativeNames=planned.get("subject_alternative_names"),
            KeyAlgorithm=planned.get("key_algorithm"),
            Tags=pairs(wanted_tags(planned)),
        ),
    )["CertificateArn"]
    return {"id": arn, "arn": arn, "validation_emails": [], "renewal_summary": [], "pending_renewal": False}


def _read_certificate(aws: Aws, state: State) -> State | None:
    found = aws.acm.describe_certificate(CertificateArn=state["id"])["Certificate"]
    return {
        "arn": state["id"],
        "domain_name": found["DomainName"],
        "subject_alternative_names": found.get("SubjectAlternativeNames") or [found["DomainName"]],
        "domain_validation_options": [_validation(one) for one in found.get("DomainValidationOptions", [])],
        "key_algorithm": found.get("KeyAlgorithm", "RSA_2048").replace("-", "_"),
        "status": found.get("Status", "ISSUED"),
        "type": found.get("Type", "AMAZON_ISSUED"),
        "validation_method": state.get("validation_method") or "NONE",
        "renewal_eligibility": found.get("RenewalEligibility", "INELIGIBLE"),
        "not_after": _moment(found.get("NotAfter")),
        "not_before": _moment(found.get("NotBefore")),
        "options": [{"certificate_transparency_logging_preference": "ENABLED"}],
        "tags_all": from_pairs(aws.acm.list_tags_for_certificate(CertificateArn=state["id"]).get("Tags")),
    }


def _validation(option: Mapping[str, Any]) -> State:
    record = option.get("ResourceRecord", {})
    return {
        "domain_name": option["DomainName"],
        "resource_record_name": record.get("Name", ""),
        "resource_record_type": record.get("Type", ""),
        "resource_record_value": record.get("Value", ""),
    }


def _moment(value: datetime | None) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def _update_certificate(aws: Aws, prior: State, planned: State) -> None:
    gone, new = retag(prior, planned)
    if gone:
        aws.acm.remove_tags_from_certificate(CertificateArn=prior["id"], Tags=[{"Key": name} for name in gone])
    if new:
        aws.acm.add_tags_to_certificate(CertificateArn=prior["id"], Tags=pairs(new))


def _delete_certificate(aws: Aws, prior: State) -> None:
    aws.acm.delete_certificate(CertificateArn=prior["id"])


RESOURCES = {
    "aws_acm_certificate": Resource(
        title="ACM Certificate",
        service="acm",
        create=_request_certificate,
        read=_read_certificate,
        update=_update_certificate,
        delete=_delete_certificate,
        named_by="domain_name",
    ),
}
