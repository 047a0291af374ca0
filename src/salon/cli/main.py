"""The command ``salon``: what it understands. Each command's work is in the module of its name."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 pip asks this too, but not of who runs a checkout
    sys.exit("salon: Salon needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info[:2]))

import argparse
import importlib
import os
from collections.abc import Sequence

from salon import __version__
from salon.base.errors import SalonError
from salon.cli.words import words

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 + SIGPIPE


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    top = argparse.ArgumentParser(
        prog="salon",
        description="One server where people and language models talk.",
        epilog=words("epilog"),
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"salon {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _serve(commands)
    _say(commands)
    _chat(commands)
    _feed(commands)
    _check(commands)
    _token(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The exit code: 0, 1 for a failure that was told, 2 for a wrong command line, 130 after Ctrl-C."""
    given = parser().parse_args(arguments)
    try:
        # Only the one command is imported: `salon token` need not wait for a web server.
        return int(importlib.import_module(f"salon.cli.{given.command}").run(given))
    except SalonError as error:
        for line in error.message.split("\n"):
            sys.stderr.write(words("failed", message=line) + "\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(words("interrupted") + "\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough. What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


Commands = argparse._SubParsersAction  # the type has no public name


def _add(commands: Commands[argparse.ArgumentParser], name: str, about: str, more: str = "") -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}. {more}".strip(),
        allow_abbrev=False,
    )


def _config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", metavar="FILE", help="configuration file (default: SALON_CONFIG, else ./salon.toml)"
    )


def _serve(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands, "serve", "start the server", "It listens on this machine only, unless --host says otherwise."
    )
    command.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, metavar="PORT", help="TCP port (default: 8000; 0 takes a free one)")
    command.add_argument("--udp-port", type=int, metavar="PORT", help="UDP port for audio and video")
    command.add_argument(
        "--workers", type=int, metavar="N", help="processes for audio and video, a UDP port each (default: 1)"
    )
    command.add_argument("--public-ip", metavar="IP", help="address of this machine from outside")
    _config(command)
    command.add_argument(
        "--llm", action="append", metavar="NAME", help="language model, as house:model; give it again to fall back"
    )
    command.add_argument("--asr", metavar="NAME", action="append", help="speech recognition, as --llm")
    command.add_argument("--tts", metavar="NAME", action="append", help="speech synthesis, as --llm")
    command.add_argument("--open", action="store_true", help="open the page in a browser when the server is ready")


def _say(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(commands, "say", "ask a model once and print its answer as it comes")
    command.add_argument(
        "text", nargs="*", metavar="TEXT", help="the question; what is piped in takes the place of a - or of nothing"
    )
    command.add_argument(
        "--llm", action="append", metavar="NAME", help="model, as house:model; give it again to fall back"
    )
    command.add_argument("--system", metavar="TEXT", help="instructions for the model")
    command.add_argument("--image", action="append", default=[], metavar="FILE", help="picture to show it (PNG, JPEG)")
    command.add_argument("--thinking", action="store_true", help="let it think, and show its thoughts on stderr")
    command.add_argument(
        "--json", action="store_true", help="print one JSON object for each piece, then one for the whole"
    )
    _config(command)


def _chat(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(commands, "chat", "talk with an agent in the terminal")
    command.add_argument("--agent", metavar="NAME", help="agent from the configuration (default: the first)")
    command.add_argument("--llm", action="append", metavar="NAME", help="model in place of the agent's own")
    _config(command)


def _feed(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands,
        "feed",
        "feed a room of a running server with live values",
        "The newest of each key is what readers get. It connects again by itself, and then tells everything anew.",
    )
    command.add_argument(
        "source",
        choices=("market", "machine", "-"),
        metavar="SOURCE",
        help="market: a simulated one; machine: this machine's processors, memory, network and disks; "
        '-: lines of JSON from stdin, {"key": …, "value": …}',
    )
    command.add_argument(
        "--url", default="http://127.0.0.1:8000", metavar="URL", help="the server (default: %(default)s)"
    )
    command.add_argument("--room", default="", metavar="NAME", help="room to feed (default: the name of the source)")
    command.add_argument("--topic", default="feed", metavar="NAME", help="its topic (default: feed)")
    command.add_argument(
        "--token", default="", metavar="TOKEN", help="token or API key (default: SALON_TOKEN, else SALON_API_KEY)"
    )
    command.add_argument(
        "--rate",
        type=float,
        metavar="N",
        help="beats a second (default: 10; machine: 1); between two the newest is kept",
    )
    command.add_argument("--symbols", type=int, default=2000, metavar="N", help="symbols of the market (default: 2000)")


def _check(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands,
        "check",
        "try the configuration, the port, the relays, every configured model, and speech",
        "Says what is wrong and what to do.",
    )
    command.add_argument("--llm", action="append", metavar="NAME", help="try only these models")
    command.add_argument("--asr", action="append", metavar="NAME", help="try only these recognisers of speech")
    command.add_argument("--tts", action="append", metavar="NAME", help="try only these synthesisers of speech")
    command.add_argument("--json", action="store_true", help="print one JSON object for each step")
    _config(command)


def _token(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands,
        "token",
        "make a token for a client, or an API key",
        "A token is signed with the first of [auth] token_secrets.",
    )
    command.add_argument("--key", action="store_true", help="make an API key instead, and say how to use it")
    command.add_argument("--sub", default="", metavar="NAME", help="the user it is for")
    command.add_argument(
        "--ttl", default="1h", metavar="TIME", help="how long it is good for: 90s, 15m, 1h, 30d (default: 1h)"
    )
    command.add_argument(
        "--agent", action="append", default=[], metavar="NAME", help="agent it may talk with (default: all)"
    )
    command.add_argument("--peer", default="", metavar="ID", help="id by which it can be called (default: the user)")
    command.add_argument(
        "--room",
        action="append",
        default=[],
        metavar="NAME",
        help="room it may take part in; * is any run of characters",
    )
    command.add_argument("--admin", action="store_true", help="let it use the admin surface too")
    _config(command)


if __name__ == "__main__":
    sys.exit(main())
