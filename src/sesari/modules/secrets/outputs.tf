output "key_arn" {
  description = "ARN of the environment's KMS key."
  value       = aws_kms_key.this.arn
}

output "arns" {
  description = "Secret containers: name to ARN."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

# `try`: while a killed apply's secrets are recorded one by one with `terraform import`, some are not there yet.
output "service_arns" {
  description = "The secrets of each service: service to name to ARN."
  value       = { for service, names in var.readers : service => { for name in names : name => try(aws_secretsmanager_secret.this[name].arn, null) } }
}

output "read_policies" {
  description = "Policy document of each service: service to JSON. It reads its own names and no other."
  value       = local.read_policies
}
