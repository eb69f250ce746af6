"""Strimzi's part as a process. It ends when it is told to, and may be killed at any moment."""

import argparse
import os
import signal
from pathlib import Path

from confluent_kafka.admin import AdminClient

from tests.support.strimzi.api import KAFKA, SECRET, TOPIC, USER, Api, Manifest
from tests.support.strimzi.authorities import given
from tests.support.strimzi.broker import Broker
from tests.support.strimzi.cluster_operator import ClusterOperator
from tests.support.strimzi.kafka_topics import KafkaTopics
from tests.support.strimzi.kafka_users import KafkaUsers
from tests.support.strimzi.loop import Loop
from tests.support.strimzi.topic_operator import TopicOperator
from tests.support.strimzi.user_operator import UserOperator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.strimzi", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--kafka", required=True, help="HOST:PORT where the administrator needs no name")
    parser.add_argument("--tls", type=Path, required=True, help="folder of ca.crt, ca.key and broker.pem")
    parser.add_argument("--namespace", default="kafka")
    parser.add_argument("--cluster", default="market", help="name of the Kafka resource")
    parser.add_argument("--listener", action="append", default=[], help="authentication=HOST:PORT, more than once")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between looks at everything")
    parser.add_argument("--ignored-users", default="", help="pattern of users in Kafka that stay")
    parser.add_argument("--collect", action="store_true", help="remove Secrets that a garbage collector would")
    parser.add_argument("--ready", type=Path, required=True, help="file that tells the process id when all is begun")
    return parser.parse_args()


def main() -> None:
    told = _arguments()
    api = Api(told.kubeconfig, told.namespace)
    client = AdminClient({"bootstrap.servers": told.kafka, "reconnect.backoff.max.ms": 500, "log_level": 0})
    addresses = dict(each.split("=", 1) for each in told.listener)
    _topics(TopicOperator(api, KafkaTopics(client), told.cluster), api, told.interval)
    kafka_users = KafkaUsers(client)
    users = UserOperator(api, kafka_users, told.cluster, ignored=told.ignored_users, collects=told.collect)
    _users(users, api, told.interval)
    broker = Broker(client, told.tls)
    kafka = ClusterOperator(api, broker, told.cluster, addresses, given(told.tls), collects=told.collect)
    _cluster(kafka, api, told.interval)
    told.ready.write_text(str(os.getpid()))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def _topics(operator: TopicOperator, api: Api, interval: float) -> None:
    loop = Loop(operator.look, operator.everything, interval)
    loop.watch(api, TOPIC, _name)
    loop.start()


def _users(operator: UserOperator, api: Api, interval: float) -> None:
    loop = Loop(operator.look, operator.everything, interval)
    loop.watch(api, USER, _name)
    loop.watch(api, SECRET, operator.concerned)
    loop.start()


def _cluster(operator: ClusterOperator, api: Api, interval: float) -> None:
    loop = Loop(operator.look, operator.everything, interval)
    loop.watch(api, KAFKA, _name)
    loop.start()


def _name(found: Manifest) -> str:
    return str(found["metadata"]["name"])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
