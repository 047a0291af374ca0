"""sparkapi-python, on the second WebSocket stack. Arguments: URL, URL of images, a PNG file. Prints a JSON object."""

import json
import sys
import traceback

import sparkapi
from sparkapi.core.chat.api import SparkAPI
from sparkapi.core.image_understanding.api import SparkAPI as ImageAPI

URL, IMAGE_URL, PICTURE = sys.argv[1:]

# The only way to another host is the package's own table of models.
sparkapi.MODELS["v3.5"]["url"] = URL
sparkapi.MODELS["image_understanding"]["url"] = IMAGE_URL


def api(secret="door-secret"):
    return SparkAPI(app_id="app", api_key="door-key", api_secret=secret, api_model="v3.5")


def stream():
    return list(api().get_completion("hello"))


def history():
    lines = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "history"},
    ]
    return "".join(api().get_completion_from_messages(lines))


def wrong_secret():
    return list(api("wrong").get_completion("hello"))


def image():
    pictures = ImageAPI(app_id="app", api_key="door-key", api_secret="door-secret", api_model="image_understanding")
    return "".join(pictures.get_completion(PICTURE, "picture"))


seen = {}
for scenario in (stream, history, wrong_secret, image):
    try:
        seen[scenario.__name__] = scenario()
    except Exception as error:
        seen[scenario.__name__] = {"error": type(error).__name__, "message": str(error)}
        traceback.print_exc()
print(json.dumps(seen))
