# What a plan reads: the settings of everything that the modules make, never a value that is secret.
resource "aws_iam_policy" "read" {
  name        = "${local.name}-read"
  description = "Reads the settings of ${local.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # These take no ARN.
        Sid    = "Describe"
        Effect = "Allow"
        Action = [
          "application-autoscaling:DescribeScalableTargets",
          "application-autoscaling:DescribeScalingPolicies",
          "ec2:DescribeAddresses",
          "ec2:DescribeAddressesAttribute",
          "ec2:DescribeInternetGateways",
          "ec2:DescribeNatGateways",
          "ec2:DescribeNetworkAcls",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribePrefixLists",
          "ec2:DescribeRouteTables",
          "ec2:DescribeSecurityGroupRules",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcAttribute",
          "ec2:DescribeVpcEndpoints",
          "ec2:DescribeVpcs",
          "ecs:DescribeTaskDefinition",
          "elasticloadbalancing:DescribeListenerAttributes",
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancerAttributes",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups",
          "kms:ListAliases",
          "sns:GetSubscriptionAttributes",
        ]
        Resource = "*"
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "arn:aws:logs:${var.region}:${var.account}:log-group:*"
      },
      {
        Sid    = "Services"
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms",
          "cloudwatch:ListTagsForResource",
          "ecr:DescribeRepositories",
          "ecr:GetLifecyclePolicy",
          "ecr:ListTagsForResource",
          "ecs:DescribeClusters",
          "ecs:DescribeServices",
          "ecs:ListTagsForResource",
          "logs:ListTagsForResource",
          "sns:GetTopicAttributes",
          "sns:ListTagsForResource",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:ListQueueTags",
        ]
        Resource = [
          local.alarms, local.images, local.logs, local.queues, local.topics,
          "${local.ecs}:cluster/${local.name}",
          "${local.ecs}:service/${local.name}/*",
          "${local.ecs}:task-definition/${local.name}-*:*",
        ]
      },
      {
        Sid      = "Roles"
        Effect   = "Allow"
        Action   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"]
        Resource = "${local.roles}-*"
      },
      {
        Sid      = "SecretContainers"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
        Resource = local.secrets
      },
      {
        Sid       = "Keys"
        Effect    = "Allow"
        Action    = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
        Resource  = local.keys
        Condition = { StringEquals = local.ours }
      },
      {
        Sid       = "Certificates"
        Effect    = "Allow"
        Action    = ["acm:DescribeCertificate", "acm:ListTagsForCertificate"]
        Resource  = local.certs
        Condition = { StringEquals = local.ours }
      },
      {
        Sid      = "Scaling"
        Effect   = "Allow"
        Action   = "application-autoscaling:ListTagsForResource"
        Resource = local.scaling
      },
    ]
  })
}
