output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets with a route from the internet, one per zone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets without a route from the internet, one per zone."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "task_subnet_ids" {
  description = "Subnets that tasks run in."
  value       = [for zone in var.zones : (local.nat ? aws_subnet.private[zone].id : aws_subnet.public[zone].id)]
}

output "assign_public_ip" {
  description = "Whether tasks need a public address to reach the internet."
  value       = !local.nat
}
