#!/usr/bin/env bash
# The flow as the vendor's guide shows it: openssl for the JWT, curl for the
# rest. Nobody listens at the redirect URI: the code is taken from the last URL
# that curl was sent to.
#
#   guide.sh BASE_URL APPLICATION_ID KEY_FILE REDIRECT_URI PHONE
set -euo pipefail
base=$1 application=$2 key=$3 redirect=$4 phone=$5
# shellcheck source=jwt.sh
source "${BASH_SOURCE[0]%/*}/jwt.sh"

scope='dpv:FraudPreventionAndDetection#number-verification-verify-read'
state=$(openssl rand -hex 32)
jwt=$(application_jwt "$application" "$key")

# member NAME: the text of that name in the JSON on stdin.
member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | sed 's/\\u0026/\&/g'; }

auth_url=$(curl -sS --fail-with-body "$base/v0.1/network-enablement" -H "Authorization: Bearer $jwt" \
  --json "{\"phone_number\":\"$phone\",\"scopes\":[\"$scope\"],\"state\":\"$state\"}" | member auth_url)

# -b '' makes curl keep cookies; the last hop is refused, which is no fault here.
last=$(curl -sL -b '' --max-redirs 10 -o /dev/null -w '%{url_effective}' "$auth_url") || true
case $last in
  "$redirect"*"state=$state"*) code=${last#*code=} code=${code%%&*} ;;
  *) echo "guide.sh: the chain did not end at $redirect with our state" >&2; exit 1 ;;
esac

token=$(curl -sS --fail-with-body "$base/oauth2/token" -H "Authorization: Bearer $jwt" \
  -d grant_type=authorization_code -d "code=$code" --data-urlencode "redirect_uri=$redirect" | member access_token)

answer=$(curl -sS --fail-with-body "$base/camara/number-verification/v031/verify" \
  -H "Authorization: Bearer $token" --json "{\"phoneNumber\":\"$phone\"}")
case $answer in
  *devicePhoneNumberVerified*true*) echo 'verified: true' ;;
  *devicePhoneNumberVerified*false*) echo 'verified: false' ;;
  *) echo "guide.sh: $answer" >&2; exit 1 ;;
esac
