/** The targets that ask for a page that is gone: without the slash at its end, and with the name of its file, too. */
export function targetsOf(path: string): readonly string[] {
  if (!path.endsWith("/")) return [path];
  return path === "/" ? [path, "/index.html"] : [path, path.slice(0, -1), `${path}index.html`];
}
