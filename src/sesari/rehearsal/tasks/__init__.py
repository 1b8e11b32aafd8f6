"""The rehearsal's ECS tasks: real processes from unpacked images, behind our own load balancer.

The emulator keeps ECS's scheduler (deployments, circuit breaker, automatic rollback) and talks to whatever looks like
docker-py; here that is `engine`. So what fails a rollout is a process that really ended or a health check that really
did not pass, and there is one scheduler, the same that answers the API. An agent of our own beside the emulator would
have needed a second one.
"""
