import { InvalidArgumentError } from "commander";

import { parseEntityName } from "../core/entity-name.ts";
import type { EntityName } from "../core/entity-name.ts";

/** Reads `film:42`; what stands behind the first colon is the id, with any further ones. */
export function entityArgument(text: string): EntityName {
  const name = parseEntityName(text);
  if (name === undefined) throw new InvalidArgumentError("Name an entity by type and id, like film:42.");
  return name;
}

/** The same, of several arguments. */
export function entityArguments(text: string, before: readonly EntityName[] = []): readonly EntityName[] {
  return [...before, entityArgument(text)];
}
