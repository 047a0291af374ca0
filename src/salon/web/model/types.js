/**
 * What the page keeps and what the server tells it.
 *
 * @typedef {{ url: string, name: string, width: number, height: number }} Picture a `data:` address, PNG or JPEG
 *
 * @typedef {{ text: string, start_ms: number, end_ms: number, at: number }} Word `at` is its place in the text
 * How a message was spoken: `heard` milliseconds of it, `over` when nothing more is to be heard, `cut` where the rest never was.
 * @typedef {{ words: Word[], heard: number, over: boolean, cut: boolean }} Sound
 * @typedef {{ kind: "text", itemId: string, text: string, references: Reference[], sound?: Sound }} TextPart
 * @typedef {{ kind: "call", itemId: string, callId: string, name: string, arguments: string,
 *   output: string | null, outputId: string, state: "writing" | "running" | "done" | "failed" }} CallPart
 * @typedef {TextPart | CallPart} Part
 * @typedef {{ index: number, url: string, title: string }} Reference
 *
 * What a person said. `id` is also the item's id at the server. `spoken`: aloud; `partial` while it is still being understood.
 * @typedef {{ kind: "question", id: string, at: number, text: string, pictures: Picture[], spoken?: boolean, partial?: boolean }} Question
 *
 * What was answered. `waiting`: asked for, nothing heard yet. `cut`: the server forgot it while it was being written.
 * @typedef {"waiting" | "running" | "done" | "stopped" | "cut" | "incomplete" | "failed"} AnswerStatus
 * @typedef {{ code: string, message: string }} Problem
 * @typedef {{ model: string, firstMs: number | null, durationMs: number | null, input: number, output: number }} Figures
 * @typedef {{ kind: "answer", id: string, at: number, status: AnswerStatus, responseId: string, reasoning: string,
 *   parts: Part[], figures: Figures | null, problem: Problem | null, waterfall?: Record<string, number> | null }} Answer
 * @typedef {Question | Answer} Entry
 *
 * What the server has of a conversation, as far as the page knows: it is saved together with the entries, so that after a
 * reload both go on from the same event. `known` are the ids of items there, `cuts` those that it must still delete.
 * @typedef {{ token: string, lastEventId: string, known: string[], cuts: string[] }} ServerSide
 *
 * @typedef {"" | "none" | "minimal" | "low" | "medium" | "high" | "xhigh"} Effort empty: as the agent says
 * @typedef {{ instructions: string, effort: Effort, search: boolean | null }} Settings null: as the agent says
 *
 * @typedef {{ id: string, title: string, named: boolean, created: number, updated: number, model: string, settings: Settings,
 *   draft: string, server: ServerSide | null, deleted: number, count: number }} Meta
 *
 * @typedef {Record<string, string>} Words by language
 * @typedef {{ name: string, title: Words, description: Words, welcome: Words, llm: string, vision: boolean, voices: string[], tools: string[],
 *   suggestions: Record<string, string[]> }} Agent
 * @typedef {{ name: string, title: string, images: boolean }} Model
 * @typedef {{ version: string, name: string, auth: "open" | "key", agents: Agent[], models: Model[], default_agent: string,
 *   demo: boolean, limits: { max_frame_bytes: number } }} Config
 */

export {};
