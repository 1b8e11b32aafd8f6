# The plan role reads the state and saves plans; it changes nothing else, and takes no lock.
resource "aws_iam_role_policy" "plan_state" {
  name = "state"
  role = aws_iam_role.plan.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ListState"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = var.state_bucket_arn
      },
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for prefix in [var.environment, "plans", "deployed"] : "${var.state_bucket_arn}/${prefix}/*"]
      },
      {
        Sid      = "SavePlans"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${var.state_bucket_arn}/plans/*"
      },
      {
        Sid      = "UseStateKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.state_key_arn
      },
      local.no_secret_values,
    ]
  })
}

# The deploy role writes the environment's state, not the bootstrap's: it cannot change what it is allowed to do.
resource "aws_iam_role_policy" "deploy_state" {
  name = "state"
  role = aws_iam_role.deploy.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ListState"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = var.state_bucket_arn
      },
      {
        Sid      = "ChangeState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = [for prefix in [var.environment, "plans", "deployed"] : "${var.state_bucket_arn}/${prefix}/*"]
      },
      {
        Sid      = "UseStateKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.state_key_arn
      },
      {
        Sid      = "NeverTheStateKeyItself"
        Effect   = "Deny"
        Action   = ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:TagResource", "kms:UntagResource"]
        Resource = var.state_key_arn
      },
      local.no_secret_values,
    ]
  })
}
