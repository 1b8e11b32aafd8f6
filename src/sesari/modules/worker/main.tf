locals {
  name = "${var.product}-${var.environment}-${var.service}"

  queue_urls = {
    for name, arn in var.queues :
    "QUEUE_URL_${upper(replace(name, "-", "_"))}" => "https://sqs.${var.region}.amazonaws.com/${var.account}/${element(split(":", arn), 5)}"
  }
  environment = merge(var.variables, local.queue_urls, { QUEUE_URL = aws_sqs_queue.this.url })

  container = {
    name        = var.service
    image       = "${var.repository_url}:first-release"
    essential   = true
    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    # Draining: after SIGTERM a worker takes no more, and finishes or gives back what it holds. 120 is Fargate's limit.
    stopTimeout = 120
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = var.service
      }
    }
  }

  # Spot's share as weights out of one hundred.
  spot_weight = floor(var.spot * 100 + 0.5)
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.product}/${var.environment}/${var.service}"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}

# The shape of a task. The image is a placeholder that does not exist: each release registers a revision with its own digest.
resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_336:The image decides what it writes; the manifest cannot promise a read-only root file system
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}

resource "aws_security_group" "task" {
  name        = "${local.name}-task"
  description = "Tasks of ${local.name}: nothing comes in"
  vpc_id      = var.vpc_id

  tags = { Name = "${local.name}-task" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "task" {
  security_group_id = aws_security_group.task.id
  description       = "TCP to the database, the queue and whatever the service calls"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 0
  to_port           = 65535
}

resource "aws_ecs_service" "this" {
  #checkov:skip=CKV_AWS_333:Without a NAT gateway tasks reach the internet by a public address; their security group admits nothing
  name                               = local.name
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.min
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  # Another Spot share is then an update; without it the provider replaces the service.
  force_new_deployment = true

  # One task never depends on Spot, unless the manifest says all of them.
  dynamic "capacity_provider_strategy" {
    for_each = local.spot_weight < 100 ? [1] : []

    content {
      capacity_provider = "FARGATE"
      base              = 1
      weight            = 100 - local.spot_weight
    }
  }

  dynamic "capacity_provider_strategy" {
    for_each = local.spot_weight > 0 ? [1] : []

    content {
      capacity_provider = "FARGATE_SPOT"
      base              = 0
      weight            = local.spot_weight
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = var.assign_public_ip
  }

  lifecycle {
    # A release owns which revision runs, and scaling how many tasks.
    ignore_changes = [desired_count, task_definition]
  }

  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.secrets, aws_iam_role_policy.queue]
}
