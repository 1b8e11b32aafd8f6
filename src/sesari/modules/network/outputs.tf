output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets with a route from the internet, one per zone."
  value       = values(aws_subnet.public)[*].id
}

output "private_subnet_ids" {
  description = "Subnets without a route from the internet, one per zone."
  value       = values(aws_subnet.private)[*].id
}

output "task_subnet_ids" {
  description = "Subnets that tasks run in."
  value       = local.nat ? values(aws_subnet.private)[*].id : values(aws_subnet.public)[*].id
}

output "assign_public_ip" {
  description = "Whether tasks need a public address to reach the internet."
  value       = !local.nat
}
