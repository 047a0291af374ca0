"""Houses that speak OpenAI Chat Completions: one row of data each, one model class for all.

May not happen here: a test for a house's name. What differs is in ``profiles``.
"""

from salon.providers.openai.house import ChatHouse
from salon.providers.openai.profiles import ARK, DEEPSEEK, OLLAMA, OPENAI, QWEN, SPARK_HTTP, VLLM
from salon.providers.openai.speech_house import AudioHouse, LocalSpeechHouse

openai = AudioHouse(OPENAI)
local_speech = LocalSpeechHouse()
deepseek = ChatHouse(DEEPSEEK)
qwen = ChatHouse(QWEN)
ark = ChatHouse(ARK)
ollama = ChatHouse(OLLAMA)
vllm = ChatHouse(VLLM)
spark_http = ChatHouse(SPARK_HTTP)

__all__ = ["ark", "deepseek", "local_speech", "ollama", "openai", "qwen", "spark_http", "vllm"]
