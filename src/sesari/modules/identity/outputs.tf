output "plan_role_arn" {
  description = "ARN of the role that plans: reads, and reads no secret value."
  value       = aws_iam_role.plan.arn
}

output "deploy_role_arn" {
  description = "ARN of the role that changes the environment."
  value       = aws_iam_role.deploy.arn
}

output "boundary_arn" {
  description = "ARN of the permissions boundary that every role of the environment's services carries."
  value       = aws_iam_policy.boundary.arn
}
