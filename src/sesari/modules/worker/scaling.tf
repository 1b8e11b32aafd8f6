locals {
  scales = var.max > var.min

  # How many jobs one task may have before it: what it can do within the promised wait. A job is taken to last a twelfth
  # of the visibility timeout, because that must be well above the longest one.
  job_seconds      = max(1, var.queue.visibility / 12)
  backlog_per_task = max(1, floor(var.latency / local.job_seconds))

  # Jobs in flight count too: a queue that looks empty may still be busy.
  metrics = {
    visible   = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = aws_sqs_queue.this.name } }
    in_flight = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesNotVisible", dimensions = { QueueName = aws_sqs_queue.this.name } }
    running   = { namespace = "ECS/ContainerInsights", name = "RunningTaskCount", dimensions = { ClusterName = var.cluster_name, ServiceName = aws_ecs_service.this.name } }
  }
}

resource "aws_appautoscaling_target" "this" {
  count = local.scales ? 1 : 0

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.min
  max_capacity       = var.max
}

# From one task on: as many as the backlog per running task asks for, and back to the fewest.
resource "aws_appautoscaling_policy" "backlog" {
  count = local.scales ? 1 : 0

  name               = "${local.name}-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = local.backlog_per_task
    scale_out_cooldown = 30
    scale_in_cooldown  = 120

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.metrics

        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Average"

            metric {
              namespace   = metrics.value.namespace
              metric_name = metrics.value.name

              dynamic "dimensions" {
                for_each = metrics.value.dimensions

                content {
                  name  = dimensions.key
                  value = dimensions.value
                }
              }
            }
          }
        }
      }

      metrics {
        id          = "backlog"
        label       = "Jobs per running task"
        expression  = "(visible + in_flight) / IF(FILL(running, 0) > 0, running, 1)"
        return_data = true
      }
    }
  }
}

# From zero: nothing runs, so there is no backlog per running task. The first visible job starts the first task.
resource "aws_appautoscaling_policy" "first" {
  count = local.scales && var.min == 0 ? 1 : 0

  name               = "${local.name}-first"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  step_scaling_policy_configuration {
    adjustment_type = "ChangeInCapacity"
    cooldown        = 120

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "first" {
  count = local.scales && var.min == 0 ? 1 : 0

  alarm_name          = "${local.name}-first"
  alarm_description   = "Jobs are there and no task of ${local.name} runs: start one"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.first[0].arn]

  dynamic "metric_query" {
    for_each = { for id in ["visible", "running"] : id => local.metrics[id] }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = "Maximum"
        period      = 60
      }
    }
  }

  metric_query {
    id          = "stranded"
    label       = "Jobs without a task"
    expression  = "IF(FILL(running, 0) < 1, visible, 0)"
    return_data = true
  }
}
