"""Configuration and assignment of a service, as the operator would write them."""

from cryptostream.core.codec.service import KafkaAccess, StoreAccess
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.service_config import assignment, service_config
from tests.support.resources import stream

KAFKA = KafkaAccess(
    bootstrap="kafka-1:9093,kafka-2:9093",
    ca_file="/etc/cryptostream/kafka/ca.crt",
    username_file="/etc/cryptostream/kafka/username",
    password_file="/etc/cryptostream/kafka/password",
)
STORE = StoreAccess(url="https://influxdb:8086", org="market", token_file="/etc/cryptostream/store/token")
SPEC = stream(coins=["BTC", "ETH"], intervals=["1s", "1m"])
CONFIG = service_config(
    SPEC, plan(SPEC), kafka=KAFKA, store=STORE, assignment_file="/etc/cryptostream/assignment/assignment.json"
)
ASSIGNMENT = assignment(SPEC, 3, banned_until=1_761_711_720_000)
