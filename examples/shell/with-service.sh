#!/usr/bin/env bash
# The same with a gate service, by curl and jq alone. GATE_URL and GATE_TOKEN are in the environment.
set -euo pipefail

# The token comes by a file that only this process can read: others see command lines.
ask() {
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 20 \
    --header @<(printf 'Authorization: Bearer %s' "$GATE_TOKEN") --header 'Content-Type: application/json' "$@"
}

./deploy.sh canary
deployed_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# The same key and order are the same run, so that --retry cannot start two.
run=$(ask --header "Idempotency-Key: ${BUILD_ID:?}" "$GATE_URL/v1/runs" \
  --data "{\"policy_name\": \"${GATE_POLICY:?}\", \"deployed_at\": \"$deployed_at\"}" | jq -r .id)

answer=wait
while [ "$answer" = wait ]; do
  sleep "${GATE_EVERY:-15}"
  answer=$(ask "$GATE_URL/v1/runs/$run" | jq -r .answer)
done

case $answer in
  promote) ./deploy.sh production ;;
  halt) ./rollback.sh canary; exit 10 ;;
  *) echo "The gate holds: the canary stays, somebody decides. gate approve $run" >&2; exit 11 ;;
esac
