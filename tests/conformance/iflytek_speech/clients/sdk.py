"""iFlytek's own SDKs at a server that is to speak their protocols: ``sdk.py URL WAV_AS_PCM``. Prints one JSON object."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

from xfyunsdkspark.oral_client import OralClient
from xfyunsdkspark.spark_iat_client import SparkIatClient, SparkIatModel
from xfyunsdkspeech.iat_client import IatClient
from xfyunsdkspeech.tts_client import TtsClient

KEYS = {"app_id": "testapp1", "api_key": "test-api-key", "api_secret": "test-api-secret"}


def attempt(work: Any) -> Any:
    try:
        return work()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    url, pcm = sys.argv[1], Path(sys.argv[2]).read_bytes()

    def iat(keys: dict[str, str]) -> list[Any]:
        client = IatClient(**keys, host_url=f"{url}/v2/iat", dwa="wpgs")
        return [each["result"] for each in client.stream(io.BytesIO(pcm)) if "result" in each]

    def spark_iat() -> list[Any]:
        client = SparkIatClient(**KEYS, iat_model_enum=SparkIatModel.ZH_CN_MANDARIN, host_url=f"{url}/v1", dwa="wpgs")
        return [json.loads(base64.b64decode(each["result"]["text"])) for each in client.stream(io.BytesIO(pcm))]

    def tts() -> list[Any]:
        client = TtsClient(**KEYS, host_url=f"{url}/v2/tts", aue="raw", vcn="xiaoyan")
        return [each["audio"] for each in client.stream("你好，world")]

    def oral() -> list[Any]:
        client = OralClient(**KEYS, host_url=f"{url}/v1/private/mcd9m97e6", encoding="raw")
        return [each["audio"]["audio"] for each in client.stream("你好，world")]

    seen = {
        "iat": attempt(lambda: iat(KEYS)),
        "spark_iat": attempt(spark_iat),
        "tts": attempt(tts),
        "oral": attempt(oral),
        "wrong secret": attempt(lambda: iat({**KEYS, "api_secret": "wrong"})),
        "wrong app": attempt(lambda: iat({**KEYS, "app_id": "other"})),
    }
    print("SEEN" + json.dumps(seen, ensure_ascii=False))


main()
