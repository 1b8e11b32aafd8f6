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

variable "service" {
  description = "Name of the service: the last part of every name."
  type        = string

  validation {
    condition     = length("${var.product}-${var.environment}-${var.service}") <= 52
    error_message = "Product, environment and service with their hyphens take at most 52 characters: Vercel's limit for a project."
  }
}

variable "vercel_team" {
  description = "Slug of the Vercel team (the part of the URL): it is in the OIDC subject."
  type        = string

  validation {
    condition     = !startswith(var.vercel_team, "team_")
    error_message = "Give the team's slug, not its id."
  }
}

variable "path" {
  description = "Folder of the Next.js app in the repository."
  type        = string
}

variable "domain" {
  description = "Host name of the production deployment. Null: Vercel's own name."
  type        = string
  default     = null
}

variable "variables" {
  description = "Public environment variables by name. Never a secret."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Secrets that the app reads itself at run time: name to secret ARN."
  type        = map(string)
  default     = {}
}

variable "secrets_policy" {
  description = "Policy document (JSON) that lets the service read exactly its secrets. Needed when `secrets` is not empty."
  type        = string
  default     = null
}
