"""A small backend that verifies phone numbers: POST /start?phone=+... answers with the URL that the
phone is to open; GET /callback is the registered redirect URI. The standard library alone: your own
backend has a library that signs JWTs, here `vnv jwt` does."""
import json
import os
import secrets
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"


class Backend(ThreadingHTTPServer):
    """settings: base_url, application_id, private_key (a path), redirect_uri."""

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.settings = {}
        self.begun = {}  # state -> phone

    def start(self, query):
        phone, state = query.get("phone"), secrets.token_urlsafe(32)
        answer = self.call("/v0.1/network-enablement", self.jwt(), {"phone_number": phone, "scopes": [SCOPE], "state": state})
        url = answer.get("scopes", {}).get(SCOPE, {}).get("auth_url")  # an error may stand inside a 200
        if not url:
            return 502, "try another way"
        self.begun[state] = phone
        return 200, url

    def callback(self, query):
        phone, code = self.begun.pop(query.get("state"), None), query.get("code")
        if not phone:
            return 403, "unknown state"
        if not code:
            return 422, "try another way"
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.settings["redirect_uri"]}
        token = self.call("/oauth2/token", self.jwt(), urllib.parse.urlencode(form))
        answer = self.call("/camara/number-verification/v031/verify", token["access_token"], {"phoneNumber": phone})
        verified = answer["devicePhoneNumberVerified"]
        if not isinstance(verified, bool):
            raise ValueError("no answer")
        return 200, "verified" if verified else "not verified"

    def call(self, path, bearer, body):
        kind = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Authorization": "Bearer " + bearer, "Content-Type": kind}
        request = urllib.request.Request(self.settings["base_url"] + path, data, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def jwt(self):
        s = self.settings
        command = [os.environ.get("VNV", "vnv"), "jwt", "--app-id", s["application_id"], "--private-key", s["private_key"], "--base-url", s["base_url"]]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Handler(BaseHTTPRequestHandler):
    def do(self, routes):
        url = urllib.parse.urlsplit(self.path)
        route = routes.get(url.path, lambda query: (404, "not here"))
        try:
            status, text = route(dict(urllib.parse.parse_qsl(url.query)))
        except (urllib.error.URLError, ValueError, KeyError, subprocess.CalledProcessError):
            status, text = 502, "try again"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.do({"/callback": self.server.callback})

    def do_POST(self):
        self.do({"/start": self.server.start})

    def log_message(self, *args):
        pass
