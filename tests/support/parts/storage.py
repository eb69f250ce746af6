"""Volumes for claims: folders of the machine, each a local PersistentVolume of the default class."""

from collections.abc import Iterable
from pathlib import Path

from tests.support.parts.kubectl import Manifest
from tests.support.parts.node import NAME

CLASS = "local"


def storage(folders: Iterable[Path]) -> list[Manifest]:
    """The class, and a volume for each folder, which must be there."""
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        *map(_volume, folders),
    ]


def _volume(folder: Path) -> Manifest:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": folder.name},
        "spec": {
            "storageClassName": CLASS,
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
