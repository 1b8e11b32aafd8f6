output "bucket" {
  description = "Name of the delivery store."
  value       = aws_s3_bucket.this.bucket
}

output "key_arn" {
  description = "ARN of the KMS key of the delivery store."
  value       = aws_kms_key.this.arn
}

output "role_arns" {
  description = "Role of each environment: name to ARN."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}
