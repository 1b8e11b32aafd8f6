# The network. EC2 names things by random ids: what is made must be tagged as this environment's, and only what is
# tagged so may be changed.
resource "aws_iam_policy" "network" {
  name        = "${local.name}-network"
  description = "Changes the network of ${local.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Make"
        Effect = "Allow"
        Action = [
          "ec2:AllocateAddress",
          "ec2:CreateInternetGateway",
          "ec2:CreateNatGateway",
          "ec2:CreateRouteTable",
          "ec2:CreateSecurityGroup",
          "ec2:CreateSubnet",
          "ec2:CreateVpc",
          "ec2:CreateVpcEndpoint",
        ]
        Resource  = "${local.ec2}:*/*"
        Condition = { StringEquals = local.becoming }
      },
      {
        Sid       = "MakeRules"
        Effect    = "Allow"
        Action    = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"]
        Resource  = "${local.ec2}:security-group-rule/*"
        Condition = { StringEquals = local.becoming }
      },
      {
        # Tags are given while something is made, or to a VPC's own default group, which is born without.
        Sid       = "TagWhatIsNew"
        Effect    = "Allow"
        Action    = "ec2:CreateTags"
        Resource  = "${local.ec2}:*/*"
        Condition = { StringEquals = local.becoming, Null = { "aws:ResourceTag/environment" = "true" } }
      },
      {
        Sid    = "Change"
        Effect = "Allow"
        Action = [
          "ec2:AssociateRouteTable",
          "ec2:AttachInternetGateway",
          "ec2:AuthorizeSecurityGroupEgress",
          "ec2:AuthorizeSecurityGroupIngress",
          "ec2:CreateRoute",
          "ec2:CreateTags",
          "ec2:DeleteInternetGateway",
          "ec2:DeleteNatGateway",
          "ec2:DeleteRoute",
          "ec2:DeleteRouteTable",
          "ec2:DeleteSecurityGroup",
          "ec2:DeleteSubnet",
          "ec2:DeleteTags",
          "ec2:DeleteVpc",
          "ec2:DeleteVpcEndpoints",
          "ec2:DetachInternetGateway",
          "ec2:DisassociateAddress",
          "ec2:DisassociateRouteTable",
          "ec2:ModifySecurityGroupRules",
          "ec2:ModifySubnetAttribute",
          "ec2:ModifyVpcAttribute",
          "ec2:ModifyVpcEndpoint",
          "ec2:ReleaseAddress",
          "ec2:ReplaceRoute",
          "ec2:RevokeSecurityGroupEgress",
          "ec2:RevokeSecurityGroupIngress",
          "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
          "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
        ]
        Resource  = "${local.ec2}:*/*"
        Condition = { StringEquals = local.ours }
      },
      {
        Sid    = "LoadBalancers"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:CreateListener",
          "elasticloadbalancing:CreateLoadBalancer",
          "elasticloadbalancing:CreateTargetGroup",
          "elasticloadbalancing:DeleteListener",
          "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyListenerAttributes",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RemoveTags",
          "elasticloadbalancing:SetSecurityGroups",
          "elasticloadbalancing:SetSubnets",
        ]
        Resource = [
          "${local.balancer}:listener/app/${local.name}-*",
          "${local.balancer}:loadbalancer/app/${local.name}-*",
          "${local.balancer}:targetgroup/${local.name}-*",
        ]
      },
      {
        Sid       = "NewCertificates"
        Effect    = "Allow"
        Action    = ["acm:AddTagsToCertificate", "acm:RequestCertificate"]
        Resource  = local.certs
        Condition = { StringEquals = local.becoming }
      },
      {
        Sid       = "Certificates"
        Effect    = "Allow"
        Action    = ["acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate"]
        Resource  = local.certs
        Condition = { StringEquals = local.ours }
      },
    ]
  })
}

resource "aws_iam_policy" "services" {
  name        = "${local.name}-services"
  description = "Changes the services of ${local.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Containers"
        Effect = "Allow"
        Action = [
          "ecs:CreateCluster",
          "ecs:CreateService",
          "ecs:DeleteCluster",
          "ecs:DeleteService",
          "ecs:PutClusterCapacityProviders",
          "ecs:RegisterTaskDefinition",
          "ecs:TagResource",
          "ecs:UntagResource",
          "ecs:UpdateCluster",
          "ecs:UpdateClusterSettings",
          "ecs:UpdateService",
        ]
        Resource = [
          "${local.ecs}:cluster/${local.name}",
          "${local.ecs}:service/${local.name}/${local.name}-*",
          "${local.ecs}:task-definition/${local.name}-*:*",
        ]
      },
      {
        # These take no ARN.
        Sid      = "WithoutArn"
        Effect   = "Allow"
        Action   = ["ecs:DeregisterTaskDefinition", "sns:Unsubscribe"]
        Resource = "*"
      },
      {
        Sid    = "Images"
        Effect = "Allow"
        Action = [
          "ecr:CreateRepository",
          "ecr:DeleteLifecyclePolicy",
          "ecr:DeleteRepository",
          "ecr:PutImageScanningConfiguration",
          "ecr:PutImageTagMutability",
          "ecr:PutLifecyclePolicy",
          "ecr:TagResource",
          "ecr:UntagResource",
        ]
        Resource = local.images
      },
      {
        Sid    = "Scaling"
        Effect = "Allow"
        Action = [
          "application-autoscaling:DeleteScalingPolicy",
          "application-autoscaling:DeregisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:RegisterScalableTarget",
          "application-autoscaling:TagResource",
          "application-autoscaling:UntagResource",
        ]
        Resource  = local.scaling
        Condition = { StringEqualsIfExists = { "application-autoscaling:service-namespace" = "ecs" } }
      },
      {
        Sid    = "Alarms"
        Effect = "Allow"
        Action = [
          "cloudwatch:DeleteAlarms",
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:TagResource",
          "cloudwatch:UntagResource",
          "sns:CreateTopic",
          "sns:DeleteTopic",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
          "sns:TagResource",
          "sns:UntagResource",
        ]
        Resource = [local.alarms, local.topics]
      },
      {
        # A service's role can be made only inside the boundary, and never is the boundary taken off.
        Sid       = "RolesInsideTheBoundary"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = [for kind in ["task", "execution", "web"] : "${local.roles}-*-${kind}"]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
      },
      {
        Sid      = "Roles"
        Effect   = "Allow"
        Action   = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
        Resource = [for kind in ["task", "execution", "web"] : "${local.roles}-*-${kind}"]
      },
      {
        Sid       = "HandRolesToTasksOnly"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [for kind in ["task", "execution"] : "${local.roles}-*-${kind}"]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "ServiceLinkedRoles"
        Effect   = "Allow"
        Action   = "iam:CreateServiceLinkedRole"
        Resource = "arn:aws:iam::${var.account}:role/aws-service-role/*"
        Condition = {
          StringEquals = {
            "iam:AWSServiceName" = ["ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com", "elasticloadbalancing.amazonaws.com"]
          }
        }
      },
    ]
  })
}

resource "aws_iam_policy" "data" {
  name        = "${local.name}-data"
  description = "Changes the queues, logs, keys and secret containers of ${local.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "QueuesAndLogs"
        Effect = "Allow"
        Action = [
          "logs:AssociateKmsKey",
          "logs:CreateLogGroup",
          "logs:DeleteLogGroup",
          "logs:DeleteRetentionPolicy",
          "logs:DisassociateKmsKey",
          "logs:PutRetentionPolicy",
          "logs:TagResource",
          "logs:UntagResource",
          "sqs:CreateQueue",
          "sqs:DeleteQueue",
          "sqs:SetQueueAttributes",
          "sqs:TagQueue",
          "sqs:UntagQueue",
        ]
        Resource = [local.logs, local.queues]
      },
      {
        # Writes values and moves their stages; a value it wrote it cannot read back.
        Sid    = "SecretContainers"
        Effect = "Allow"
        Action = [
          "secretsmanager:CreateSecret",
          "secretsmanager:DeleteSecret",
          "secretsmanager:ListSecretVersionIds",
          "secretsmanager:PutSecretValue",
          "secretsmanager:RestoreSecret",
          "secretsmanager:TagResource",
          "secretsmanager:UntagResource",
          "secretsmanager:UpdateSecret",
          "secretsmanager:UpdateSecretVersionStage",
        ]
        Resource = local.secrets
      },
      {
        Sid       = "NewKeys"
        Effect    = "Allow"
        Action    = ["kms:CreateKey", "kms:TagResource"]
        Resource  = "*" # A key that does not exist has no ARN.
        Condition = { StringEquals = local.becoming, Null = { "aws:ResourceTag/environment" = "true" } }
      },
      {
        Sid    = "Keys"
        Effect = "Allow"
        Action = [
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DisableKeyRotation",
          "kms:EnableKeyRotation",
          "kms:PutKeyPolicy",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource  = local.keys
        Condition = { StringEquals = local.ours }
      },
      {
        Sid      = "Alias"
        Effect   = "Allow"
        Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
        Resource = "arn:aws:kms:${var.region}:${var.account}:alias/${local.name}"
      },
      {
        Sid       = "WriteSecretsUnderTheKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = local.keys
        Condition = { StringEquals = merge(local.ours, { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" }) }
      },
      {
        Sid       = "ImagesUnderTheKey"
        Effect    = "Allow"
        Action    = ["kms:CreateGrant", "kms:RetireGrant"]
        Resource  = local.keys
        Condition = { StringEquals = merge(local.ours, { "kms:ViaService" = "ecr.${var.region}.amazonaws.com" }) }
      },
    ]
  })
}
