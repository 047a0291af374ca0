"""What ``salon check`` says, in Chinese. The steps come from every house in English, as errors do everywhere; here is the same
for who reads Chinese. What has no Chinese stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from salon.cli.check_sentences import SENTENCES

# What a vendor said stays in its own words: "(iFlytek 11200: licc failed, sid …)".
_SEEN = re.compile(r"(?s)(.*?)( \((?:iFlytek|Volcengine|HTTP) ?\d.*\)[.:]?.*)?")

NAMES: Mapping[str, str] = {
    "configuration": "配置",
    "server": "服务器",
    "rooms": "房间",
    "speech": "语音",
    "file": "文件",
    "content": "内容",
    "environment": "环境变量",
    "access": "访问",
    "port": "端口",
    "UDP port": "UDP 端口",
    "clock": "时钟",
    "settings": "设置",
    "built in": "内置",
    "proxy": "代理",
    "name": "域名",
    "dns": "域名",
    "tcp": "TCP",
    "tls": "TLS",
    "auth": "鉴权",
    "model": "模型",
    "first token": "首个词",
    "hear": "识别",
    "speak": "合成",
    "load": "加载",
    "judge": "判断",
    "reach": "连通",
    "address": "地址",
    "relay": "中继",
}


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL)


_EXACT = {english: chinese for english, chinese in SENTENCES if "{}" not in english}
# The one with the most words of its own fits best.
_TEMPLATES = [
    (_pattern(english), chinese)
    for english, chinese in sorted(SENTENCES, key=lambda each: -len(each[0]))
    if "{}" in english
]


def name(english: str) -> str:
    """Of a step or of what it is about; a chain puts the house before it."""
    house, space, last = english.rpartition(" ")
    return NAMES.get(english) or (f"{house}{space}{NAMES[last]}" if last in NAMES else english)


def sentence(english: str) -> str:
    """With what the vendor said behind it, if it said something."""
    found = _SEEN.fullmatch(english)
    said, seen = (found[1], found[2] or "") if found is not None else (english, "")
    return _sentence(said) + seen if seen else _sentence(english)


def _sentence(english: str) -> str:
    if english in _EXACT:
        return _EXACT[english]
    for pattern, chinese in _TEMPLATES:
        if found := pattern.fullmatch(english):
            return chinese.format(*found.groups())
    return english
