"""What the command line says, in English and, where the locale asks for it, in Chinese."""

from __future__ import annotations

import os
from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "ready": ("Salon is ready: {url}  ({facts})", "Salon 已就绪：{url}  （{facts}）"),
    "model": ("model: {model}, from {source}", "模型：{model}，来自 {source}"),
    "model of agents": ("agents: {agents}, each with its own model", "智能体：{agents}，各有自己的模型"),
    "demo": (
        "model: demo, built in, no key needed; set SPARK_* or OPENAI_API_KEY for a real one",
        "模型：demo，内置，无需密钥；设置 SPARK_* 或 OPENAI_API_KEY 即可使用真实模型",
    ),
    "open": ("no key: this machine only", "无密钥：仅限本机"),
    "keys": ("API keys: {count}", "API 密钥：{count} 个"),
    "tokens only": ("tokens only", "仅限令牌"),
    "failed": ("salon: {message}", "salon：{message}"),
    "interrupted": ("salon: interrupted", "salon：已中断"),
    "nothing to say": (
        "salon say: nothing to say: give a TEXT, or pipe one in.",
        "salon say：没有内容：请给出 TEXT，或通过管道输入。",
    ),
    "bad image": ("{file} is not a PNG or JPEG picture.", "{file} 不是 PNG 或 JPEG 图片。"),
    "no image": ("{model} does not take pictures.", "{model} 不支持图片。"),
    "chat hello": (
        "{agent} by {model}. /help lists the commands, Ctrl-D ends.",
        "{agent}（{model}）。/help 列出命令，Ctrl-D 结束。",
    ),
    "chat help": (
        "/new           start over\n"
        "/model [NAME]  show or change the model\n"
        "/save FILE     write the conversation to a file, as Markdown\n"
        "/quit          end (or Ctrl-D)\n"
        "A \\ at the end of a line continues it on the next. Ctrl-C stops the answer.",
        "/new           重新开始\n"
        "/model [NAME]  显示或更换模型\n"
        "/save FILE     将对话保存为 Markdown 文件\n"
        "/quit          结束（或 Ctrl-D）\n"
        "行尾的 \\ 表示下一行继续。Ctrl-C 停止当前回答。",
    ),
    "chat new": ("A new conversation.", "新的对话。"),
    "chat model": ("The model is {model}.", "当前模型：{model}。"),
    "chat saved": ("Saved to {file}.", "已保存到 {file}。"),
    "chat save where": ("Say where: /save FILE", "请指定文件：/save FILE"),
    "chat unknown": (
        "There is no {command}{hint} /help lists the commands.",
        "没有命令 {command}{hint} /help 列出命令。",
    ),
    "feed connected": ("salon feed: {why}", "salon feed：{why}"),
    "feed lost": ("salon feed: not connected ({why}); trying again", "salon feed：未连接（{why}）；正在重试"),
    "feed done": ("salon feed: {count} values told", "salon feed：已发送 {count} 个值"),
    "feed line": ("salon feed: line {line} is left out: {why}", "salon feed：第 {line} 行已跳过：{why}"),
    "feed room": ("say which room: salon feed - --room NAME", "请指定房间：salon feed - --room NAME"),
    "feed rate": ("--rate is 0.01 to 100 beats a second", "--rate 应为每秒 0.01 至 100 次"),
    "feed symbols": ("--symbols is 1 to 10000", "--symbols 应为 1 至 10000"),
    "stopped": ("stopped", "已停止"),
    "check all well": ("All is well.", "一切正常。"),
    "check failed": ("{count} of these failed; the lines with → say what to do.", "{count} 项失败；→ 后为处理办法。"),
    "epilog": (
        "Documentation: docs/ in the source, and --help of each command.",
        "文档：源码中的 docs/，以及各命令的 --help。",
    ),
}


def chinese(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale is Chinese. POSIX: LC_ALL goes before LC_MESSAGES before LANG."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return locale.lower().startswith("zh")


def words(key: str, /, **values: object) -> str:
    """The sentence of that key, filled in."""
    return WORDS[key][chinese()].format(**values)
