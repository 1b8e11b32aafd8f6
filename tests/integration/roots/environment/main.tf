# The AWS modules of an environment, called as a product's root calls them. Its account is bootstrapped already.

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
}

module "network" {
  source = "./modules/network"

  product     = local.product
  environment = local.environment
  region      = local.region
  cidr        = "10.20.0.0/16"
  zones       = ["us-east-1a", "us-east-1b"]
  nat         = var.nat
}

variable "nat" {
  description = "How tasks reach the internet."
  type        = string
  default     = "single"
}

module "secrets" {
  source = "./modules/secrets"

  product     = local.product
  environment = local.environment
  account     = local.account
  region      = local.region
  secrets     = { DATABASE_URL = "Where the database is", OPENAI_API_KEY = "" }
  readers     = { api = ["DATABASE_URL"], worker = ["DATABASE_URL", "OPENAI_API_KEY"] }
}

module "alarms" {
  source = "./modules/alarms"

  product     = local.product
  environment = local.environment
  account     = local.account
  region      = local.region
  key_arn     = module.secrets.key_arn
  emails      = ["ops@example.com"]
}

module "registry" {
  source = "./modules/registry"

  product     = local.product
  environment = local.environment
  key_arn     = module.secrets.key_arn
  services    = ["api", "worker"]
}

module "cluster" {
  source = "./modules/cluster"

  product     = local.product
  environment = local.environment
}

module "api" {
  source = "./modules/api"

  product           = local.product
  environment       = local.environment
  account           = local.account
  region            = local.region
  service           = "api"
  port              = 8080
  health            = "/healthz"
  cpu               = 256
  memory            = 512
  min               = 1
  max               = var.scaling ? 3 : 1
  domain            = var.domain
  variables         = { LOG_LEVEL = "info" }
  secrets           = module.secrets.service_arns["api"]
  secrets_policy    = module.secrets.read_policies["api"]
  queues            = { jobs = module.worker.queue_arn }
  key_arn           = module.secrets.key_arn
  topic_arn         = module.alarms.topic_arn
  vpc_id            = module.network.vpc_id
  public_subnet_ids = module.network.public_subnet_ids
  task_subnet_ids   = module.network.task_subnet_ids
  assign_public_ip  = module.network.assign_public_ip
  cluster_name      = module.cluster.name
  cluster_arn       = module.cluster.arn
  repository_url    = module.registry.repository_urls["api"]
}

variable "domain" {
  description = "Host name of the api. Null: plain HTTP."
  type        = string
  default     = null
}

module "worker" {
  source = "./modules/worker"

  product          = local.product
  environment      = local.environment
  account          = local.account
  region           = local.region
  service          = "worker"
  queue            = { name = "jobs", visibility = 120, retries = 5, retention = 345600 }
  latency          = 60
  spot             = 0.8
  cpu              = 256
  memory           = 512
  min              = 0
  max              = var.scaling ? 20 : 0
  secrets          = module.secrets.service_arns["worker"]
  secrets_policy   = module.secrets.read_policies["worker"]
  key_arn          = module.secrets.key_arn
  topic_arn        = module.alarms.topic_arn
  vpc_id           = module.network.vpc_id
  task_subnet_ids  = module.network.task_subnet_ids
  assign_public_ip = module.network.assign_public_ip
  cluster_name     = module.cluster.name
  cluster_arn      = module.cluster.arn
  repository_url   = module.registry.repository_urls["worker"]
}

variable "scaling" {
  description = "Whether the services scale. The emulator has no Application Auto Scaling: false there."
  type        = bool
}
