// What the generated types must refuse: each line that ends with a number of tsc must fail with just that.
import type { components, paths } from "./api";

type Schemas = components["schemas"];

export const noJob: Schemas["CancelRequest"] = {}; // TS2741
export const words: Schemas["ExecuteRequest"] = { prompt: "a", max_tokens: "many" }; // TS2322
export const unknown: Schemas["ExecuteRequest"] = { prompt: "a", colour: "red" }; // TS2353
export const status: Schemas["Health"]["status"] = "fine"; // TS2322
export const always = (told: Schemas["Error"]): string | null => told.hint; // TS2322
export const ended: Schemas["End"]["stop_reason"] = "tired"; // TS2322
export type Nowhere = paths["/nowhere"]; // TS2339
export const never = (told: Schemas["Narration"]): number => told.event["human"]; // TS2322
