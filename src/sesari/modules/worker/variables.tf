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

variable "service" {
  description = "Name of the service: the last part of every name."
  type        = string
}

variable "vpc_id" {
  description = "VPC that the tasks run in."
  type        = string
}

variable "task_subnet_ids" {
  description = "Subnets that the tasks run in."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Whether tasks get a public address: true only where the network has no NAT gateway."
  type        = bool
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the ECS cluster."
  type        = string
}

variable "repository_url" {
  description = "URL of the service's image repository, without a tag."
  type        = string
}

variable "queue" {
  description = "The queue: `visibility` and `retention` in seconds, `retries` before a message is dead."
  type        = object({ name = string, visibility = number, retries = number, retention = number })
}

variable "latency" {
  description = "Seconds that a job may wait."
  type        = number

  validation {
    condition     = var.latency >= 1
    error_message = "At least one second."
  }
}

variable "spot" {
  description = "Share of the tasks on Fargate Spot, 0 to 1."
  type        = number
  default     = 0

  validation {
    condition     = var.spot >= 0 && var.spot <= 1
    error_message = "Between 0 and 1."
  }
}

variable "cpu" {
  description = "CPU units of one task (1024 is one vCPU)."
  type        = number
}

variable "memory" {
  description = "Memory of one task in MiB."
  type        = number
}

variable "min" {
  description = "Fewest tasks."
  type        = number
}

variable "max" {
  description = "Most tasks. Equal to `min`: no automatic scaling."
  type        = number
}

variable "variables" {
  description = "Plain environment variables by name. Never a secret."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Secrets that the service reads: environment variable name to secret ARN."
  type        = map(string)
  default     = {}
}

variable "secrets_policy" {
  description = "Policy document (JSON) that lets the service read exactly its secrets. Needed when `secrets` is not empty."
  type        = string
  default     = null
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "topic_arn" {
  description = "ARN of the topic that alarms are sent to."
  type        = string
}

variable "queues" {
  description = "Queues that the service may send to: name to ARN. Their addresses arrive as QUEUE_URL_<NAME>."
  type        = map(string)
  default     = {}
}
