"""``salon serve``: the server, from the command line."""

from __future__ import annotations

import argparse
import sys
import threading
import webbrowser

from salon.app.config_load import Loaded, Override
from salon.app.models import read
from salon.app.server import Salon
from salon.cli.words import words

FLAGS = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "udp_port": ("server", "udp_port"),
    "workers": ("server", "workers"),
    "public_ip": ("server", "public_ip"),
}
CHAINS = {"asr": ("asr", "default"), "tts": ("tts", "default")}


def run(given: argparse.Namespace) -> int:
    overrides = [
        Override(path, getattr(given, name), "--" + name.replace("_", "-"))
        for name, path in FLAGS.items()
        if getattr(given, name) is not None
    ]
    overrides += [
        Override(path, [each.strip() for each in ",".join(getattr(given, name)).split(",")], f"--{name}")
        for name, path in CHAINS.items()
        if getattr(given, name)
    ]
    loaded = read(given.config, llm=given.llm, overrides=overrides)
    salon = Salon(config=loaded)
    # Who has set half of a key wonders why another model answers.
    half = salon.models.unusable() if not salon.models.source else ()
    for note in (*loaded.notes, *half):
        sys.stderr.write(words("failed", message=note) + "\n")

    def ready(urls: list[str]) -> None:
        print(words("ready", url=urls[0], facts=facts(salon, loaded)), flush=True)
        if given.open:
            # A browser in the terminal would hold up the server.
            threading.Thread(target=webbrowser.open, args=(urls[0],), daemon=True).start()

    return salon.run(ready)


def facts(salon: Salon, loaded: Loaded) -> str:
    """Which model answers, where that was said, and who may come in."""
    auth = loaded.config.auth
    models = salon.models
    if all(agent.llm for agent in salon.agents):
        model = words("model of agents", agents=", ".join(agent.name for agent in salon.agents))
    elif not models.source:
        model = words("demo")
    else:
        names = ", ".join(models.llm(name).name for name in models.default_names)
        model = words("model", model=names, source=models.source)
    if auth.api_keys:
        who = words("keys", count=len(auth.api_keys))
    else:
        who = words("tokens only") if auth.token_secrets else words("open")
    return f"{model}; {who}"
