locals {
  name   = "${var.product}-${var.environment}-${var.service}"
  issuer = "oidc.vercel.com/${var.vercel_team}"

  # Every environment is a project of its own, so its deployments are that project's production.
  target = ["production"]

  # Where the app finds its role; the secrets themselves never pass through Vercel's settings or the state.
  variables = merge(var.variables, length(var.secrets) == 0 ? {} : { AWS_ROLE_ARN = "arn:aws:iam::${var.account}:role/${local.name}-web" })
}

# Not linked to git: deployments are uploads of builds that passed the gates, and a release promotes them.
resource "vercel_project" "this" {
  name                       = local.name
  framework                  = "nextjs"
  root_directory             = var.path == "." ? null : var.path
  auto_assign_custom_domains = false

  oidc_token_config = {
    issuer_mode = "team"
  }
}

resource "vercel_project_domain" "this" {
  count = var.domain == null ? 0 : 1

  project_id = vercel_project.this.id
  domain     = var.domain
}

resource "vercel_project_environment_variables" "this" {
  count = length(local.variables) > 0 ? 1 : 0

  project_id = vercel_project.this.id

  variables = [
    for name, value in local.variables : {
      key       = name
      value     = value
      target    = local.target
      sensitive = false
    }
  ]
}

# Vercel signs each deployment's identity; the account's provider for the team is made by `identity`.
resource "aws_iam_role" "web" {
  count = length(var.secrets) > 0 ? 1 : 0

  name                 = "${local.name}-web"
  description          = "The ${var.service} app of ${var.environment} reads its secrets"
  max_session_duration = 3600
  permissions_boundary = "arn:aws:iam::${var.account}:policy/${var.product}-${var.environment}-boundary"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ThisProjectsDeployments"
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::${var.account}:oidc-provider/${local.issuer}" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "https://vercel.com/${var.vercel_team}"
          "${local.issuer}:sub" = "owner:${var.vercel_team}:project:${local.name}:environment:production"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "web" {
  count = length(var.secrets) > 0 ? 1 : 0

  name   = "secrets"
  role   = aws_iam_role.web[0].id
  policy = var.secrets_policy
}
