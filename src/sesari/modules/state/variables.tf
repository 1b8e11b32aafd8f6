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

variable "noncurrent_days" {
  description = "Days that an overwritten or deleted state version is kept."
  type        = number
  default     = 365

  validation {
    condition     = var.noncurrent_days >= 30
    error_message = "Keep old state versions at least 30 days."
  }
}
