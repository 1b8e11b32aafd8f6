output "project_id" {
  description = "Id of the Vercel project."
  value       = vercel_project.this.id
}

output "project_name" {
  description = "Name of the Vercel project."
  value       = vercel_project.this.name
}

output "domain_verification" {
  description = "DNS challenges that Vercel asks for before it serves the domain."
  value       = var.domain == null ? [] : vercel_project_domain.this[0].verification
}

output "secrets_role_arn" {
  description = "Role that the deployment becomes to read its secrets. Null: it reads none."
  value       = length(var.secrets) == 0 ? null : aws_iam_role.web[0].arn
}
