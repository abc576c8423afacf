import { createEtaRenderer } from "../../../src/render/eta-renderer.ts";
import { TemplateError } from "../../../src/render/renderer.ts";
import { templateSetOf } from "./template-set-of.ts";

/** What a template gives for some props; further templates by name. */
export function renderOnce(
  source: string,
  props: Readonly<Record<string, unknown>> = {},
  others: Readonly<Record<string, string>> = {},
  name = "page",
): string {
  return createEtaRenderer(templateSetOf({ ...others, [name]: source })).render(name, props);
}

/** The TemplateError that something throws; fails if there is none. */
export function templateErrorOf(act: () => unknown): TemplateError {
  try {
    act();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error("expected a TemplateError, and nothing was thrown");
}
