/** What the widget says. It stands in other people's pages, so it brings its own words and touches nothing of theirs. */

const WORDS = {
  en: {
    title: "Customer service",
    open: "Open customer service",
    close: "Close",
    greeting: "Hello! What can we do for you?",
    write: "Write a message",
    send: "Send",
    person: "Talk to a person",
    asked: "Somebody will be with you soon.",
    unattended: "Nobody is here just now. What you write is kept; the answer will be here when you come back.",
    typing: "is typing …",
    offline: "No connection. What you write is sent when it is back.",
    unavailable: "Customer service cannot be reached just now.",
    again: "Try again",
    rate: "How was it?",
    stars: "{stars} of 5",
    thanks: "Thank you!",
    sending: "sending …",
    stop: "Stop",
    "handed over": "You are being handed over to a person.",
    taken: "{name} is here now.",
    transferred: "{name} goes on from here.",
    closed: "{name} has closed the conversation.",
  },
  zh: {
    title: "在线客服",
    open: "打开在线客服",
    close: "关闭",
    greeting: "您好！请问有什么可以帮您？",
    write: "输入消息",
    send: "发送",
    person: "转人工",
    asked: "很快会有人来为您服务。",
    unattended: "现在没有客服在线。您写的内容会保留，回复会显示在这里。",
    typing: "正在输入……",
    offline: "连接已断开。您写的内容会在恢复后发送。",
    unavailable: "客服暂时无法连接。",
    again: "重试",
    rate: "请为本次服务评分",
    stars: "{stars} 星（共 5 星）",
    thanks: "谢谢！",
    sending: "发送中……",
    stop: "停止",
    "handed over": "正在为您转接人工。",
    taken: "{name} 已接入。",
    transferred: "接下来由 {name} 为您服务。",
    closed: "{name} 已结束会话。",
  },
};

/** @typedef {keyof typeof WORDS.en} Word */
/** @typedef {(word: Word, values?: Record<string, string | number>) => string} Say */

/** @param {string} language `en`, `zh` or, empty, the browser's @returns {{ say: Say, lang: string }} */
export function speaker(language) {
  const lang = (language || navigator.language).toLowerCase().startsWith("zh") ? "zh" : "en";
  const words = WORDS[lang];
  return {
    lang: lang === "zh" ? "zh-CN" : "en",
    say: (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)),
  };
}

/** @param {string} word @returns {word is Word} */
export function isWord(word) {
  return Object.hasOwn(WORDS.en, word);
}
