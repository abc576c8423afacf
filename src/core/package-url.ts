/** The folder of rekiln itself, as it is installed: beside `lib/` when compiled, else the project's. */
export const PACKAGE_URL = new URL(import.meta.url.endsWith(".js") ? "../../../" : "../../", import.meta.url);
