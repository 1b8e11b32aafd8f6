variable "product" {
  description = "Name of the product: the first part of every name."
  type        = string
}

variable "account" {
  description = "AWS account (12 digits) of the delivery store."
  type        = string
}

variable "repository" {
  description = "GitHub repository, `owner/name`: the base of the OIDC subject."
  type        = string
}

variable "environments" {
  description = "Names of the environments: each gets a role of its own."
  type        = set(string)
}

variable "create_provider" {
  description = "Whether to create the account's GitHub OIDC provider: once per account."
  type        = bool
  default     = true
}
