function foldRun(text: string): string {
  // Lower case first turns the capital sharp s into the small one, which upper case then spells "SS".
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

// oxlint-disable-next-line no-control-regex -- all of ASCII is what it looks for
const ASCII = /^[\u0000-\u007F]*$/;

/**
 * Full case folding with canonical equivalence (Unicode, D145): two texts fold to one string when they are equal but
 * for case and normal form. JavaScript has no case folding; lower, upper and lower case again has its equivalence
 * classes for every code point once final sigma is undone and dotless i, which folds to itself, is left alone.
 */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFD").split("ı").map(foldRun).join("ı").normalize("NFC");
}
