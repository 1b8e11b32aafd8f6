locals {
  queue    = "${var.product}-${var.environment}-${var.queue.name}"
  queue_at = "arn:aws:sqs:${var.region}:${var.account}"
}

resource "aws_sqs_queue" "this" {
  name                       = local.queue
  visibility_timeout_seconds = var.queue.visibility
  message_retention_seconds  = var.queue.retention
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.key_arn

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.queue.retries
  })
}

# Dead letters wait as long as SQS can keep them: fourteen days.
resource "aws_sqs_queue" "dead" {
  name                      = "${local.queue}-dead"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.key_arn
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["${local.queue_at}:${local.queue}"]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${local.name}-dead-letters"
  alarm_description   = "${local.name} gave up on jobs: they wait in ${local.queue}-dead"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "age" {
  alarm_name          = "${local.name}-waiting"
  alarm_description   = "Jobs of ${local.name} wait longer than ${var.latency} s"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.latency
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
