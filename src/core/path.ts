/** Where a page answers: decoded NFC text that the path grammar accepts, e.g. `/films/alien/` or `/feed.xml`. */
export type SitePath = string & { readonly __sitePath: never };

/** Where a page is stored, relative to the store's root: `films/alien/index.html`, `feed.xml`. */
export type ObjectKey = string & { readonly __objectKey: never };
