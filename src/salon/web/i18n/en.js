/** English. Each view has its words in a file of its own, and they begin with the view's name. */

import calls from "./en/calls.js";
import chat from "./en/chat.js";
import files from "./en/files.js";
import frame from "./en/frame.js";
import game from "./en/game.js";
import inspector from "./en/inspector.js";
import live from "./en/live.js";
import monitor from "./en/monitor.js";
import talk from "./en/talk.js";
import voice from "./en/voice.js";

export default {
  ...frame,
  ...inspector,
  ...calls,
  ...chat,
  ...files,
  ...game,
  ...live,
  ...monitor,
  ...talk,
  ...voice,
};
