#!/usr/bin/env bash
# jwt.sh APPLICATION_ID KEY_FILE prints an application JWT, with openssl.
# Sourced by guide.sh, it only defines application_jwt.

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

application_jwt() { # APPLICATION_ID KEY_FILE
  local now unsigned
  now=$(date +%s)
  unsigned=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url).$(
    printf '{"application_id":"%s","iat":%d,"exp":%d,"jti":"%s"}' \
      "$1" "$now" $((now + 900)) "$(openssl rand -hex 16)" | base64url)
  printf '%s.%s\n' "$unsigned" "$(printf '%s' "$unsigned" | openssl dgst -sha256 -sign "$2" -binary | base64url)"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  application_jwt "$1" "$2"
fi
