"""What tutorials teach: a class around websocket-client's WebSocketApp and run_forever. Arguments: URL. Prints JSON."""

import base64
import hashlib
import hmac
import json
import ssl
import sys
import traceback
from datetime import datetime
from time import mktime
from urllib.parse import urlencode, urlparse
from wsgiref.handlers import format_date_time

import websocket

URL = sys.argv[1]


class Spark:
    def __init__(self, secret="door-secret", url=URL):
        self.app_id, self.api_key, self.api_secret, self.url = "app", "door-key", secret, url
        self.frames, self.errors, self.closed = [], [], None

    def signed_url(self):
        parts = urlparse(self.url)
        date = format_date_time(mktime(datetime.now().timetuple()))
        signed = f"host: {parts.netloc}\ndate: {date}\nGET {parts.path} HTTP/1.1"
        digest = hmac.new(self.api_secret.encode(), signed.encode(), hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        origin = (
            f'api_key="{self.api_key}", algorithm="hmac-sha256", headers="host date request-line", '
            f'signature="{signature}"'
        )
        authorization = base64.b64encode(origin.encode()).decode()
        return self.url + "?" + urlencode({"authorization": authorization, "date": date, "host": parts.netloc})

    def ask(self, text, domain="generalv3.5"):
        self.question = {
            "header": {"app_id": self.app_id, "uid": "1234"},
            "parameter": {"chat": {"domain": domain, "temperature": 0.5, "max_tokens": 4096, "auditing": "default"}},
            "payload": {"message": {"text": [{"role": "user", "content": text}]}},
        }
        app = websocket.WebSocketApp(
            self.signed_url(),
            on_open=self.on_open,
            on_message=self.on_message,
            on_error=self.on_error,
            on_close=self.on_close,
        )
        app.run_forever(sslopt={"cert_reqs": ssl.CERT_NONE})
        return self

    def on_open(self, app):
        app.send(json.dumps(self.question))

    def on_message(self, app, message):
        frame = json.loads(message)
        self.frames.append(frame)
        if frame["header"]["code"] != 0 or frame["payload"]["choices"]["status"] == 2:
            app.close()

    def on_error(self, app, error):
        self.errors.append(str(error))

    def on_close(self, app, code, reason):
        self.closed = [code, reason]

    def seen(self):
        return {"frames": self.frames, "errors": self.errors, "closed": self.closed}


class Patient(Spark):
    """Leaves the closing to the server."""

    def on_message(self, app, message):
        self.frames.append(json.loads(message))


def stream():
    return Spark().ask("hello").seen()


def server_closes():
    return Patient().ask("hello").seen()


def reasoning():
    return Spark().ask("think").seen()


def limited():
    return Spark().ask("limited").seen()


def wrong_secret():
    return Spark("wrong").ask("hello").seen()


def no_authorization():
    return Spark().ask("hello", domain="nothing").seen()


seen = {}
for scenario in (stream, server_closes, reasoning, limited, wrong_secret, no_authorization):
    try:
        seen[scenario.__name__] = scenario()
    except Exception as error:
        seen[scenario.__name__] = {"error": type(error).__name__, "message": str(error)}
        traceback.print_exc()
print(json.dumps(seen))
