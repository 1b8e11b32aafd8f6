"""Joins rollouts and their verification to the drivers."""

from __future__ import annotations

import time

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.ecs import EcsCluster
from sesari.drivers.http_probe import HttpProbe
from sesari.model.access import Reach
from sesari.model.manifest import Environment
from sesari.model.progress import Reporter, silent
from sesari.pipeline.rollout import EcsPlace, RolloutTools
from sesari.pipeline.stop import Stop
from sesari.pipeline.verification import VerifyTools


def rollout_tools(
    reach: Reach, environment: Environment, product: str, stop: Stop, report: Reporter = silent
) -> RolloutTools:
    """For one environment's cluster, which has the product's and the environment's name. Looks more often offline."""
    cluster = _cluster(reach, environment, product)
    return RolloutTools(cluster, report, time.monotonic, stop, pause=0.2 if reach.rehearsal else 3.0)


def verify_tools(
    reach: Reach, environment: Environment, product: str, stop: Stop, report: Reporter = silent
) -> VerifyTools:
    """See `pipeline.verification`."""
    watch = _cluster(reach, environment, product)
    return VerifyTools(HttpProbe().get, watch, report, time.monotonic, stop, pause=0.3 if reach.rehearsal else 2.0)


def place_of(product: str, environment: str, service: str) -> EcsPlace:
    """A service of the manifest as the modules name it."""
    return EcsPlace(service, f"{product}-{environment}-{service}")


def _cluster(reach: Reach, environment: Environment, product: str) -> EcsCluster:
    session = AwsSession(reach.variables, environment.region)
    return EcsCluster(session, f"{product}-{environment.name}")
