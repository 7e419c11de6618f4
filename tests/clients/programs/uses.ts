// What a TypeScript program does with the generated types: must compile.
import type { components, paths } from "./api";

type Schemas = components["schemas"];
type Execute = paths["/execute"]["post"];
type Cancel = paths["/cancel"]["post"];

export const short: Execute["requestBody"]["content"]["application/json"] = { prompt: "Write a haiku" };
export const long: Schemas["ExecuteRequest"] = { ...short, job_id: "one", max_tokens: 80, stop: ["\n\n"], seed: null };

export const cancelled: Cancel["responses"][202]["content"]["application/json"] = { job_id: "one", status: "finished" };
export const unknownJob = (told: Cancel["responses"][404]["content"]["application/json"]): string =>
  `${told.code}: ${told.message}; ${told.hint ?? "no hint"}; again: ${told.retriable ? "yes" : "no"}`;

export const rest = (health: Schemas["Health"]): string => {
  switch (health.status) {
    case "loading":
    case "unhealthy":
      return "wait";
    case "healthy":
    case "draining":
      return `${health.model ?? "hidden from strangers"}: ${health.queue_depth ?? 0} wait`;
  }
};

// One type for each event of a stream.
type Events = { started: Schemas["Started"]; narration: Schemas["Narration"]; token: Schemas["Token"]; end: Schemas["End"] };
export const show: { [Name in keyof Events]: (data: Events[Name]) => string } = {
  started: ({ job_id, seed }) => `${job_id} from ${seed}`,
  narration: ({ event, formatted }) => `${String(event["human"])} ${formatted}`,
  token: ({ t, i }) => t.repeat(i),
  end: ({ stop_reason, stop_sequence_matched }) => stop_sequence_matched ?? stop_reason,
};
