variable "product" {
  description = "Name of the product: the first part of every name."
  type        = string
}

variable "environment" {
  description = "Name of the environment: the second part of every name."
  type        = string
}

variable "account" {
  description = "AWS account (12 digits) that the environment lives in."
  type        = string
}

variable "region" {
  description = "AWS region of the environment."
  type        = string
}

variable "repository" {
  description = "GitHub repository, `owner/name`: the base of the OIDC subject."
  type        = string
}

variable "create_provider" {
  description = "Whether to create the account's GitHub OIDC provider: once per account."
  type        = bool
  default     = true
}

variable "vercel_team" {
  description = "Slug of the Vercel team whose deployments may become AWS roles in this account. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.vercel_team == null ? true : !startswith(var.vercel_team, "team_")
    error_message = "Give the team's slug (the part of the URL), not its id: the slug is in the OIDC subject."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the environment's state bucket."
  type        = string
}

variable "state_key_arn" {
  description = "ARN of the KMS key of the state bucket."
  type        = string
}
