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

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "emails" {
  description = "Addresses that get the alarms. Each confirms once, by a link."
  type        = set(string)
  default     = []
}
