variable "product" {
  description = "Name of the product: the first part of every name."
  type        = string
}

variable "environment" {
  description = "Name of the environment: the second part of every name."
  type        = string
}

variable "organization" {
  description = "Id of the Supabase organisation."
  type        = string
}

variable "region" {
  description = "Region of the project, in Supabase's spelling (the same as AWS's)."
  type        = string
}

variable "instance" {
  description = "Size of the instance, Supabase's name: micro, small, medium, large and so on."
  type        = string
}

variable "allowed_cidrs" {
  description = "Ranges that may open database connections, IPv4 or IPv6. Empty: all (connections still need TLS and the password)."
  type        = list(string)
  default     = []
}

variable "initial_database_password" {
  description = "Password that the project is created with: random, given once. It stands in the state, so it is rotated through the API at once and is dead from then on; later values are ignored."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.initial_database_password) >= 4
    error_message = "At least four characters: the provider checks it even when it ignores it."
  }
}
