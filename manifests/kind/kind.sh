#!/usr/bin/env bash
# A cluster of kind with all of CryptoStream in it: kind.sh up | test | down. Needs docker, kind, kubectl and helm.
set -euo pipefail
cd "$(dirname "$0")/../.."

cluster=${KIND_CLUSTER:-cryptostream}
namespace=market
here=(--kube-context "kind-$cluster" --namespace "$namespace")
kubectl() { command kubectl --context "kind-$cluster" --namespace "$namespace" "$@"; }

up() {
  if ! kind get clusters | grep --quiet --line-regexp "$cluster"; then
    kind create cluster --name "$cluster" --config manifests/kind/cluster.yaml --wait 3m
  fi
  for target in services operator; do
    docker build --target "$target" --tag "cryptostream/$target:dev" .
    kind load docker-image --name "$cluster" "cryptostream/$target:dev"
  done
  helm upgrade --install strimzi oci://quay.io/strimzi-helm/strimzi-kafka-operator "${here[@]}" --create-namespace --wait
  helm upgrade --install cryptostream helm/cryptostream "${here[@]}" --values manifests/kind/values.yaml
  kubectl rollout restart deployment cryptostream-operator cryptostream-simulator # the tag stays, the image may be another
}

run_test() {
  kubectl wait --for=condition=Ready --timeout=15m cryptostream/sample
  helm test cryptostream "${here[@]}"
  kubectl exec deployment/sample-consumer -- cryptostream newest --config /etc/cryptostream/config/config.json
}

case "${1:-}" in
  up) up ;;
  test) run_test ;;
  down) kind delete cluster --name "$cluster" ;;
  *) echo "usage: $0 up | test | down" >&2; exit 2 ;;
esac
