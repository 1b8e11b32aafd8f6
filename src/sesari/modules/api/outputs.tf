output "url" {
  description = "Address of the service."
  value       = var.domain == null ? "http://${aws_lb.this.dns_name}" : "https://${var.domain}"
}

output "dns_name" {
  description = "Host name of the load balancer: what a CNAME of `domain` points to."
  value       = aws_lb.this.dns_name
}

output "certificate_validation" {
  description = "DNS records that prove the domain to the certificate authority."
  value       = local.validation
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "target_group_arn" {
  description = "ARN of the target group."
  value       = aws_lb_target_group.this.arn
}

output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "task_family" {
  description = "Family of the task definition."
  value       = aws_ecs_task_definition.this.family
}

output "task_role_arn" {
  description = "Role of the running code."
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "Role that starts tasks."
  value       = aws_iam_role.execution.arn
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.task.id
}
