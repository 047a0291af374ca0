/** English: files from browser to browser. */

export default {
  "files your id": "Your id",
  "files your id about": "Whoever has it can offer you files while this page is open.",
};
