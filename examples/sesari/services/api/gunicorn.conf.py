"""gunicorn's settings: one process with threads, and a drain shorter than the 30 seconds that ECS gives a task."""

import os
import sys

from jobs_api.settings import MissingVariables, read_settings

wsgi_app = "jobs_api.wsgi:create()"
bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8080')}"
worker_class = "gthread"
workers = 1
threads = 8
graceful_timeout = 25
keepalive = 75  # longer than the load balancer's idle timeout of 60 s, or it meets closed connections
accesslog = None
control_socket_disable = True


def on_starting(server: object) -> None:
    """An incomplete environment ends the service at once: gunicorn would restart a failing worker for ever."""
    try:
        read_settings(os.environ)
    except MissingVariables as error:
        sys.exit(f"jobs_api cannot start: {error}")
