/** 中文。每个视图的文字各有一个文件，并以视图名开头。 */

import calls from "./zh/calls.js";
import chat from "./zh/chat.js";
import files from "./zh/files.js";
import frame from "./zh/frame.js";
import inspector from "./zh/inspector.js";
import live from "./zh/live.js";
import talk from "./zh/talk.js";

export default { ...frame, ...talk, ...inspector, ...calls, ...files, ...chat, ...live };
