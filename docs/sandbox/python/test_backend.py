"""python3 -m unittest: the backend's callback handler against vnv sandbox. VNV names the binary."""
import json
import os
import subprocess
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from backend import Backend


# A carrier's chain sets cookies, as the phone's browser keeps them.
device = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())


def send(method, url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with device.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class TestBackend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = Backend()
        cls.base = "http://127.0.0.1:%d" % cls.app.server_address[1]
        threading.Thread(target=cls.app.serve_forever, daemon=True).start()
        command = [os.environ.get("VNV", "vnv"), "sandbox", "-q", "-o", "json", "--redirect-uri", cls.base + "/callback"]
        cls.sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        text = ""
        while not text.endswith("}\n"):  # one document, when every port answers
            text += cls.sandbox.stdout.readline() or "}\n"
        cls.far = json.loads(text)
        cls.app.settings = cls.far

    @classmethod
    def tearDownClass(cls):
        cls.sandbox.terminate()
        cls.sandbox.wait()
        cls.sandbox.stdout.close()
        cls.app.shutdown()
        cls.app.server_close()

    def control(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.far["control_token"], "Content-Type": "application/json"}
        status, text = send(method, self.far["control_url"] + path, body, headers)
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def open(self, phone):
        """Does what the phone does: begins, and follows the URL to the callback."""
        status, text = send("POST", self.base + "/start?phone=" + urllib.parse.quote(phone))
        return send("GET", text) if status == 200 else (status, text)

    def test_every_way(self):
        for name, phone, faults, want in [
            ("the device holds the number", "+99012345678", [], (200, "verified")),
            ("it does not", "+99012345677", [], (200, "not verified")),
            ("the number is not enabled", "+99012345678", ["allowlist"], (502, "try another way")),
            ("the user says no", "+99012345678", ["access-denied"], (422, "try another way")),
            ("somebody else's state", "+99012345678", ["wrong-state"], (403, "unknown state")),
            ("the code is refused", "+99012345678", ["token-invalid-grant"], (502, "try again")),
            ("an answer that decides nothing", "+99012345678", ["verify-string-flag"], (502, "try again")),
        ]:
            with self.subTest(name):
                self.control("PUT", "/v1/faults", {"faults": faults})
                self.assertEqual(self.open(phone), want)

    def test_duplicate_callback(self):
        self.control("POST", "/v1/reset")
        self.control("PUT", "/v1/faults", {"faults": ["duplicate-callback"]})
        self.open("+99012345678")
        entries = self.control("GET", "/v1/ledger")["entries"]
        self.assertEqual(len([e for e in entries if e["stage"] == "token"]), 1)


if __name__ == "__main__":
    unittest.main()
