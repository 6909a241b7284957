#!/usr/bin/env bash
# The same with a gate service, by curl and jq alone.
set -euo pipefail

# Before anything is deployed.
: "${GATE_URL:?address of the service}" "${GATE_TOKEN:?made by gate token create}"
: "${GATE_POLICY:?name of a policy that the service holds}" "${BUILD_ID:?another one for each release}"

# The token comes by a file that only this process can read: others see command lines.
ask() {
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 20 \
    --header @<(printf 'Authorization: Bearer %s' "$GATE_TOKEN") --header 'Content-Type: application/json' "$@"
}

./deploy.sh canary
deployed_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# The same key and order are the same run, so that --retry cannot start two.
said=$(ask --header "Idempotency-Key: $BUILD_ID" "$GATE_URL/v1/runs" \
  --data "{\"policy_name\": \"$GATE_POLICY\", \"deployed_at\": \"$deployed_at\"}") || { echo "$said" >&2; exit 1; }
run=$(jq -r .id <<< "$said")

answer=wait
while [ "$answer" = wait ]; do
  sleep "${GATE_EVERY:-15}"
  answer=$(ask "$GATE_URL/v1/runs/$run" | jq -r .answer)
done

case $answer in
  promote) ./deploy.sh production ;;
  halt) ./rollback.sh canary; exit 10 ;;
  *) echo "The gate holds: the canary stays, somebody decides. gate approve $run --reason '…'" >&2; exit 11 ;;
esac
