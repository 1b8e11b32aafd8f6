"""`python -m jobs_worker`: works until SIGTERM or SIGINT, then finishes the job in hand."""

from __future__ import annotations

import logging
import os
import signal
import sys
from threading import Event

import boto3

from jobs_worker.jobs import Jobs
from jobs_worker.settings import WrongSettings, read_settings
from jobs_worker.sqs import SqsQueue
from jobs_worker.summary import extract, openai
from jobs_worker.worker import run


def main() -> int:
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper(), format="%(levelname)s %(name)s %(message)s")
    try:
        settings = read_settings(os.environ)
    except WrongSettings as error:
        sys.exit(f"jobs_worker cannot start: {error}")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    summarize = openai(settings.openai_api_key) if settings.summarizer == "openai" else extract
    logging.getLogger("jobs_worker").info("started, summaries by %s", settings.summarizer)
    done = run(SqsQueue(boto3.client("sqs"), settings.queue_url), Jobs(settings.database_url), summarize, stop)
    logging.getLogger("jobs_worker").info("stopped after %s jobs", done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
