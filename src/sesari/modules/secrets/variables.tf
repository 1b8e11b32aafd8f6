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

variable "secrets" {
  description = "Secret containers: name to description. Never a value."
  type        = map(string)
}

variable "readers" {
  description = "Which names each service reads: service to names."
  type        = map(set(string))
  default     = {}
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be restored, 7 to 30; 0 deletes at once."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "0, or 7 to 30."
  }
}
