variable "product" {
  description = "Name of the product: the first part of every name."
  type        = string
}

variable "environment" {
  description = "Name of the environment: the second part of every name."
  type        = string
}
