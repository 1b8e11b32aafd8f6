output "repository_urls" {
  description = "Repository of each service: name to URL without a tag."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "repository_arns" {
  description = "Repository of each service: name to ARN."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}
