# The bootstrap modules, called as a product's bootstrap roots call them.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region              = local.region
  allowed_account_ids = [local.account]
  s3_use_path_style   = true

  default_tags {
    tags = {
      product     = local.product
      environment = local.environment
      managed-by  = "terraform"
    }
  }
}

locals {
  product     = "shop"
  environment = "staging"
  account     = "222222222222"
  region      = "us-east-1"
  repository  = "example/shop"
}

module "state" {
  source = "./modules/state"

  product     = local.product
  environment = local.environment
  account     = local.account
}

module "identity" {
  source = "./modules/identity"

  product          = local.product
  environment      = local.environment
  account          = local.account
  region           = local.region
  repository       = local.repository
  vercel_team      = "example-staging"
  state_bucket_arn = module.state.bucket_arn
  state_key_arn    = module.state.key_arn
}

module "delivery" {
  source = "./modules/delivery"

  product         = local.product
  account         = local.account
  repository      = local.repository
  environments    = ["staging", "production"]
  create_provider = false

  depends_on = [module.identity]
}
