# `try`: while a killed apply's repositories are recorded one by one with `terraform import`, some are not there yet.
output "repository_urls" {
  description = "Repository of each service: name to URL without a tag."
  value       = { for name in var.services : name => try(aws_ecr_repository.this[name].repository_url, "") }
}

output "repository_arns" {
  description = "Repository of each service: name to ARN."
  value       = { for name in var.services : name => try(aws_ecr_repository.this[name].arn, "") }
}
