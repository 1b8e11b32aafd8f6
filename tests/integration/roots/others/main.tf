# The modules of Vercel and Supabase, called as a product's root calls them, and the scaling that the emulator lacks.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }

    vercel = {
      source  = "vercel/vercel"
      version = "5.10.0"
    }

    supabase = {
      source  = "supabase/supabase"
      version = "1.10.1"
    }
  }
}

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["222222222222"]
}

provider "vercel" {
  team = "example-staging"
}

variable "initial_database_password" {
  description = "Given once, when the project is created."
  type        = string
  sensitive   = true
  default     = "not-a-password"
}

variable "domain" {
  description = "Host name of the app."
  type        = string
  default     = "staging.example.com"
}

module "database" {
  source = "./modules/database"

  product                   = "shop"
  environment               = "staging"
  organization              = "example-staging-org"
  region                    = "us-east-1"
  instance                  = "micro"
  allowed_cidrs             = ["2001:db8::/32", "10.20.0.0/16"]
  initial_database_password = var.initial_database_password
}

module "secrets" {
  source = "./modules/secrets"

  product     = "shop"
  environment = "staging"
  account     = "222222222222"
  region      = "us-east-1"
  secrets     = { NEXTAUTH_SECRET = "Signs sessions" }
  readers     = { web = ["NEXTAUTH_SECRET"] }
}

module "web" {
  source = "./modules/web"

  product        = "shop"
  environment    = "staging"
  account        = "222222222222"
  service        = "web"
  vercel_team    = "example-staging"
  path           = "apps/web"
  domain         = var.domain
  variables      = { NEXT_PUBLIC_APP_NAME = "Shop" }
  secrets        = module.secrets.service_arns["web"]
  secrets_policy = module.secrets.read_policies["web"]
}
