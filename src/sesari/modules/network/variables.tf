variable "product" {
  description = "Name of the product: the first part of every name."
  type        = string
}

variable "environment" {
  description = "Name of the environment: the second part of every name."
  type        = string
}

variable "region" {
  description = "AWS region of the environment."
  type        = string
}

variable "cidr" {
  description = "Private range of the environment, at least a /24 (for example 10.20.0.0/16)."
  type        = string

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 15)) && tonumber(split("/", var.cidr)[1]) <= 24
    error_message = "Give an IPv4 range of at least /24."
  }
}

variable "zones" {
  description = "The two availability zones, for example us-east-1a and us-east-1b. Written down, because a list that the API sorts would replace subnets one day."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 2
    error_message = "Give exactly two different zones."
  }
}

variable "nat" {
  description = "How tasks reach the internet: `none` (public addresses, nothing may come in), `single` or `per_zone`."
  type        = string

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat)
    error_message = "One of none, single, per_zone."
  }
}
