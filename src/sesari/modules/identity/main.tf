locals {
  name   = "${var.product}-${var.environment}"
  github = "token.actions.githubusercontent.com"

  # Exactly one subject each: a pull request of a fork, another branch rule or another environment does not match.
  subjects = {
    plan   = "repo:${var.repository}:environment:${var.environment}-plan"
    deploy = "repo:${var.repository}:environment:${var.environment}"
  }

  trust = {
    for purpose, subject in local.subjects : purpose => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "ThisEnvironmentsJobs"
        Effect    = "Allow"
        Principal = { Federated = "arn:aws:iam::${var.account}:oidc-provider/${local.github}" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${local.github}:aud" = "sts.amazonaws.com"
            "${local.github}:sub" = subject
          }
        }
      }]
    })
  }

  # What the statements below are about.
  ec2      = "arn:aws:ec2:${var.region}:${var.account}"
  roles    = "arn:aws:iam::${var.account}:role/${local.name}"
  secrets  = "arn:aws:secretsmanager:${var.region}:${var.account}:secret:${var.product}/${var.environment}/*"
  keys     = "arn:aws:kms:${var.region}:${var.account}:key/*"
  logs     = "arn:aws:logs:${var.region}:${var.account}:log-group:/${var.product}/${var.environment}/*"
  alarms   = "arn:aws:cloudwatch:${var.region}:${var.account}:alarm:${local.name}-*"
  queues   = "arn:aws:sqs:${var.region}:${var.account}:${local.name}-*"
  topics   = "arn:aws:sns:${var.region}:${var.account}:${local.name}-*"
  images   = "arn:aws:ecr:${var.region}:${var.account}:repository/${local.name}-*"
  balancer = "arn:aws:elasticloadbalancing:${var.region}:${var.account}"
  ecs      = "arn:aws:ecs:${var.region}:${var.account}"
  certs    = "arn:aws:acm:${var.region}:${var.account}:certificate/*"
  scaling  = "arn:aws:application-autoscaling:${var.region}:${var.account}:scalable-target/*"

  # Where names are random ids, the tags that every resource of the environment carries tell whose it is.
  ours     = { "aws:ResourceTag/product" = var.product, "aws:ResourceTag/environment" = var.environment }
  becoming = { "aws:RequestTag/product" = var.product, "aws:RequestTag/environment" = var.environment }

  # Neither role reads a secret value, whatever else it is ever given.
  no_secret_values = {
    Sid      = "NoSecretValues"
    Effect   = "Deny"
    Action   = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
    Resource = "*"
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_provider ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

# Lets Vercel deployments of the team become the roles that name them.
resource "aws_iam_openid_connect_provider" "vercel" {
  count = var.vercel_team == null ? 0 : 1

  url            = "https://oidc.vercel.com/${var.vercel_team}"
  client_id_list = ["https://vercel.com/${var.vercel_team}"]
}

resource "aws_iam_role" "plan" {
  name                 = "${local.name}-plan"
  description          = "Plans ${local.name}: reads, and reads no secret value"
  assume_role_policy   = local.trust.plan
  max_session_duration = 3600
}

resource "aws_iam_role" "deploy" {
  name                 = "${local.name}-deploy"
  description          = "Changes ${local.name}, and reads no secret value"
  assume_role_policy   = local.trust.deploy
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = { plan = aws_iam_role.plan.name, deploy = aws_iam_role.deploy.name }

  role       = each.value
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = { network = aws_iam_policy.network.arn, services = aws_iam_policy.services.arn, data = aws_iam_policy.data.arn }

  role       = aws_iam_role.deploy.name
  policy_arn = each.value
}
