output "bucket" {
  description = "Name of the state bucket."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "ARN of the state bucket."
  value       = aws_s3_bucket.this.arn
}

output "key_arn" {
  description = "ARN of the KMS key that encrypts state and saved plans."
  value       = aws_kms_key.this.arn
}

output "key_alias" {
  description = "Alias of that key."
  value       = aws_kms_alias.this.name
}
