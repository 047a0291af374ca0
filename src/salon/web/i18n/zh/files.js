/** 中文：浏览器之间传文件。 */

export default {
  "files your id": "您的号码",
  "files your id about": "本页面打开时，知道此号码的人可以向您发送文件。",
};
