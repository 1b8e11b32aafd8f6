locals {
  name   = "${var.product}-${var.environment}"
  secret = "arn:aws:secretsmanager:${var.region}:${var.account}:secret:${var.product}/${var.environment}"

  # Secrets Manager appends six random characters to a name: the pattern is exact, and known before the secret exists.
  read_policies = {
    for service, names in var.readers : service => jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadOwnSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = [for name in sort(names) : "${local.secret}/${name}-??????"]
        },
        {
          Sid      = "DecryptOwnSecrets"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = aws_kms_key.this.arn
          Condition = {
            StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" }
            StringLike   = { "kms:EncryptionContext:SecretARN" = [for name in sort(names) : "${local.secret}/${name}-??????"] }
          }
        },
      ]
    }) if length(names) > 0
  }
}

resource "aws_kms_key" "this" {
  description             = "Secrets, queues, logs, images and alarms of ${var.product} ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecidesByIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogsOfThisEnvironment"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.region}:${var.account}:log-group:/${var.product}/${var.environment}/*" }
        }
      },
      {
        Sid       = "AlarmsToTheEncryptedTopic"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Rotation is a step of the delivery: the manifest says how often, and consumers roll with the new version
  for_each = var.secrets

  name                    = "${var.product}/${var.environment}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_days
}
