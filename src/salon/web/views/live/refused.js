/** Why a broadcast or its viewer is not let in, in words. */

import { t } from "../../i18n/i18n.js";

/** @param {import("../../live/refusal.js").Refusal | null} refusal */
export function refusalText(refusal) {
  switch (refusal?.code) {
    case "replaced":
      return t("live replaced");
    case "broadcast_taken":
      return t("live taken");
    case "insufficient_permissions":
      return t("live not allowed");
    case "invalid_api_key":
    case "invalid_token":
    case "token_expired":
      return t("live key");
  }
  return refusal ? refusal.message : "";
}
