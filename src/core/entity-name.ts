/** An entity by type and id. */
export interface EntityName {
  readonly type: string;
  readonly id: string;
}

/** `film:42`. A type's name holds no colon; an id may. */
export function formatEntityName({ type, id }: EntityName): string {
  return `${type}:${id}`;
}

/** Undefined when the text names no entity: no type in front of a colon, or half a character in it. */
export function parseEntityName(text: string): EntityName | undefined {
  const end = text.indexOf(":");
  if (end < 1 || !text.isWellFormed()) return undefined;
  return { type: text.slice(0, end), id: text.slice(end + 1) };
}
