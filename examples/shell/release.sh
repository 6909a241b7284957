#!/usr/bin/env bash
# Canary, gate, production. deploy.sh and rollback.sh stand for how you deploy.
set -euo pipefail

./deploy.sh canary
deployed_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)

code=0
gate check --deployed-at "$deployed_at" --evidence evidence || code=$?

case $code in
  0) ./deploy.sh production ;;
  10) ./rollback.sh canary ;;                                           # users are unhappy
  11) echo "Users said too little: the canary stays, somebody decides." ;;
  12) echo "Users were not heard: this says nothing about the release." ;;
  *) echo "The gate broke or was called wrongly: this says nothing about the release." ;;
esac >&2
exit "$code"
