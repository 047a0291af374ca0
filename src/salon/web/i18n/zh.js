/** 中文。每个视图的文字各有一个文件，并以视图名开头。 */

import calls from "./zh/calls.js";
import chat from "./zh/chat.js";
import files from "./zh/files.js";
import frame from "./zh/frame.js";
import game from "./zh/game.js";
import inspector from "./zh/inspector.js";
import live from "./zh/live.js";
import monitor from "./zh/monitor.js";
import talk from "./zh/talk.js";
import voice from "./zh/voice.js";

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
