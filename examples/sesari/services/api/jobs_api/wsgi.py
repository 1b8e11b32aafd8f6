"""Joins the application to the world. gunicorn calls `create`; it also drains on SIGTERM, for `graceful_timeout`."""

from __future__ import annotations

import os

import boto3
from psycopg_pool import ConnectionPool

from jobs_api.app import App
from jobs_api.jobs import Jobs
from jobs_api.settings import read_settings


def create() -> App:
    """The application of this process. Raises MissingVariables."""
    settings = read_settings(os.environ)
    # A transaction pooler in front of Postgres cannot keep prepared statements.
    pool = ConnectionPool(settings.database_url, min_size=1, max_size=4, open=True, kwargs={"prepare_threshold": None})
    sqs = boto3.client("sqs")

    def enqueue(job: str) -> None:
        sqs.send_message(QueueUrl=settings.queue_url, MessageBody=job)

    return App(settings, Jobs(pool), enqueue)
